package connectortest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
	"tributary/internal/errs"
)

// WriteBack is what the suite needs to know of a connector whose records get fields back.
type WriteBack struct {
	Driver connectors.Driver
	// Start starts a simulated system; it ends with the test.
	Start func(t *testing.T) *WriteBackSystem
	// BaseURL are the settings that hold the system's address; Wrong are settings that make the login fail.
	BaseURL []string
	Wrong   map[string]any
	// Read is a field that the connector reads of customers.
	Read string
	// Forbidden is the verdict of a check without the right to write.
	Forbidden string
}

// WriteBackSystem is a simulated system whose records get fields back.
type WriteBackSystem struct {
	Settings map[string]any // without the group writeback
	Faults   *fault.Set
	Now      func() time.Time
	Advance  func(time.Duration)
	Logins   func() int
	// Customers and Complaints are streams; IDs are three records of the first, Case is one of the second.
	Customers, Complaints string
	IDs                   [3]string
	Case                  string
	// Golden is a text field of customers that takes 36 characters, State and Answer are text fields of complaints.
	Golden, State, Answer string
	// Get is what a field holds, Delete deletes a record in the system's own way, Forbid takes the right to write, Writes
	// counts the records that were changed.
	Get    func(stream, id, field string) string
	Delete func(stream, id string)
	Forbid func()
	Writes func() int
}

var writeBackTests = []partOf[WriteBack]{
	{"fields are written into records that exist", fieldsAreWritten},
	{"without the setting nothing is written", writeBackIsOptional},
	{"what is sent again changes nothing twice", nothingIsChangedTwice},
	{"each record is told apart", recordsAreToldApart},
	{"failures are told apart", failuresOfFields},
	{"a system that is away, wrong credentials, a session that dies", unusableSystem},
	{"check finds fields and rights", checkOfFields},
	{"what was written is no news", echo},
	{"fields that are read are not written", readFieldsAreKept},
}

// RunWriteBack runs the suite of connectors whose records get fields back. It looks for leaks as Run does.
func RunWriteBack(t *testing.T, h WriteBack) {
	for _, p := range writeBackTests {
		p.run(t, h)
	}
}

const goldenID = "0190c5a0-7c3a-7000-8000-0123456789ab"

// group is the group writeback of the settings.
func (s *WriteBackSystem) group() map[string]any {
	return map[string]any{"golden_id": map[string]any{s.Customers: s.Golden}, "complaint_state": s.State, "complaint_answer": s.Answer}
}

func (h WriteBack) open(t *testing.T, s *WriteBackSystem, change map[string]any) connectors.Source {
	t.Helper()
	of := Harness{Driver: h.Driver}
	return of.open(t, &System{Settings: s.Settings, Now: s.Now}, merged(map[string]any{"timeout": "300ms", "retry_budget": "20ms", "writeback": s.group()}, change))
}

func (h WriteBack) writer(t *testing.T, s *WriteBackSystem, change map[string]any) connectors.FieldWriter {
	t.Helper()
	src, ok := h.open(t, s, change).(connectors.WriteBacker)
	require.True(t, ok)
	_, w := src.WriteBack()
	require.NotNil(t, w)
	require.Positive(t, w.Within())
	return w
}

// deliver looks and writes what differs, until the record holds the value.
func deliver(t *testing.T, w connectors.FieldWriter, stream, id, field, value string) {
	t.Helper()
	require.Eventually(t, func() bool {
		have, err := w.ReadFields(t.Context(), stream, id, []string{field})
		return err == nil && (have[field] == value || w.WriteFields(t.Context(), stream, id, map[string]string{field: value}) == nil)
	}, 10*time.Second, time.Millisecond)
}

func fieldsAreWritten(t *testing.T, h WriteBack) {
	s := h.Start(t)
	w := h.writer(t, s, nil)
	for _, id := range s.IDs[:2] {
		have, err := w.ReadFields(t.Context(), s.Customers, id, []string{s.Golden})
		require.NoError(t, err)
		require.Equal(t, map[string]string{s.Golden: ""}, have)
		require.NoError(t, w.WriteFields(t.Context(), s.Customers, id, map[string]string{s.Golden: goldenID}))
		require.Equal(t, goldenID, s.Get(s.Customers, id, s.Golden))
	}
	require.Empty(t, s.Get(s.Customers, s.IDs[2], s.Golden), "the others are left alone")
	answer := "经调查：\n批号 250301 的 \"胶囊\" 破损 😀"
	values := map[string]string{s.State: "已受理", s.Answer: answer}
	require.NoError(t, w.WriteFields(t.Context(), s.Complaints, s.Case, values))
	have, err := w.ReadFields(t.Context(), s.Complaints, s.Case, []string{s.State, s.Answer})
	require.NoError(t, err)
	require.Equal(t, values, have)
	require.Equal(t, 3, s.Writes(), "fields of one record go in one call")
	require.NoError(t, w.WriteFields(t.Context(), s.Customers, s.IDs[0], map[string]string{s.Golden: ""}))
	require.Empty(t, s.Get(s.Customers, s.IDs[0], s.Golden))
}

