package webhook

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/internal/errs"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)

// Terms are what the hub keeps to when it receives.
func (s *Source) Terms() connectors.Terms {
	status := http.StatusAccepted
	if s.settings.PlainOK {
		status = http.StatusOK
	}
	return connectors.Terms{MaxBody: s.settings.MaxBody, Waiting: s.settings.MaxWaiting, Remember: s.settings.Remember, Status: status, Answer: s.settings.Answer}
}

// Judge decides about what a sender posted.
func (s *Source) Judge(p connectors.Posted) (connectors.Accepted, error) {
	signed, err := s.settings.verify(p)
	if err != nil {
		return connectors.Accepted{}, err
	}
	k := kindOf(p.Header.Get("Content-Type"))
	if packed := p.Header.Get("Content-Encoding"); k == unknownKind || packed != "" && packed != "identity" {
		return connectors.Accepted{}, errs.New(errs.Invalid, "webhook.media_type", nil)
	}
	text := s.settings.text(k, p.Body)
	items := itemsOf(k, text)
	if len(items) == 0 {
		return connectors.Accepted{}, errs.New(errs.Invalid, "webhook.empty", nil)
	}
	out, err := s.settings.route(p, items)
	out.Marks = s.settings.marks(p, signed, items)
	return out, err
}

// route finds the streams of a delivery: one for the whole by address or header, else one for each item by a field.
func (s Settings) route(p connectors.Posted, items []item) (connectors.Accepted, error) {
	switch {
	case p.Path != "":
		if _, ok := s.Streams[p.Path]; !ok {
			return connectors.Accepted{}, s.noStream(p.Path)
		}
		return connectors.Accepted{Streams: []string{p.Path}}, nil
	case s.StreamHead != "" && p.Header.Get(s.StreamHead) != "":
		return s.choose([]string{p.Header.Get(s.StreamHead)}, false)
	case s.StreamField != "":
		return s.byField(items)
	case len(s.Streams) == 1:
		return connectors.Accepted{Streams: slices.Collect(maps.Keys(s.Streams))}, nil
	}
	return connectors.Accepted{}, s.noStream("")
}

// byField finds the streams of single items. One that could not be read goes with the others; a delivery of such alone
// belongs to nobody.
func (s Settings) byField(items []item) (connectors.Accepted, error) {
	var values []string
	for _, it := range items {
		if it.why == nil {
			values = append(values, connectors.Scalar(connectors.Pick(it.fields, s.StreamField)))
		}
	}
	if len(values) == 0 {
		return connectors.Accepted{}, errs.New(errs.Invalid, "webhook.body", errs.Args{"why": items[0].why.Error()})
	}
	return s.choose(values, true)
}

func (s Settings) choose(values []string, split bool) (connectors.Accepted, error) {
	out := connectors.Accepted{Split: split}
	for _, value := range values {
		switch name := s.streamFor(value); {
		case name == "" && fits(s.Ignore, value):
		case name == "":
			return connectors.Accepted{}, s.noStream(value)
		case !slices.Contains(out.Streams, name):
			out.Streams = append(out.Streams, name)
		}
	}
	slices.Sort(out.Streams)
	return out, nil
}

// streamFor is the stream that a value chooses, "" for none. A value that stands there as it is goes before one with a *.
func (s Settings) streamFor(value string) string {
	names := slices.Sorted(maps.Keys(s.Streams))
	for _, name := range names {
		if values := s.Streams[name].Values; slices.Contains(values, value) || len(values) == 0 && name == value {
			return name
		}
	}
	for _, name := range names {
		if value != "" && fits(s.Streams[name].Values, value) {
			return name
		}
	}
	return ""
}

func (s Settings) noStream(value string) error {
	return errs.New(errs.Invalid, "webhook.no_stream", errs.Args{"value": value, "known": strings.Join(slices.Sorted(maps.Keys(s.Streams)), ", ")})
}

// marks are what a delivery is known by: what was signed, whichever secret did it, and its id.
func (s Settings) marks(p connectors.Posted, signed []byte, items []item) [][]byte {
	out := [][]byte{hash("signed", signed)}
	if id := p.Header.Get(s.IDHeader); s.IDHeader != "" && id != "" {
		out = append(out, hash("id", []byte(id)))
	}
	if s.IDField != "" && len(items) == 1 {
		if id := connectors.Scalar(connectors.Pick(items[0].fields, s.IDField)); id != "" {
			out = append(out, hash("field", []byte(id)))
		}
	}
	return out
}

func hash(what string, b []byte) []byte {
	sum := sha256.Sum256(append([]byte(what+"\x00"), b...))
	return sum[:]
}
