package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// scripted is a source of pages; its position is the number of pages read. It fails when it is used against the
// contract.
type scripted struct {
	t        require.TestingT
	pages    [][]connectors.Row
	snapshot bool
	shown    *connectors.Days // told with the last page
	failAt   int              // page at which Read fails once; -1 = never
	before   func(page int)
	told     func(position int) // by Ack

	next  int
	acked []int
	open  bool
}

var errScripted = errors.New("the source went away")

func (s *scripted) Check(context.Context) ([]connectors.Finding, error)       { return nil, nil }
func (s *scripted) Discover(context.Context) ([]connectors.StreamInfo, error) { return nil, nil }

func (s *scripted) Open(_ context.Context, _ string, position json.RawMessage) error {
	s.next, s.open = 0, true
	if position != nil && !s.snapshot {
		n, err := strconv.Atoi(string(position))
		require.NoError(s.t, err)
		s.next = n
	}
	return nil
}

func (s *scripted) Read(context.Context) (connectors.Batch, error) {
	require.True(s.t, s.open)
	if s.next == s.failAt {
		s.failAt = -1
		return connectors.Batch{}, errScripted
	}
	if s.next >= len(s.pages) {
		return connectors.Batch{}, io.EOF
	}
	if s.before != nil {
		s.before(s.next)
	}
	b := connectors.Batch{Rows: s.pages[s.next], Raw: []byte("page"), Position: json.RawMessage(strconv.Itoa(s.next + 1))}
	s.next++
	b.SnapshotEnd = s.snapshot && s.next == len(s.pages)
	if s.next == len(s.pages) {
		b.Shown = s.shown
	}
	return b, nil
}

func (s *scripted) Ack(_ context.Context, position json.RawMessage) error {
	n, err := strconv.Atoi(string(position))
	s.acked = append(s.acked, n)
	if s.told != nil {
		s.told(n)
	}
	return err
}

func (s *scripted) Close() error { s.open = false; return nil }

const customerMap = `
entity: customer
key: [id]
fields:
  code: id
  name: name
  kind: {const: hospital}
skip: 'name == "skip"'
`

const flowMap = `
entity: flow
ledger: sales
key: [entry]
deleted: 'state == "void"'
fields:
  date: day
  doc_no: bill
  source_row: entry
  partner.code: buyer
  partner.name: {from: buyer_name}
  product.code: sku
  product.name: sku
  quantity: qty
`

func pullOf(t require.TestingT, deletes, text string) pipeline.Pull {
	m, err := mapping.Parse("test", []byte(text))
	require.NoError(t, err)
	return pipeline.Pull{Connection: "erp", Stream: connectors.StreamInfo{Name: "s", Entity: m.Entity(), Ledger: m.Ledger(), Deletes: deletes}, Map: m, MapText: text,
		Trust: 50, Actor: "os:test", Party: store.Party{Key: "M", Name: "百川制药有限公司", Known: true}}
}

func row(n int, id, name string) connectors.Row {
	return connectors.Row{Key: id, Number: n, Fields: map[string]any{"id": id, "name": name}}
}

func (b *ingestBench) living() map[string]string {
	b.t.Helper()
	out := map[string]string{}
	require.NoError(b.t, b.db.EachCustomer(b.t.Context(), func(records []store.CustomerRecord) error {
		for _, r := range records {
			if r.Key.Source == "erp" && r.Living() {
				out[r.Key.ID] = r.Customer.Name
			}
		}
		return nil
	}))
	return out
}

