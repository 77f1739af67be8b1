package simveeva

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// longest is the most characters of a statement.
const longest = 50_000

var (
	statement = regexp.MustCompile(`^SELECT (.+?) FROM (\w+)(?: WHERE (.+))? ORDER BY id ASC PAGESIZE (\d+)$`)
	inner     = regexp.MustCompile(`\(SELECT ([\w, ]+) FROM (\w+)(?: WHERE (\w+) = (true|false))?\)`)
	compared  = regexp.MustCompile(`^(\w+) (>=|<|>|=) (?:'([^']*)'|(true|false))$`)
	contained = regexp.MustCompile(`^id CONTAINS \(('[^']*'(?:, '[^']*')*)\)$`)
)

// answer is a question's rows, kept while its pages are called for.
type answer struct {
	columns []string
	child   *subselect
	rows    []map[string]any
	size    int
}

// subselect asks for the rows that name a row.
type subselect struct {
	columns  []string
	relation string
	flag     string
	is       bool
}

func (s *Vault) query(w http.ResponseWriter, r *http.Request, version string) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.PostFormValue("q")
	a, why := s.find(q)
	if why == "" && len(q) > longest {
		why = "the statement is too long"
	}
	if why != "" {
		refuse(w, "INCORRECT_QUERY_SYNTAX_ERROR", why)
		return
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		a.rows = nil
	}
	s.serial++
	id := fmt.Sprintf("%08x-0000", s.serial)
	s.answers[id] = a
	s.page(w, version, id, 0)
}

// more answers a next page. Its address outlives the session that it was made in, but not for ever.
func (s *Vault) more(w http.ResponseWriter, r *http.Request, version, id string) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	_, offset := naming(version)
	at, err := strconv.Atoi(r.URL.Query().Get(offset))
	s.turns++
	if _, ok := s.answers[id]; !ok || err != nil || s.opts.Faults.Hit(fault.DeadLocator) || s.opts.PageLife > 0 && s.turns%(s.opts.PageLife+1) == 0 {
		refuse(w, "INVALID_DATA", "The query has expired")
		return
	}
	s.page(w, version, id, at)
}

func (s *Vault) page(w http.ResponseWriter, version, id string, at int) {
	a := s.answers[id]
	size := min(a.size, s.opts.Widest)
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	end := min(at+size, len(a.rows))
	data := []any{}
	for _, row := range a.rows[min(at, end):end] {
		data = append(data, a.project(row))
	}
	sizeName, offsetName := naming(version)
	details := map[string]any{sizeName: size, offsetName: at, "size": len(data), "total": len(a.rows)}
	if s.opts.Faults.Hit(fault.SamePage) {
		end = at
	}
	if end < len(a.rows) {
		details["next_page"] = fmt.Sprintf("/api/v%s/query/%s?%s=%d&%s=%d", version, id, sizeName, size, offsetName, end)
	}
	write(w, map[string]any{"responseStatus": "SUCCESS", "responseDetails": details, "data": data})
}

func (a answer) project(row map[string]any) map[string]any {
	out := map[string]any{}
	for _, c := range a.columns {
		out[c] = row[c]
	}
	if a.child == nil {
		return out
	}
	children, _ := row[a.child.relation].([]map[string]any)
	data := []any{}
	for _, child := range children {
		if is, _ := child[a.child.flag].(bool); a.child.flag != "" && is != a.child.is {
			continue
		}
		one := map[string]any{}
		for _, c := range a.child.columns {
			one[c] = child[c]
		}
		data = append(data, one)
	}
	out[a.child.relation] = map[string]any{"responseDetails": map[string]any{"pagesize": 250, "pageoffset": 0, "size": len(data), "total": len(data)}, "data": data}
	return out
}

// find is what a statement asks for, or what is wrong with it.
func (s *Vault) find(q string) (answer, string) {
	var a answer
	if m := inner.FindStringSubmatch(q); m != nil {
		a.child = &subselect{columns: strings.Split(m[1], ", "), relation: m[2], flag: m[3], is: m[4] == "true"}
		q = strings.Replace(strings.Replace(q, ", "+m[0], "", 1), m[0], "", 1)
	}
	m := statement.FindStringSubmatch(q)
	if m == nil {
		return a, "the statement cannot be read"
	}
	o, ok := s.objects[m[2]]
	if !ok {
		return a, "unknown object " + m[2]
	}
	a.columns = strings.Split(m[1], ", ")
	for _, c := range a.columns {
		head, _, dotted := strings.Cut(c, ".")
		if !slices.ContainsFunc(o.Fields, func(f Field) bool { return !dotted && f.Name == c || dotted && f.Outbound == head }) {
			return a, "unknown field " + c
		}
	}
	if a.child != nil {
		if why := s.knows(o.Name, *a.child); why != "" {
			return a, why
		}
	}
	a.size, _ = strconv.Atoi(m[4])
	if a.size < 1 || a.size > 1000 {
		return a, "PAGESIZE is out of range"
	}
	for i := range o.Rows.Len() {
		row := o.Rows.Row(i)
		fits, why := matches(o, row, m[3])
		if why != "" {
			return a, why
		}
		if fits {
			a.rows = append(a.rows, row)
		}
	}
	return a, ""
}

// knows says what is wrong with a subselect from an object.
func (s *Vault) knows(object string, sub subselect) string {
	for _, o := range s.objects {
		for _, f := range o.Fields {
			if f.Inbound != sub.relation || f.Object != object {
				continue
			}
			for _, c := range append(slices.Clone(sub.columns), sub.flag) {
				if c != "" && !slices.ContainsFunc(o.Fields, func(f Field) bool { return f.Name == c }) {
					return "unknown field " + c
				}
			}
			return ""
		}
	}
	return "unknown relationship " + sub.relation
}

// matches reports whether a row fits all conditions; the text says which one cannot be read.
func matches(o Object, row map[string]any, where string) (bool, string) {
	if where == "" {
		return true, ""
	}
	fits := true
	for _, text := range strings.Split(where, " AND ") {
		if m := contained.FindStringSubmatch(text); m != nil {
			fits = fits && slices.Contains(strings.Split(m[1], ", "), fmt.Sprintf("'%v'", row["id"]))
			continue
		}
		m := compared.FindStringSubmatch(text)
		if m == nil || !slices.ContainsFunc(o.Fields, func(f Field) bool { return f.Name == m[1] }) {
			return false, "cannot read " + text
		}
		c := strings.Compare(fmt.Sprint(row[m[1]]), m[3]+m[4])
		fits = fits && map[string]bool{"<": c < 0, ">": c > 0, ">=": c >= 0, "=": c == 0}[m[2]]
	}
	return fits, ""
}