func writeBackIsOptional(t *testing.T, h WriteBack) {
	s := h.Start(t)
	_, w := h.open(t, s, map[string]any{"writeback": nil}).(connectors.WriteBacker).WriteBack()
	require.Nil(t, w)
}

// nothingIsChangedTwice: whatever befalls the way there, a record that holds the value is not changed again.
func nothingIsChangedTwice(t *testing.T, h WriteBack) {
	s := h.Start(t)
	w := h.writer(t, s, nil)
	s.Faults.Arm(fault.WriteLost, 1)
	require.Equal(t, connectors.Undecided, outcome(t, w.WriteFields(t.Context(), s.Customers, s.IDs[0], map[string]string{s.Golden: goldenID})))
	require.Equal(t, 1, s.Writes(), "no second try before somebody looked")
	deliver(t, w, s.Customers, s.IDs[0], s.Golden, goldenID)
	require.Equal(t, 1, s.Writes())

	s.Faults.Every(fault.WriteLost, 2)
	s.Faults.Every(fault.HTTP502, 3)
	s.Faults.Every(fault.SessionExpiry, 7)
	for n := range 12 {
		before, value := s.Writes(), goldenID[:34]+string(rune('a'+n))
		deliver(t, w, s.Customers, s.IDs[n%3], s.Golden, value)
		deliver(t, w, s.Customers, s.IDs[n%3], s.Golden, value)
		require.Equal(t, before+1, s.Writes())
		require.Equal(t, value, s.Get(s.Customers, s.IDs[n%3], s.Golden))
	}
}

// recordsAreToldApart: what is wrong with one record, and which, is said of it alone.
func recordsAreToldApart(t *testing.T, h WriteBack) {
	s := h.Start(t)
	w := h.writer(t, s, nil)
	s.Delete(s.Customers, s.IDs[0])
	_, err := w.ReadFields(t.Context(), s.Customers, s.IDs[0], []string{s.Golden})
	require.Equal(t, connectors.Refused, outcome(t, err))
	require.Equal(t, "connectors.record_gone", errs.CodeOf(err))
	for name, c := range map[string]struct{ id, field, value string }{
		"deleted meanwhile":              {s.IDs[0], s.Golden, goldenID},
		"a value that does not fit":      {s.IDs[1], s.Golden, goldenID + goldenID},
		"a field that is not there":      {s.IDs[1], "no_such_field", goldenID},
		"an id with a path in it":        {"../" + s.IDs[1], s.Golden, goldenID},
		"an id with a condition behind":  {s.IDs[1] + " or 1=1", s.Golden, goldenID},
		"an id of another system's form": {"x'y)z", s.Golden, goldenID},
	} {
		err := w.WriteFields(t.Context(), s.Customers, c.id, map[string]string{c.field: c.value})
		require.Equal(t, connectors.Refused, outcome(t, err), "%s: %v", name, err)
		_, err = w.ReadFields(t.Context(), s.Customers, c.id, []string{s.Golden})
		require.Equal(t, c.id == s.IDs[1], err == nil, "%s: %v", name, err)
	}
	require.Zero(t, s.Writes())
	require.Empty(t, s.Get(s.Customers, s.IDs[1], s.Golden))
	require.NoError(t, w.WriteFields(t.Context(), s.Customers, s.IDs[2], map[string]string{s.Golden: goldenID}), "the others get theirs")
	require.Equal(t, 1, s.Writes())
}

func failuresOfFields(t *testing.T, h WriteBack) {
	for name, want := range map[fault.Name]connectors.Outcome{
		fault.HTTP502: connectors.Undecided, fault.HTTP500: connectors.Undecided, fault.HTML200: connectors.Undecided, fault.Shape: connectors.Undecided, fault.Slow: connectors.Undecided,
		fault.HTTP429: connectors.Unsent, fault.Throttle: connectors.Unsent, fault.NoRights: connectors.Refused,
	} {
		s := h.Start(t)
		w := h.writer(t, s, nil)
		_, err := w.ReadFields(t.Context(), s.Customers, s.IDs[0], []string{s.Golden})
		require.NoError(t, err)
		s.Faults.Always(name)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		require.Equal(t, want, outcome(t, w.WriteFields(ctx, s.Customers, s.IDs[0], map[string]string{s.Golden: goldenID})), name)
		_, err = w.ReadFields(ctx, s.Customers, s.IDs[0], []string{s.Golden})
		require.Equal(t, want, outcome(t, err), "%s: %v", name, err)
		cancel()
		s.Faults.Clear()
		deliver(t, w, s.Customers, s.IDs[0], s.Golden, goldenID)
		require.Equal(t, 1, s.Writes(), name)
	}
}