func TestAPullResumesAndAcknowledgesOnlyWhatIsStored(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		ctx := t.Context()
		src := &scripted{t: t, failAt: 2, pages: [][]connectors.Row{{row(1, "C1", "甲"), row(2, "C2", "乙")}, {row(3, "C3", "丙")}, {row(4, "C1", "甲二"), row(5, "C4", "")}, {row(6, "C5", "skip")}}}
		run, err := b.ingest.Pull(ctx, src, pullOf(t, "none", customerMap))
		require.ErrorIs(t, err, errScripted)
		require.Equal(t, store.RunFailed, run.Status)
		require.Equal(t, counts(3, 0, 0, 0), run.Counts, "what was read before the failure is stored")
		state, err := b.db.Stream(ctx, "erp", "s")
		require.NoError(t, err)
		require.Equal(t, "2", string(state.Position))
		for _, n := range src.acked {
			require.LessOrEqual(t, n, 2)
		}

		// Both are called on the goroutine that reads: they note what is wrong and go on.
		src.told = func(n int) {
			state, err := b.db.Stream(ctx, "erp", "s")
			assert.NoError(t, err)
			stored, err := strconv.Atoi(string(state.Position))
			assert.NoError(t, err)
			assert.LessOrEqual(t, n, stored)
		}
		var release func()
		src.before = func(page int) {
			switch page {
			case 2:
				release = holdWrites(t, b.db) // the rows of this page cannot be stored before the next one is read
			case 3:
				release()
			}
		}
		run, err = b.ingest.Pull(ctx, src, pullOf(t, "none", customerMap))
		require.NoError(t, err)
		require.Equal(t, counts(1, 0, 1, 1), run.Counts)
		require.Equal(t, "4", string(run.Position))
		require.Equal(t, 4, src.acked[len(src.acked)-1])
		require.Equal(t, map[string]string{"C1": "甲二", "C2": "乙", "C3": "丙"}, b.living())
	})
}

// holdWrites keeps others from writing into an SQLite database until it is released.
func holdWrites(t *testing.T, db *store.DB) (release func()) {
	held, until, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	holds := sync.OnceFunc(func() { close(held) })
	go func() {
		defer close(done)
		defer holds()
		assert.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			err := tx.SetSetting(t.Context(), "held", "yes")
			holds()
			<-until
			return err
		}))
	}()
	<-held
	return func() { close(until); <-done }
}

func TestDeletesOfASnapshot(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		all := make([]connectors.Row, 100)
		for n := range all {
			all[n] = row(n+1, fmt.Sprintf("C%02d", n), "客户")
		}
		pull := func(rows []connectors.Row, change ...func(*pipeline.Pull)) store.Run {
			req := pullOf(t, "snapshot", customerMap)
			for _, c := range change {
				c(&req)
			}
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: [][]connectors.Row{rows[:len(rows)/2], rows[len(rows)/2:]}}, req)
			require.NoError(t, err)
			require.True(t, run.Counts.Balanced())
			return run
		}
		pull(all)
		require.Len(t, b.living(), 100)
		run := pull(all[3:])
		require.Equal(t, counts(0, 97, 0, 0), run.Counts)
		require.Equal(t, "ingest.snapshot_deleted", run.Warnings[0].Code)
		require.Len(t, b.living(), 97)
		run = pull(all[60:])
		require.Equal(t, "ingest.snapshot_drop", run.Warnings[0].Code, "half the customers do not vanish in a night")
		require.Len(t, b.living(), 97)
		pull(all[60:], func(p *pipeline.Pull) { p.AcceptDeletes = true })
		require.Len(t, b.living(), 40)
		pull(all)
		require.Len(t, b.living(), 100, "what comes back lives again")

		src := &scripted{t: t, failAt: 1, snapshot: true, pages: [][]connectors.Row{all[:50], all[50:98]}}
		_, err := b.ingest.Pull(t.Context(), src, pullOf(t, "snapshot", customerMap))
		require.ErrorIs(t, err, errScripted)
		require.Len(t, b.living(), 100, "a list that broke off deletes nothing")
	})
}

// A record is of the stream that brought it last: one that was imported before, or that moved to another list of its system,
// is missed where it is looked for. Where two streams name different things alike, somebody hears of it.
func TestARecordIsOfTheStreamThatBroughtItLast(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		pull := func(stream string, siblings []string, rows ...connectors.Row) store.Run {
			req := pullOf(t, "snapshot", customerMap)
			req.Stream.Name, req.Siblings, req.AcceptDeletes = stream, siblings, true
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: [][]connectors.Row{rows}}, req)
			require.NoError(t, err)
			return run
		}
		both := []string{"import", "open", "closed"}
		pull("import", nil, row(1, "A", "甲医院"), row(2, "B", "乙医院"), row(3, "C", "丙医院"))
		require.Empty(t, pull("open", both[1:], row(1, "A", "甲医院"), row(2, "B", "乙医院二部")).Warnings, "the import is no stream of the connection")
		require.Equal(t, map[string]string{"A": "甲医院", "B": "乙医院二部", "C": "丙医院"}, b.living())
		require.Equal(t, "ingest.snapshot_deleted", pull("open", both, row(2, "B", "乙医院二部")).Warnings[0].Code)
		require.Equal(t, map[string]string{"B": "乙医院二部", "C": "丙医院"}, b.living())

		moved := pull("closed", both, row(1, "B", "乙医院（停业）"), row(2, "D", "丁医院"))
		require.Equal(t, []store.Notice{{Code: "ingest.other_stream", Args: map[string]any{"count": 1, "key": "B", "stream": "open"}}}, moved.Warnings)
		require.Empty(t, pull("open", both, row(1, "E", "戊医院")).Warnings)
		require.Equal(t, map[string]string{"B": "乙医院（停业）", "C": "丙医院", "D": "丁医院", "E": "戊医院"}, b.living())
	})
}

