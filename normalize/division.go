package normalize

import (
	"bufio"
	"cmp"
	_ "embed"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Level is the administrative level of a division.
type Level uint8

// The levels of GB/T 2260.
const (
	Province   Level = iota + 1 // 省, 自治区, 直辖市, 特别行政区
	Prefecture                  // 地级市, 地区, 自治州, 盟
	County                      // 区, 县, 县级市, 旗
)

// Division is one unit of GB/T 2260, current or retired. The zero Division is "unknown".
type Division struct {
	Code      string // six digits; unique among current units, a retired code may have borne several names
	Name      string // own name, without the parents': 青河县
	Level     Level
	AreaCode  string // dialling code of its own, "" when it uses its parent's or several
	FirstYear int    // 0 when unknown
	LastYear  int    // 0 while current, or when unknown
	Successor string // code of the current unit it lives on in, "" when none or when it is current
	retired   bool
}

// Current reports whether the unit exists in the table's year.
func (d Division) Current() bool { return d.Code != "" && !d.retired }

// Within reports whether d is the division of code, or lies in it. Codes nest by their first digits.
func (d Division) Within(code string) bool { return d.Code != "" && within(d.Code, code) }

func within(code, parent string) bool {
	p := significant(parent)
	return p != "" && strings.HasPrefix(code, p)
}

// significant cuts a code to the digits that carry its level: 440000 → 44, 440100 → 4401.
func significant(code string) string {
	if len(code) != 6 {
		return code
	}
	if code[2:] == "0000" {
		return code[:2]
	}
	if code[4:] == "00" {
		return code[:4]
	}
	return code
}

func levelOf(code string) Level {
	switch len(significant(code)) {
	case 2:
		return Province
	case 4:
		return Prefecture
	}
	return County
}

// Divisions is an immutable table of divisions, safe for concurrent use.
type Divisions struct {
	AsOf string // the day of the table as its comment "# as of 2026-01-01" says, "" when it does not

	digest  uint32 // of everything the tables say
	units   []Division
	current map[string]int      // code → unit
	retired map[string][]int    // code → retired units, oldest first
	names   map[string][]naming // a form of a name → the units that bear it
	heads   map[string]int      // first two characters of a form → bytes of the longest form that begins so
}

// naming is one reading of a name form.
type naming struct {
	unit int
	bare bool // without its level word: 青河 for 青河县
}

var (
	//go:embed data/divisions.tsv
	divisionData string
	//go:embed data/division_history.tsv
	divisionHistoryData string
)

// StandardDivisions is the table in use: the one given to UseDivisions, else the one built into the program, whose
// sources and date data/README.md tells.
func StandardDivisions() *Divisions {
	if d := chosenDivisions.Load(); d != nil {
		return d
	}
	return builtInDivisions()
}

// UseDivisions replaces the built-in table for the whole process. Call it at the start, before anything is normalised:
// what was read before was read with the earlier table. nil returns to the built-in one.
func UseDivisions(d *Divisions) { chosenDivisions.Store(d) }

var chosenDivisions atomic.Pointer[Divisions]

// DivisionFiles are the built-in tables as files, in the shape LoadDivisions reads: to be brought up to date and used
// instead.
func DivisionFiles() (current, history string) { return divisionData, divisionHistoryData }

var builtInDivisions = sync.OnceValue(func() *Divisions {
	d, err := LoadDivisions(strings.NewReader(divisionData), strings.NewReader(divisionHistoryData))
	if err != nil {
		// The embedded tables are loaded by a test of this package; an empty table only makes resolution say "unknown".
		return &Divisions{}
	}
	return d
})

// LoadDivisions reads a table of current units (code, name, dialling code) and one of retired units (code, name, first
// year, last year, successor), tab-separated, # for comments; the comment "# as of 2026-01-01" dates the first. The error
// names the line.
func LoadDivisions(current, history io.Reader) (*Divisions, error) {
	d := &Divisions{current: map[string]int{}, retired: map[string][]int{}, names: map[string][]naming{}, heads: map[string]int{}}
	err := eachRow(dated(current, &d.AsOf), 3, func(f []string) error {
		if _, dup := d.current[f[0]]; dup {
			return fmt.Errorf("code %s is listed twice", f[0])
		}
		d.current[f[0]] = len(d.units)
		d.units = append(d.units, Division{Code: f[0], Name: f[1], Level: levelOf(f[0]), AreaCode: f[2]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the divisions: %w", err)
	}
	err = eachRow(history, 5, func(f []string) error {
		u := Division{Code: f[0], Name: f[1], Level: levelOf(f[0]), Successor: f[4], retired: true}
		u.FirstYear, _ = strconv.Atoi(f[2])
		u.LastYear, _ = strconv.Atoi(f[3])
		if _, ok := d.current[u.Successor]; u.Successor != "" && !ok {
			return fmt.Errorf("the successor %s of %s is not a current division", u.Successor, u.Code)
		}
		d.retired[u.Code] = append(d.retired[u.Code], len(d.units))
		d.units = append(d.units, u)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the retired divisions: %w", err)
	}
	for _, units := range d.retired {
		slices.SortStableFunc(units, func(a, b int) int { return cmp.Compare(d.units[a].FirstYear, d.units[b].FirstYear) })
	}
	h := fnv.New32a()
	for _, u := range d.units {
		fmt.Fprintln(h, u.Code, u.Name, u.AreaCode, u.FirstYear, u.LastYear, u.Successor) // a hash never fails
	}
	d.digest = h.Sum32()
	d.index()
	return d, nil
}

// dated passes r on and notes the date that a comment states.
func dated(r io.Reader, asOf *string) io.Reader {
	in := bufio.NewReader(r)
	head, _ := in.Peek(256) // an error comes again when the rows are read
	if _, rest, ok := strings.Cut(string(head), "# as of "); ok && len(rest) >= len("2026-01-01") {
		if _, err := time.Parse(time.DateOnly, rest[:10]); err == nil {
			*asOf = rest[:10]
		}
	}
	return in
}

func eachRow(r io.Reader, columns int, row func(fields []string) error) error {
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line := in.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != columns || !digits(f[0], 6) || f[1] == "" {
			return fmt.Errorf("line %d: want %d columns beginning with a six-digit code and a name", n, columns)
		}
		if err := row(f); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return in.Err()
}

// All lists the units, current ones first.
func (d *Divisions) All() iter.Seq[Division] { return slices.Values(d.units) }

// ByCode finds a unit by its two, four or six-digit code: the current one, else the latest that bore the code.
func (d *Divisions) ByCode(code string) (Division, bool) {
	if !digits(code, 2) && !digits(code, 4) && !digits(code, 6) {
		return Division{}, false
	}
	code = (code + "0000")[:6]
	if i, ok := d.current[code]; ok {
		return d.units[i], true
	}
	if old := d.retired[code]; len(old) > 0 {
		return d.units[old[len(old)-1]], true
	}
	return Division{}, false
}

// Successor is the current unit in which div lives on: itself when current. ok is false when it was dissolved.
func (d *Divisions) Successor(div Division) (Division, bool) {
	if !div.retired {
		return div, div.Code != ""
	}
	i, ok := d.current[div.Successor]
	if !ok {
		return Division{}, false
	}
	return d.units[i], true
}

// Parents gives the province and the prefecture of a code, each zero when it has none (a municipality has no
// prefecture). A unit is not its own parent.
func (d *Divisions) Parents(code string) (province, prefecture Division) {
	switch levelOf(code) {
	case County:
		prefecture, _ = d.ByCode(code[:min(4, len(code))])
		fallthrough
	case Prefecture:
		province, _ = d.ByCode(code[:min(2, len(code))])
	}
	return province, prefecture
}

// AreaCode is the dialling code in use at a place: of the unit, else of its prefecture, else of its province; "" when
// the table knows no single one.
func (d *Divisions) AreaCode(code string) string {
	if u, ok := d.ByCode(code); ok && u.AreaCode != "" {
		return u.AreaCode
	}
	province, prefecture := d.Parents(code)
	if prefecture.AreaCode != "" {
		return prefecture.AreaCode
	}
	return province.AreaCode
}

// digits reports whether s is exactly n ASCII digits.
func digits(s string, n int) bool { return len(s) == n && allDigits(s) }

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
