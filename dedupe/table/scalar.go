package table

import (
	"math"
	"strconv"
	"strings"

	"tributary/normalize"
)

// day is a date as far as it can be read; 0 is an unknown part.
type day struct{ year, month, day int }

// parseDay reads the usual ways to write a date, digits alone as YYYYMMDD. Day and month of an unclear order are taken as
// day first when that is possible; both sides of a comparison are read alike, and swapped parts are a level.
func parseDay(form string) (day, bool) {
	if len(form) > 32 {
		return day{}, false
	}
	if t := strings.TrimSuffix(form, " 00:00:00"); t != form {
		form = t
	}
	var parts []int
	lengths := []int{}
	n, size, other := 0, 0, false
	for i := 0; i <= len(form); i++ {
		if i < len(form) && form[i] >= '0' && form[i] <= '9' {
			n, size = n*10+int(form[i]-'0'), size+1
			if size > 8 {
				return day{}, false
			}
			continue
		}
		if size > 0 {
			parts, lengths = append(parts, n), append(lengths, size)
			n, size = 0, 0
		}
		if i < len(form) && form[i] >= 'A' && form[i] <= 'Z' || i < len(form) && form[i] >= 0x80 {
			other = true
		}
	}
	switch {
	case other:
		d, err := normalize.Date(form)
		if err != nil {
			return day{}, false
		}
		y, m, dd := d.Time().Date()
		return day{y, int(m), dd}, true
	case len(parts) == 1 && lengths[0] == 8:
		return check(day{parts[0] / 10000, parts[0] / 100 % 100, parts[0] % 100})
	case len(parts) == 1 && lengths[0] == 4:
		return check(day{parts[0], 0, 0})
	case len(parts) == 3 && lengths[0] == 4:
		return check(day{parts[0], parts[1], parts[2]})
	case len(parts) == 3 && lengths[2] == 4:
		if parts[1] > 12 {
			return check(day{parts[2], parts[0], parts[1]})
		}
		return check(day{parts[2], parts[1], parts[0]})
	}
	return day{}, false
}

func check(d day) (day, bool) {
	return d, d.year >= 1000 && d.year < 2200 && d.month <= 12 && d.day <= 31
}

// number is the day as YYYYMMDD.
func (d day) number() int { return d.year*10000 + d.month*100 + d.day }

// parseNumber reads a number with currency signs, thousands separators and a unit behind it.
func parseNumber(form string) (float64, bool) {
	if len(form) > 32 {
		return 0, false
	}
	var b strings.Builder
	letters := 0
	for _, r := range form {
		switch {
		case r >= '0' && r <= '9' || r == '.':
			b.WriteRune(r)
		case r == ',' || r == ' ' || r == '$' || r == '€' || r == '£' || r == '¥' || r == '-' && b.Len() == 0 || r == '+':
		case r >= 'A' && r <= 'Z' && letters < 4 || r == '元':
			letters++
		default:
			return 0, false
		}
	}
	if b.Len() == 0 || b.Len() <= letters {
		return 0, false
	}
	n, err := strconv.ParseFloat(b.String(), 64)
	return n, err == nil && !math.IsInf(n, 0)
}