func TestPulledLedgerRows(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		at := func(minute int) time.Time { return time.Date(2025, 3, 1, 8, minute, 0, 0, time.UTC) }
		line := func(entry, qty, state string, minute int) connectors.Row {
			return connectors.Row{Key: entry, Number: minute, SourceTime: at(minute), Fields: map[string]any{"entry": entry, "bill": "B1", "day": "2025-03-01",
				"buyer": "C1", "buyer_name": "市一院", "sku": "P1", "qty": qty, "state": state}}
		}
		pull := func(rows ...connectors.Row) store.Counts {
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: [][]connectors.Row{rows}}, pullOf(t, "flag", flowMap))
			require.NoError(t, err)
			return run.Counts
		}
		book := func() []string {
			lines, err := b.db.Book(t.Context(), "M")
			require.NoError(t, err)
			out := []string{}
			for _, l := range lines {
				out = append(out, l.DocNo+" "+l.Quantity.String())
			}
			return out
		}
		require.Equal(t, counts(2, 0, 1, 0), pull(line("1", "5", "ok", 1), line("2", "7", "ok", 2), line("3", "x", "ok", 3)))
		require.Equal(t, counts(1, 1, 0, 0), pull(line("1", "6", "ok", 9), line("2", "7", "ok", 2)))
		require.Equal(t, counts(0, 1, 0, 0), pull(line("1", "5", "ok", 1)), "an older version changes nothing")
		require.ElementsMatch(t, []string{"B1 6", "B1 7"}, book())
		require.Equal(t, counts(1, 0, 0, 0), pull(line("2", "7", "void", 10)))
		require.Equal(t, []string{"B1 6"}, book())
		require.Equal(t, counts(0, 1, 0, 0), pull(line("2", "7", "ok", 2)), "nor does one older than the delete")
		require.Equal(t, counts(1, 0, 0, 0), pull(line("2", "8", "ok", 11)))
		require.ElementsMatch(t, []string{"B1 6", "B1 8"}, book())

		_, items, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 9})
		require.NoError(t, err)
		require.Len(t, items, 1)
		item, err := b.db.QuarantinedRow(t.Context(), items[0].ID)
		require.NoError(t, err)
		fixed, err := mapping.Parse("test", []byte(flowMap[:len(flowMap)-len("  quantity: qty\n")]+"  quantity: {expr: 'qty == \"x\" ? \"10\" : qty'}\n"))
		require.NoError(t, err)
		for n, want := range []store.Counts{counts(1, 0, 0, 0)} {
			run, err := b.ingest.Replay(t.Context(), pipeline.Replay{Rows: []store.Quarantined{item}, Map: fixed, Ledger: canonical.Sales, Entity: canonical.EntityFlow,
				Party: store.Party{Key: "M", Name: "百川制药有限公司", Known: true}, Actor: "os:test"})
			require.NoError(t, err, n)
			require.Equal(t, want, run.Counts)
		}
		require.ElementsMatch(t, []string{"B1 6", "B1 8", "B1 10"}, book())
		_, err = b.ingest.Replay(t.Context(), pipeline.Replay{Rows: []store.Quarantined{item}, Map: fixed, Ledger: canonical.Sales, Entity: canonical.EntityFlow,
			Party: store.Party{Key: "M", Name: "百川制药有限公司", Known: true}, Actor: "os:test"})
		require.Error(t, err, "a row leaves the quarantine once")
	})
}

