package mapping

import (
	"slices"
	"strings"
	"time"

	"tributary/canonical"
)

// Map turns rows of one stream into one canonical entity. It is immutable and safe for concurrent use.
type Map struct {
	name       string
	version    string
	schema     *schema
	ledger     canonical.Ledger
	keyFields  []string
	rules      []rule
	custom     []string // source fields kept as custom attributes
	customAll  bool
	skip       *expression
	deleted    *expression
	sourceTime *origin
	mergedInto *origin
	zone       *time.Location
	sources    []string
}

// rule fills one canonical field.
type rule struct {
	field     field
	from      []string // source fields: the first that is not empty, or all for a list
	constant  string
	expr      *expression
	codes     map[string]string
	normalise normaliser
	fallback  string
	hasDef    bool
	onError   onError
}

// onError says what becomes of a row whose value does not fit.
type onError uint8

const (
	quarantine onError = iota
	leaveOut
	useDefault
)

// origin is where a value comes from outside the canonical fields.
type origin struct {
	from string
	expr *expression
}

// Result is what a row became.
type Result struct {
	Value      any    // pointer to the canonical struct of the map's entity; nil when Filtered
	Key        string // the row's key at its source; "" for flow rows, see Identity
	Filtered   bool   // left out by the map's skip rule
	Deleted    bool   // the row says that the record is gone; Value is what it was, nil when the row does not say
	MergedInto string // where a customer is gone: the key of the record of the same source that took it in; "" = none
	SourceTime time.Time
	Issues     []canonical.Issue // everything that is wrong; any one means quarantine
}

// Entity is what the map makes.
func (m *Map) Entity() canonical.Entity { return m.schema.entity }

// Ledger is the ledger of a flow map.
func (m *Map) Ledger() canonical.Ledger { return m.ledger }

// Version changes whenever the source text of the map does.
func (m *Map) Version() string { return m.version }

// Sources lists the source fields that the map names, sorted. Expressions may read others.
func (m *Map) Sources() []string {
	out := slices.Clone(m.sources)
	slices.Sort(out)
	return slices.Compact(out)
}

// Known reports whether a header is a source field that the map names: what a file read by this map must be looked for.
func (m *Map) Known() func(header string) bool {
	known := m.Sources()
	return func(header string) bool { return slices.Contains(known, header) }
}

// Deletes reports whether the row says by the map's deleted rule that the record is gone, as Apply would tell it.
func (m *Map) Deletes(row map[string]any) bool {
	gone, bad := m.deleted.truth(&rowEnv{row: row}, "deleted")
	return gone && bad == nil
}

// Apply maps one row. The row is not changed.
func (m *Map) Apply(row map[string]any) Result {
	var res Result
	env := rowEnv{row: row}
	add := func(i *canonical.Issue) {
		if i != nil {
			res.Issues = append(res.Issues, *i)
		}
	}
	if skip, bad := m.skip.truth(&env, "skip"); skip || bad != nil {
		if bad == nil {
			res.Filtered = true
			return res
		}
		add(bad)
	}
	var bad *canonical.Issue
	res.Deleted, bad = m.deleted.truth(&env, "deleted")
	add(bad)
	res.Key, bad = m.key(row)
	add(bad)
	if m.sourceTime != nil {
		res.SourceTime, bad = m.timeOf(&env)
		add(bad)
	}
	res.MergedInto = m.successor(&env)
	if res.Deleted && len(res.Issues) == 0 {
		res.Value = m.lastContent(&env)
		return res
	}
	target := m.schema.make()
	for i := range m.rules {
		add(m.rules[i].apply(target, &env))
	}
	m.keepCustom(target, row, add)
	value, issues := m.schema.finish(target, m.ledger)
	res.Value = value
	res.Issues = joinIssues(res.Issues, issues)
	return res
}

// successor is the key of the record that took in the one that is gone. What cannot be told is none: the delete counts all
// the same.
func (m *Map) successor(env *rowEnv) string {
	if m.mergedInto == nil {
		return ""
	}
	text, bad := m.mergedInto.text(env, "merged_into")
	if bad != nil {
		return ""
	}
	return text
}

// lastContent is the value of a deleted row as far as it still maps as a whole: flow rows are told apart by it.
func (m *Map) lastContent(env *rowEnv) any {
	target := m.schema.make()
	for i := range m.rules {
		if m.rules[i].apply(target, env) != nil {
			return nil
		}
	}
	if value, issues := m.schema.finish(target, m.ledger); len(issues) == 0 {
		return value
	}
	return nil
}