func unusableSystem(t *testing.T, h WriteBack) {
	s := h.Start(t)
	away := map[string]any{}
	for _, name := range h.BaseURL {
		away[name] = "http://127.0.0.1:1"
	}
	value := map[string]string{s.Golden: goldenID}
	require.Equal(t, connectors.Unsent, outcome(t, h.writer(t, s, away).WriteFields(t.Context(), s.Customers, s.IDs[0], value)))

	w := h.writer(t, s, h.Wrong)
	for range 3 {
		err := w.WriteFields(t.Context(), s.Customers, s.IDs[0], value)
		require.Equal(t, connectors.Stopped, outcome(t, err))
		for _, secret := range secrets(specOf(t, Harness{Driver: h.Driver}), merged(s.Settings, h.Wrong)) {
			require.NotContains(t, err.Error(), secret)
		}
	}
	require.Equal(t, 1, s.Logins(), "an account is not locked by repeated logins")
	require.Zero(t, s.Writes())

	w = h.writer(t, s, nil)
	_, err := w.ReadFields(t.Context(), s.Customers, s.IDs[0], []string{s.Golden})
	require.NoError(t, err)
	s.Faults.Arm(fault.SessionExpiry, 1)
	require.NoError(t, w.WriteFields(t.Context(), s.Customers, s.IDs[0], value), "a session that dies costs nothing")
	require.Equal(t, 1, s.Faults.Hits(fault.SessionExpiry))
	require.Equal(t, 1, s.Writes())
}

func checkOfFields(t *testing.T, h WriteBack) {
	for name, c := range map[string]struct {
		change func(group map[string]any)
		forbid bool
		code   string
	}{
		"good":               {},
		"a missing field":    {change: func(g map[string]any) { g["complaint_answer"] = "no_such_field" }, code: "connectors.writeback_field"},
		"no right to change": {forbid: true, code: h.Forbidden},
	} {
		s := h.Start(t)
		group := s.group()
		if c.change != nil {
			c.change(group)
		}
		if c.forbid {
			s.Forbid()
		}
		found, err := h.open(t, s, map[string]any{"writeback": group, "retry_budget": "2s"}).Check(t.Context())
		require.NoError(t, err)
		found = slices.DeleteFunc(found, func(f connectors.Finding) bool { return f.Severity != connectors.Fault })
		if require.Equal(t, c.code != "", len(found) > 0, "%s: %v", name, found); c.code != "" {
			require.Equal(t, c.code, found[0].Code, "%s: %v", name, found)
			for _, lang := range []string{"en", "zh"} {
				m := errs.Lookup(found[0].Code).In(lang)
				require.NotEmpty(t, m.Next, "a remedy, in %s", lang)
				require.NotRegexp(t, `\{[a-z_]+\}`, errs.Fill(m.What+m.Next, found[0].Args))
			}
		}
		require.Zero(t, s.Writes(), "a check changes nothing")
	}
}

// echo: the system gives a record that was written a new time of change, so the next run reads it again. Nothing else of the
// row may differ, or the hub would take its own write for news.
func echo(t *testing.T, h WriteBack) {
	s := h.Start(t)
	src := h.open(t, s, map[string]any{"retry_budget": "2s", "timeout": "5s"})
	_, w := src.(connectors.WriteBacker).WriteBack()
	for stream, c := range map[string]struct {
		id     string
		values map[string]string
	}{
		s.Customers:  {s.IDs[0], map[string]string{s.Golden: goldenID}},
		s.Complaints: {s.Case, map[string]string{s.State: "closed", s.Answer: "已答复"}},
	} {
		i := slices.IndexFunc(h.Driver.Streams, func(i connectors.StreamInfo) bool { return i.Name == stream })
		cursor := h.Driver.Streams[i].Cursor
		fields := func(rows []connectors.Row) map[string]any {
			at := slices.IndexFunc(rows, func(r connectors.Row) bool { return r.Key == c.id })
			require.GreaterOrEqual(t, at, 0, "the record is not read")
			require.Equal(t, connectors.Upsert, rows[at].Op)
			out := maps.Clone(rows[at].Fields)
			delete(out, cursor)
			return out
		}
		rows, _, last := Drain(t, src, stream, nil)
		before := fields(rows)
		s.Advance(time.Hour)
		require.NoError(t, w.WriteFields(t.Context(), stream, c.id, c.values))
		s.Advance(time.Hour)
		rows, _, _ = Drain(t, src, stream, last)
		require.Len(t, rows, 1)
		require.Equal(t, before, fields(rows))
		require.NotContains(t, strings.Join(slices.Collect(maps.Keys(before)), " "), s.Golden)
	}
}

func readFieldsAreKept(t *testing.T, h WriteBack) {
	s := h.Start(t)
	for code, group := range map[string]map[string]any{
		"connectors.writeback_read":   {"golden_id": map[string]any{s.Customers: strings.ToUpper(h.Read)}},
		"connectors.writeback_stream": {"golden_id": map[string]any{s.Complaints: s.Golden}},
	} {
		_, problems := specOf(t, Harness{Driver: h.Driver}).Parse("p", merged(s.Settings, map[string]any{"writeback": group}))
		require.Len(t, problems, 1)
		require.Equal(t, code, errs.CodeOf(problems[0].Err))
	}
	tenant := map[string]any{"tenant_fields": map[string]any{s.Customers + ".own": s.Golden}, "writeback": s.group()}
	_, problems := specOf(t, Harness{Driver: h.Driver}).Parse("p", merged(s.Settings, tenant))
	require.Len(t, problems, 1)
}