// A ledger whose days are read again: what is not shown any more is taken back, in those days and of that stream only.
func TestRowsThatVanishFromDaysReadAgain(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		line := func(key, day, qty string) connectors.Row {
			return connectors.Row{Key: key, Number: 1, Fields: map[string]any{"entry": key, "bill": "B" + key, "day": day, "buyer": "C1", "buyer_name": "市一院", "sku": "P1", "qty": qty, "state": "ok"}}
		}
		date := func(text string) canonical.Date {
			d, err := canonical.ParseDate(text)
			require.NoError(t, err)
			return d
		}
		connection := "erp"
		pull := func(from string, rows ...connectors.Row) store.Run {
			days := &connectors.Days{To: date("2025-04-01")}
			if from != "" {
				days.From = date(from)
			}
			plan := pullOf(t, "flag", flowMap)
			plan.Connection = connection
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, shown: days, pages: [][]connectors.Row{rows}}, plan)
			require.NoError(t, err)
			return run
		}
		book := func() (out []string) {
			lines, err := b.db.Book(t.Context(), "M")
			require.NoError(t, err)
			for _, l := range lines {
				out = append(out, l.DocNo+" "+l.Quantity.String())
			}
			return out
		}
		old, a, c := line("1", "2025-03-01", "5"), line("2", "2025-03-20", "7"), line("3", "2025-03-21", "9")
		pull("", old, a, c)
		connection = "crm"
		pull("", line("9", "2025-03-20", "1"))
		connection = "erp"
		run := pull("2025-03-15", line("3", "2025-03-21", "8"), line("4", "2025-03-22", "2"))
		require.ElementsMatch(t, []string{"B1 5", "B3 8", "B4 2", "B9 1"}, book(), "one added, one modified, one gone")
		require.Len(t, run.Warnings, 1)
		require.Equal(t, "ingest.snapshot_deleted", run.Warnings[0].Code)
		pull("2025-03-15", a, line("3", "2025-03-21", "8"), line("4", "2025-03-22", "2"))
		require.ElementsMatch(t, []string{"B1 5", "B2 7", "B3 8", "B4 2", "B9 1"}, book(), "it came back")

		run = pull("2025-03-15", a, line("3", "2025-03-21", "x"), line("4", "2025-03-22", "2"))
		require.EqualValues(t, 1, run.Counts.Quarantined)
		require.Len(t, book(), 5, "a row that turned bad is not gone")

		var many []connectors.Row
		for i := range 40 {
			many = append(many, line(strconv.Itoa(100+i), "2025-03-25", "1"))
		}
		pull("2025-03-25", many...)
		run = pull("2025-03-25", many[0])
		require.Equal(t, "ingest.snapshot_drop", run.Warnings[0].Code)
		require.Len(t, book(), 45, "so much is doubted")
	})
}

// A copy of the source that is behind another one has not got every row yet that the other one showed.
func TestRowsOfAMomentAgoAreNotMissedWhereAnswersLag(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		line := func(key string) connectors.Row {
			return connectors.Row{Key: key, Number: 1, Fields: map[string]any{"entry": key, "bill": "B" + key, "day": "2025-03-20", "buyer": "C1", "buyer_name": "市一院", "sku": "P1", "qty": "1", "state": "ok"}}
		}
		april, err := canonical.ParseDate("2025-04-01")
		require.NoError(t, err)
		pull := func(behind time.Duration, rows ...connectors.Row) (lines int) {
			shown := &connectors.Days{To: april, Behind: behind}
			_, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, shown: shown, pages: [][]connectors.Row{rows}}, pullOf(t, "flag", flowMap))
			require.NoError(t, err)
			book, err := b.db.Book(t.Context(), "M")
			require.NoError(t, err)
			return len(book)
		}
		require.Equal(t, 2, pull(time.Hour, line("1"), line("2")))
		require.Equal(t, 2, pull(time.Hour, line("1")), "a copy an hour behind may not have it yet")
		require.Equal(t, 1, pull(time.Microsecond, line("1")), "one that was level with the last run has lost it")
	})
}

