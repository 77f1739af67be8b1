package table

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tributary/normalize"
)

// facts are what the values of a column look like; shares are of the filled values looked at.
type facts struct {
	filled, distinct, rows              int
	words, length                       float64
	digits, date, email, number, year   float64
	phone, han, list, letters, codelike float64
	unique                              bool // in every source each row has a value of its own
	shared                              bool // two sources have values in common
	dense                               bool // whole numbers that follow each other
}

const inferSample = 2000

// observe looks at the values of a column. It depends on the values only, not on their order: what it looks at is chosen by hash.
func observe(d *data, c *column) facts {
	f := facts{rows: d.rows, distinct: len(c.forms) - 1}
	for _, v := range c.of {
		if v != 0 {
			f.filled++
		}
	}
	step := max(1, (len(c.forms)-1)/inferSample)
	n := 0.0
	for v := 1; v < len(c.forms); v += step {
		n++
		f.add(c.forms[v])
	}
	if n > 0 {
		for _, p := range []*float64{&f.words, &f.length, &f.digits, &f.date, &f.email, &f.number, &f.year, &f.phone, &f.han, &f.list, &f.letters, &f.codelike} {
			*p /= n
		}
	}
	f.unique, f.shared = uniqueness(d, c)
	if f.unique && f.digits == 1 {
		f.dense = dense(c)
	}
	return f
}

func (f *facts) add(form string) {
	words := strings.Fields(form)
	f.words += float64(len(words))
	f.length += float64(utf8.RuneCountInString(form))
	digits, letters, han := 0, 0, 0
	for _, r := range form {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case unicode.Is(unicode.Han, r):
			han++
		case unicode.IsLetter(r):
			letters++
		}
	}
	yes := func(p *float64, ok bool) {
		if ok {
			*p++
		}
	}
	yes(&f.digits, digits == len(form))
	yes(&f.email, strings.Contains(form, "@") && strings.Contains(form, "."))
	_, isNumber := parseNumber(form)
	yes(&f.number, isNumber)
	yes(&f.year, len(form) == 4 && digits == 4 && form >= "1000" && form < "2200")
	day, isDate := parseDay(form)
	yes(&f.date, isDate && day.month > 0)
	yes(&f.phone, digits >= 7 && digits <= 15 && letters == 0 && han == 0)
	yes(&f.han, han*2 > utf8.RuneCountInString(form))
	yes(&f.list, strings.ContainsAny(form, ",;、") || strings.Contains(form, " AND "))
	yes(&f.letters, digits == 0)
	yes(&f.codelike, digits > 0 && len(words) == 1)
}

// uniqueness reports whether no source repeats a value, and whether two sources have one in common.
func uniqueness(d *data, c *column) (unique, shared bool) {
	seen := make([]uint8, len(c.forms))
	unique = true
	for row, v := range c.of {
		bit := uint8(1) << d.source[row]
		if v == 0 || seen[v]&bit != 0 {
			unique = false
		}
		seen[v] |= bit
		shared = shared || v != 0 && seen[v]&(seen[v]-1) != 0
	}
	return unique, shared
}

func dense(c *column) bool {
	low, high := 1<<62, 0
	for _, form := range c.forms[1:] {
		n := 0
		for i := 0; i < len(form) && i < 18; i++ {
			n = n*10 + int(form[i]-'0')
		}
		low, high = min(low, n), max(high, n)
	}
	return high-low < 2*len(c.forms)
}

// infer decides the kind of a column by the words of its name as far as its values bear them out, else by its values.
func infer(name string, f facts) Kind {
	if f.filled == 0 || f.distinct < 2 {
		return Ignored
	}
	kinds := headerKinds(name)
	if f.unique && (f.codelike+f.digits > 0.9) && (slices.Contains(kinds, Ignored) || f.dense || !f.shared) && !slices.Contains(kinds, Phone) && !slices.Contains(kinds, Email) {
		if !f.shared || len(kinds) == 0 || kinds[0] == Ignored || f.dense {
			return Ignored
		}
	}
	for _, k := range kinds {
		if k, ok := bearsOut(k, f); ok {
			return k
		}
	}
	return inferByValues(f)
}

// bearsOut reports whether the values look like the kind the column name says, and which kind they are then.
func bearsOut(k Kind, f facts) (Kind, bool) {
	switch k {
	case Ignored:
		return Ignored, f.unique && f.codelike+f.digits > 0.9
	case Given, Family:
		return k, f.letters > 0.7 && f.words < 3
	case FullName:
		switch {
		case f.letters < 0.4 && f.words < 2:
			return k, false
		case f.words >= 4 || f.length > 30 && f.han < 0.5:
			return Text, true
		case f.han > 0.5 && f.length > 4:
			return Organisation, true
		}
		return k, true
	case Organisation:
		return k, f.letters > 0.4
	case Street, Locality:
		return k, f.digits < 0.5
	case House:
		return k, f.digits > 0.3 || f.codelike > 0.3
	case Postcode:
		return k, f.words < 2.5
	case Region:
		if f.distinct > 1000 {
			return Locality, true
		}
		return k, f.words < 4
	case Phone:
		return k, f.phone > 0.4
	case Email:
		return k, f.email > 0.4
	case Date:
		if f.year > 0.6 {
			return Year, true
		}
		return k, f.date > 0.4
	case Year:
		return k, f.year > 0.6
	case Code:
		return k, f.codelike > 0.3
	case Category:
		switch {
		case f.distinct <= 50 || f.distinct*500 < f.filled:
			return Category, true
		case f.words > 3:
			return Text, true
		}
		return Locality, f.letters > 0.5
	case Number:
		return k, f.number > 0.5
	case Text:
		switch {
		case f.number > 0.8:
			return k, false
		case f.words < 2 && f.distinct <= 50:
			return Category, true // Mr, Mrs
		}
		return k, true
	case People:
		return k, f.letters > 0.5
	}
	return k, false
}

func inferByValues(f facts) Kind {
	switch {
	case f.email > 0.8:
		return Email
	case f.date > 0.8 && f.year < 0.5:
		return Date
	case f.year > 0.9:
		return Year
	case f.distinct <= 50 && f.filled > 4*f.distinct || f.distinct*500 < f.filled && f.words < 3:
		return Category
	case f.number > 0.9 && f.digits < 0.9:
		return Number
	case f.codelike > 0.8 && f.length >= 4:
		return Code
	case f.number > 0.9:
		return Number
	case f.han > 0.6 && f.length <= 4:
		return FullName
	case f.han > 0.6 && f.length <= 30:
		return Organisation
	case f.words >= 4 || f.length > 30:
		return Text
	case f.codelike > 0.5:
		return Code
	case f.letters < 0.6 && f.words >= 2:
		return Street
	}
	return Locality
}

// matchingForm is the form in which values are compared.
func matchingForm(s string) string {
	const longest = 1 << 16 // runes beyond say nothing more and cost much
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "")
	}
	return normalize.Text(s)
}