// key joins the key fields. A row whose key is empty cannot be stored.
func (m *Map) key(row map[string]any) (string, *canonical.Issue) {
	if len(m.keyFields) == 0 {
		return "", nil
	}
	parts := make([]string, len(m.keyFields))
	empty := true
	for i, f := range m.keyFields {
		v, _ := find(row, f)
		parts[i] = textOf(v)
		if len(m.keyFields) > 1 {
			parts[i] = strings.ReplaceAll(parts[i], "|", "\\|")
		}
		empty = empty && parts[i] == ""
	}
	if empty {
		i := canonical.Required(strings.Join(m.keyFields, "|"))
		return "", &i
	}
	return strings.Join(parts, "|"), nil
}

func (m *Map) timeOf(env *rowEnv) (time.Time, *canonical.Issue) {
	text, bad := m.sourceTime.text(env, "source_time")
	if bad != nil || text == "" {
		return time.Time{}, bad
	}
	t, ok := parseTime(text, m.zone)
	if !ok {
		return t, issue("date", "source_time", text)
	}
	return t, nil
}

func (o *origin) text(env *rowEnv, field string) (string, *canonical.Issue) {
	if o.expr != nil {
		return o.expr.text(env, field)
	}
	v, _ := find(env.row, o.from)
	return textOf(v), nil
}

// keepCustom copies the declared extra fields.
func (m *Map) keepCustom(target any, row map[string]any, add func(*canonical.Issue)) {
	names := m.custom
	if m.customAll {
		names = nil
		for name := range row {
			if !slices.Contains(m.sources, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
	}
	for _, name := range names {
		v, _ := find(row, name)
		text := textOf(v)
		if f, ok := customField("custom." + name); ok && text != "" {
			add(f.set(target, text))
		}
	}
}

// apply fills the rule's field of target.
func (r *rule) apply(target any, env *rowEnv) *canonical.Issue {
	texts, bad := r.texts(env)
	if bad == nil {
		for _, text := range texts {
			if bad = r.put(target, text); bad != nil {
				break
			}
		}
	}
	if len(texts) == 0 && bad == nil && r.hasDef && r.fallback != "" {
		bad = r.field.set(target, r.fallback)
		return bad
	}
	switch {
	case bad == nil, r.onError == leaveOut:
		return nil
	case r.onError == useDefault:
		if r.fallback == "" {
			return nil
		}
		return r.field.set(target, r.fallback)
	}
	return bad
}

// put takes one text through code list and normaliser to the field.
func (r *rule) put(target any, text string) *canonical.Issue {
	if r.codes != nil {
		code, ok := r.codes[text]
		if !ok {
			code, ok = r.codes["*"]
		}
		if !ok {
			return issue("code", r.field.path, text)
		}
		if text = code; text == "" {
			return nil
		}
	}
	if r.normalise == nil {
		return r.field.set(target, text)
	}
	out, ok := r.normalise(text)
	if !ok {
		return issue("invalid", r.field.path, text)
	}
	for _, t := range out {
		if bad := r.field.set(target, t); bad != nil {
			return bad
		}
	}
	return nil
}

// texts are the values that are not empty: one, or all for a list.
func (r *rule) texts(env *rowEnv) ([]string, *canonical.Issue) {
	switch {
	case r.constant != "":
		return []string{r.constant}, nil
	case r.expr != nil:
		v, bad := r.expr.value(env, r.field.path)
		return listTexts(v, r.field.many), bad
	}
	var out []string
	for _, name := range r.from {
		v, _ := find(env.row, name)
		out = append(out, listTexts(v, r.field.many)...)
		if len(out) > 0 && !r.field.many {
			return out[:1], nil
		}
	}
	return out, nil
}

func listTexts(v any, many bool) []string {
	if list, ok := v.([]any); ok && many {
		var out []string
		for _, e := range list {
			out = append(out, listTexts(e, false)...)
		}
		return out
	}
	if text := textOf(v); text != "" {
		return []string{text}
	}
	return nil
}

func constRule(s *schema, path, text string) rule {
	f, _ := s.field(path)
	return rule{field: f, constant: text}
}

// joinIssues adds what validation found, unless the same field is already known to be wrong.
func joinIssues(issues, more []canonical.Issue) []canonical.Issue {
	for _, m := range more {
		if !slices.ContainsFunc(issues, func(i canonical.Issue) bool { return i.Field == m.Field }) {
			issues = append(issues, m)
		}
	}
	canonical.SortIssues(issues)
	return issues
}
