package normalize

import (
	"strings"
	"unicode/utf8"
)

// Place is the division that the beginning of a text names.
type Place struct {
	Division            // the deepest unit named; zero when several fit (Others > 0) or nothing was found
	Text     string     // the part of the text that names it
	Units    []Division // from the widest unit named to Division itself
	Bare     bool       // the deepest unit was named without its level word
	Others   int        // how many further units fit as well
	related  bool       // a unit that fits contains the place asked for, or lies in it
}

// Lead reads the division at the beginning of a text in matching form: province, prefecture and county in this order,
// any of them left out, each inside the one before. The reading that uses most of the text wins. Between units of one
// name decide the parents read, then inside (a code, or "" for no help), then whether they still exist. Nothing found
// gives the zero Place.
//
// A municipality may stand twice (北京市北京市, 北京市市辖区). A name without its level word (青河) is read only before a unit
// named in full, unless bare is set; before a word such as 路 or 大学 it is never a division (中山路, 南京大学).
func (d *Divisions) Lead(s, inside string, bare bool) Place {
	if bare {
		return d.lead(s, inside, County)
	}
	return d.lead(s, inside, 0)
}

// lead is Lead with the lowest level that a text may end on by a bare name: 0 none, County any.
func (d *Divisions) lead(s, inside string, bare Level) Place {
	var buf [4]reading
	l := lead{d: d, text: s, bare: bare, best: buf[:0]}
	l.read(reading{})
	if l.end == 0 {
		return Place{}
	}
	return l.place(inside)
}

// reading is one way to read the head of a text as nested divisions.
type reading struct {
	units [3]naming
	n     int
	end   int  // bytes of the text that are read
	open  bool // the last name is a place only when another one follows: 哈尔滨道…, 台州路…
}

// lead collects the longest readings of one text.
type lead struct {
	d    *Divisions
	text string
	bare Level
	end  int
	best []reading
}

func (l *lead) read(path reading) {
	rest := l.text[path.end:]
	if path.n > 0 {
		for _, filler := range [...]string{"市辖区", "市辖县", "省直辖县级行政区划", "自治区直辖县级行政区划"} {
			if strings.HasPrefix(rest, filler) {
				path.end += len(filler)
				rest = l.text[path.end:]
				break
			}
		}
		l.keep(path)
	}
	if path.n == len(path.units) {
		return
	}
	head := firstRunes(rest, 2)
	limit := min(len(rest), l.d.heads[head])
	for n := len(head); n <= limit && n > 0; {
		for _, form := range l.d.names[rest[:n]] {
			next := path
			next.end += n
			next.open = form.bare && notPlace(rest[n:])
			if path.n > 0 && path.units[path.n-1].unit == form.unit && l.d.municipality(form.unit) {
				l.read(next)
			}
			if path.n == 0 || l.d.nests(path.units[path.n-1].unit, form.unit) {
				next.units[next.n] = form
				next.n++
				l.read(next)
			}
		}
		if n == len(rest) {
			break
		}
		_, size := utf8.DecodeRuneInString(rest[n:])
		n += size
	}
}

// keep remembers a finished path when it is among the longest. The bound only guards against absurd tables.
func (l *lead) keep(path reading) {
	if last := path.last(); path.open || last.bare && l.d.units[last.unit].Level > l.bare {
		return
	}
	if path.end > l.end {
		l.best, l.end = l.best[:0], path.end
	}
	if path.end == l.end && len(l.best) < 64 {
		l.best = append(l.best, path)
	}
}

// notPlace reports whether the text goes on so that the name before it is part of another word.
func notPlace(rest string) bool {
	for _, word := range [...]string{"路", "街", "道", "大道", "大街", "巷", "弄", "镇", "乡", "村", "里", "桥", "站", "大学", "学院", "大厦", "广场"} {
		if strings.HasPrefix(rest, word) {
			return true
		}
	}
	return false
}

func (d *Divisions) municipality(unit int) bool {
	u := d.units[unit]
	if u.Level != Province {
		return false
	}
	switch u.Code[:2] {
	case "11", "12", "31", "50":
		return true
	}
	return false
}

// nests reports whether unit b may follow unit a in a text: it lies in a or in a's successor, or its successor does.
func (d *Divisions) nests(a, b int) bool {
	u, v := d.units[a], d.units[b]
	return v.Level > u.Level &&
		(v.Within(u.Code) || u.Successor != "" && v.Within(u.Successor) || v.Successor != "" && within(v.Successor, u.Code))
}

// place narrows the readings to one unit where something decides.
func (l *lead) place(inside string) Place {
	fits := l.best
	if inside != "" {
		fits = narrow(fits, func(r *reading) bool { return l.d.related(l.d.units[r.last().unit], inside) })
	}
	fits = narrow(fits, func(r *reading) bool { return !r.last().bare })
	fits = narrow(fits, func(r *reading) bool { return !l.d.units[r.last().unit].retired })
	fits = narrow(fits, func(r *reading) bool { return l.d.units[r.last().unit].Level == Province }) // 河南, not 河南县 of 青海

	best := fits[0]
	unit := l.d.units[best.last().unit]
	p := Place{Text: l.text[:l.end], Bare: best.last().bare, related: inside != "" && l.d.related(unit, inside)}
	for _, r := range fits[1:] {
		switch other := l.d.units[r.last().unit]; {
		case other.Code == unit.Code:
		case other.Successor != "" && other.Successor == unit.Successor: // one unit under two retired codes: the later one
			if other.FirstYear > unit.FirstYear {
				best, unit = r, other
			}
		default:
			p.Others++
		}
	}
	if p.Others > 0 {
		return p
	}
	p.Units = make([]Division, best.n)
	for i, n := range best.units[:best.n] {
		p.Units[i] = l.d.units[n.unit]
	}
	p.Division = unit
	return p
}

func (r *reading) last() naming { return r.units[r.n-1] }

// narrow keeps the readings that pass, or all when none does.
func narrow(all []reading, keep func(*reading) bool) []reading {
	if len(all) < 2 {
		return all
	}
	n := 0
	for i := range all {
		if keep(&all[i]) {
			all[n], all[i] = all[i], all[n]
			n++
		}
	}
	if n == 0 {
		return all
	}
	return all[:n]
}

// related reports whether the unit contains the place of code, lies in it, or lives on in such a unit.
func (d *Divisions) related(u Division, code string) bool {
	return u.Within(code) || within(code, u.Code) || u.Successor != "" && (within(u.Successor, code) || within(code, u.Successor))
}