// TestPullsEndAlikeWhereverTheyBreak: whatever page a source fails at, however often, the end is the same.
func TestPullsEndAlikeWhereverTheyBreak(t *testing.T) {
	b := openIngest(t, "sqlite:hub.db", t.TempDir())
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		var pages [][]connectors.Row
		number := 0
		want := map[string]string{}
		for range rapid.IntRange(1, 6).Draw(t, "pages") {
			var page []connectors.Row
			for range rapid.IntRange(0, 4).Draw(t, "rows") {
				number++
				r := row(number, fmt.Sprintf("C%d", rapid.IntRange(1, 5).Draw(t, "key")), fmt.Sprintf("名%d", number))
				if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
					r.Op = connectors.Delete
					delete(want, r.Key)
				} else {
					want[r.Key] = r.Fields["name"].(string)
				}
				page = append(page, r)
			}
			pages = append(pages, page)
		}
		req := pullOf(t, "none", customerMap)
		req.Connection = fmt.Sprintf("erp%d", n)
		for range len(pages) + 1 {
			src := &scripted{t: t, pages: pages, failAt: rapid.IntRange(-1, len(pages)).Draw(t, "fails at")}
			if _, err := b.ingest.Pull(b.t.Context(), src, req); err == nil {
				break
			}
		}
		_, err := b.ingest.Pull(b.t.Context(), &scripted{t: t, pages: pages, failAt: -1}, req)
		require.NoError(t, err)
		got := map[string]string{}
		require.NoError(t, b.db.EachCustomer(b.t.Context(), func(records []store.CustomerRecord) error {
			for _, r := range records {
				if r.Key.Source == req.Connection && r.Living() {
					got[r.Key.ID] = r.Customer.Name
				}
			}
			return nil
		}))
		require.Equal(t, want, got)
	})
}

// A run stops when the share of bad rows passes the limit; what was read is stored or in quarantine, and the next run goes
// on behind it.
func TestAPullStopsWhenTooManyRowsAreBad(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		page := func(from, bad int) (rows []connectors.Row) {
			for i := range 500 {
				name := "医院" + strconv.Itoa(from+i)
				if i < bad {
					name = ""
				}
				rows = append(rows, row(from+i+1, strconv.Itoa(from+i), name))
			}
			return rows
		}
		src := &scripted{t: t, failAt: -1, pages: [][]connectors.Row{page(0, 200), page(500, 300), page(1000, 0), page(1500, 0)}}
		plan := pullOf(t, "none", customerMap)
		plan.MaxBad = 0.4
		run, err := b.ingest.Pull(t.Context(), src, plan)
		require.Equal(t, "ingest.too_many_bad", errs.CodeOf(err), "%v", err)
		require.Equal(t, store.RunFailed, run.Status)
		require.Equal(t, store.Counts{Read: 1000, Canonical: 500, Quarantined: 500}, run.Counts)
		require.Contains(t, run.Error.Text("zh"), "500")
		require.Equal(t, "2", string(run.Position))
		plan.MaxBad = 0.6
		run, err = b.ingest.Pull(t.Context(), src, plan)
		require.NoError(t, err, "limits are per run")
		require.EqualValues(t, 1000, run.Counts.Read)

		plan = pullOf(t, "none", customerMap)
		plan.Connection, plan.MaxBad, plan.MaxBadRows = "few", 1, 3
		src = &scripted{t: t, failAt: -1, pages: [][]connectors.Row{page(0, 3), page(500, 1), page(1000, 0)}}
		run, err = b.ingest.Pull(t.Context(), src, plan)
		require.Equal(t, "ingest.too_many_bad", errs.CodeOf(err), "a number stops a run before its share does: %v", err)
		require.Equal(t, store.Counts{Read: 1000, Canonical: 996, Quarantined: 4}, run.Counts)
		require.Contains(t, run.Error.Text("en"), "limit of 3.")
		run, err = b.ingest.Pull(t.Context(), src, plan)
		require.NoError(t, err)
		require.EqualValues(t, 500, run.Counts.Read)
	})
}

