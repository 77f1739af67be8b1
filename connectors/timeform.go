package connectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var patterns = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15", "mm", "04", "ss", "05", "SSS", "000", "XXX", "-07:00", "'T'", "T", "'Z'", "Z")

// layout is Go's form of a pattern; "" for the forms that are no patterns.
func layout(format string) (string, error) {
	switch format {
	case "rfc3339", "epoch_s", "epoch_ms":
		return "", nil
	}
	if !strings.Contains(format, "yyyy") {
		return "", errors.New("no year in it")
	}
	out := patterns.Replace(format)
	if strings.ContainsAny(out, "yMdHmsSX'") {
		return "", errors.New("letters that mean nothing")
	}
	return out, nil
}

// TimeForm is how a source writes times: rfc3339, epoch_s, epoch_ms or a pattern such as yyyy-MM-dd HH:mm:ss.
type TimeForm struct {
	Format string
	Zone   *time.Location // of times that carry none
}

// Valid reports whether there is such a form.
func (f TimeForm) Valid() bool {
	_, err := layout(f.Format)
	return err == nil
}

// Write gives a time the source's form; zero is no time.
func (f TimeForm) Write(t time.Time) any {
	if t.IsZero() {
		return ""
	}
	switch f.Format {
	case "rfc3339":
		return t.UTC().Format(time.RFC3339)
	case "epoch_s":
		return json.Number(strconv.FormatInt(t.Unix(), 10))
	case "epoch_ms":
		return json.Number(strconv.FormatInt(t.UnixMilli(), 10))
	}
	pattern, err := layout(f.Format)
	if err != nil {
		return ""
	}
	return t.In(f.Zone).Format(pattern)
}

// Read reads a time as the source wrote it.
func (f TimeForm) Read(text string) (time.Time, error) {
	switch f.Format {
	case "epoch_s", "epoch_ms":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return time.Time{}, fmt.Errorf("%q is no %s", text, f.Format)
		}
		if f.Format == "epoch_s" {
			return time.Unix(n, 0).UTC(), nil
		}
		return time.UnixMilli(n).UTC(), nil
	case "rfc3339":
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} { // each takes a fraction too
			if t, err := time.ParseInLocation(form, text, f.Zone); err == nil {
				return t.UTC(), nil
			}
		}
		return time.Time{}, fmt.Errorf("%q is no time", text)
	}
	pattern, err := layout(f.Format)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.ParseInLocation(pattern, text, f.Zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not written as %s", text, f.Format)
	}
	return t.UTC(), nil
}