func TestSilenceIsSaid(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		codes := func(run store.Run) (out []string) {
			for _, w := range run.Warnings {
				out = append(out, w.Code)
			}
			return out
		}
		many := func(n int) (rows []connectors.Row) {
			for i := range n {
				rows = append(rows, row(i+1, strconv.Itoa(i), "医院"+strconv.Itoa(i)))
			}
			return rows
		}
		list := pullOf(t, "none", customerMap)
		list.Stream.Name, list.Stream.Key = "list", []string{"id"}
		for _, c := range []struct {
			rows int
			want []string
		}{{40, nil}, {39, nil}, {15, []string{"ingest.volume_drop"}}, {0, []string{"ingest.zero_rows"}}, {0, nil}} {
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: [][]connectors.Row{many(c.rows)}}, list)
			require.NoError(t, err)
			require.Equal(t, c.want, codes(run), "%d rows", c.rows)
		}
		stream := pullOf(t, "none", customerMap)
		stream.Stream.Key, stream.Stream.Cursor = []string{"id"}, "t"
		for _, c := range []struct {
			after time.Duration
			rows  int
			want  []string
		}{{time.Nanosecond, 1, nil}, {time.Hour, 0, nil}, {time.Nanosecond, 0, []string{"ingest.silent"}}, {0, 0, nil}} {
			stream.SilentAfter = c.after
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, pages: [][]connectors.Row{many(c.rows)}}, stream)
			require.NoError(t, err)
			require.Equal(t, c.want, codes(run), "%d rows, silent after %s", c.rows, c.after)
		}
	})
}

// swept is a source that can only list its keys.
type swept struct {
	scripted
	keys   []string
	listed int
}

func (s *swept) Keys(context.Context, string) ([]string, error) {
	s.listed++
	return s.keys, nil
}

// Listing all keys costs as much as a first read: between two comparisons lies the pause that is asked for.
func TestKeysAreComparedNotMoreOftenThanAsked(t *testing.T) {
	b := openIngest(t, "sqlite:hub.db", t.TempDir())
	src := &swept{scripted: scripted{t: t, pages: [][]connectors.Row{{row(1, "H1", "甲医院"), row(2, "H2", "乙医院")}}, failAt: -1}, keys: []string{"H1", "H2"}}
	pull := func(every time.Duration) {
		req := pullOf(t, "sweep", customerMap)
		req.SweepEvery = every
		_, err := pipeline.Ingest{DB: b.db}.Pull(t.Context(), src, req)
		require.NoError(t, err)
	}
	pull(time.Hour) // from the start: nothing stored could be missing
	pull(time.Hour)
	first := src.listed
	require.Equal(t, 1, first, "never compared before")
	src.keys = []string{"H1"}
	pull(time.Hour)
	require.Equal(t, first, src.listed, "compared a moment ago")
	require.Contains(t, b.living(), "H2")
	pull(0)
	require.Equal(t, first+1, src.listed)
	require.NotContains(t, b.living(), "H2")
}

// Rows of a ledger that a source no longer lists are taken back, and come back with the row; a row that became another
// line, for its document has another number now, is not two.
func TestDeletesOfALedgerToldByKeys(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		line := func(entry, bill, qty string, minute int) connectors.Row {
			return connectors.Row{Key: entry, Number: minute, SourceTime: time.Date(2025, 3, 1, 8, minute, 0, 0, time.UTC), Fields: map[string]any{
				"entry": entry, "bill": bill, "day": "2025-03-01", "buyer": "C1", "buyer_name": "市一院", "sku": "P1", "qty": qty}}
		}
		var before [][]connectors.Row
		pull := func(keys []string, rows ...connectors.Row) {
			before = append(before, rows)
			_, err := b.ingest.Pull(t.Context(), &swept{scripted: scripted{t: t, failAt: -1, pages: before}, keys: keys}, pullOf(t, "sweep", flowMap))
			require.NoError(t, err)
		}
		book := func() []string {
			lines, err := b.db.Book(t.Context(), "M")
			require.NoError(t, err)
			out := []string{}
			for _, l := range lines {
				out = append(out, l.DocNo+" "+l.Quantity.String())
			}
			return out
		}
		pull(nil, line("1", "B1", "5", 1), line("2", "B1", "7", 2), line("3", "B3", "9", 3))
		require.ElementsMatch(t, []string{"B1 5", "B1 7", "B3 9"}, book())
		pull([]string{"1", "3"})
		require.ElementsMatch(t, []string{"B1 5", "B3 9"}, book(), "the second is gone")
		pull([]string{"1", "2", "3"}, line("2", "B1", "7", 2))
		require.ElementsMatch(t, []string{"B1 5", "B1 7", "B3 9"}, book(), "and came again as it was")
		pull([]string{"1", "2", "3"}, line("3", "B4", "9", 5))
		require.ElementsMatch(t, []string{"B1 5", "B1 7", "B4 9"}, book(), "another number, the same row")
		pull([]string{"2"})
		require.ElementsMatch(t, []string{"B1 7"}, book())
	})
}
