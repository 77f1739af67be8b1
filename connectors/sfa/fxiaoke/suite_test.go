package fxiaoke_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfxiaoke"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/fxiaoke"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// bench is a simulated tenant.
type bench struct {
	*simfxiaoke.Server
	url    string
	faults *fault.Set
	clock  connectortest.Clock
	rows   connectortest.Rows
}

func start(t *testing.T, change func(*simfxiaoke.Options)) *bench {
	t.Helper()
	b := &bench{faults: fault.New()}
	options := sandbox.FxiaokeTenant(b.clock.Now, b.faults)
	if change != nil {
		change(&options)
	}
	b.Server = simfxiaoke.New(options, sandbox.FxiaokeObjects(connectortest.SmallWorld(t), world.SFA)...)
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	b.rows = connectortest.Rows{Clock: &b.clock, Make: account, Text: "name", Publish: func(rows []map[string]any) {
		b.SetObject(simfxiaoke.Object{APIName: "AccountObj", Fields: accountFields, Rows: simfxiaoke.List(rows)})
	}}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("fxiaoke", b.url)
	s["base_url"] = b.url
	return s
}

var accountFields = []simfxiaoke.Field{
	{Name: "name", Type: "text"}, {Name: "uscc__c", Type: "text"}, {Name: "licence__c", Type: "text"}, {Name: "level__c", Type: "text"},
	{Name: "account_type", Type: "select_one", Choices: map[string]string{"1": "医院"}},
}

func account(i int, at time.Time) map[string]any {
	return map[string]any{
		"_id": fmt.Sprintf("61%022d", i), "create_time": connectortest.Start.Add(-1e6 * time.Second).UnixMilli(), "last_modified_time": at.UnixMilli(),
		"life_status": "normal", "name": fmt.Sprintf("医院%d", i), "account_type": "1",
	}
}

func TestConnector(t *testing.T) {
	driver, err := fxiaoke.Driver()
	require.NoError(t, err)
	for _, auth := range []string{"app_secret", "corp_token"} {
		t.Run(auth, func(t *testing.T) {
			connectortest.Run(t, connectortest.Harness{
				Driver: driver, Text: "name", Stream: "account", BaseURL: []string{"base_url"}, Password: "app_secret", PageSize: "page_size", MaxPage: 100,
				Start: func(t *testing.T) *connectortest.System {
					b := start(t, nil)
					s := b.settings()
					s["auth"] = auth
					return &connectortest.System{Settings: s, Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Advance: b.clock.Advance, Before: b.BeforeQuery, Fill: b.rows.Fill, Touch: b.rows.Touch, Remove: b.rows.Remove, Write: b.rows.Write}
				},
				Passing: []fault.Name{
					fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.CodeAsText, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow,
				},
				Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry},
			})
		})
	}
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	spec, err := connectors.SpecOf(fxiaoke.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["retry_first"], raw["retry_budget"], raw["calls_per_second"] = "1ms", "50ms", 0
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := fxiaoke.New(settings.(fxiaoke.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// drain reads a run from a position to its end or its first error.
func drain(t *testing.T, src *objectsource.Source, stream string, from json.RawMessage) (rows []connectors.Row, last json.RawMessage, err error) {
	t.Helper()
	if err := src.Open(t.Context(), stream, from); err != nil {
		return nil, from, err
	}
	last = from
	for {
		b, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return rows, last, nil
		}
		if err != nil {
			return rows, last, err
		}
		rows, last = append(rows, b.Rows...), b.Position
	}
}

func TestLookUpsDatesAndCodeLists(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, nil)
	visits, _, err := drain(t, src, "visit", nil)
	require.NoError(t, err)
	require.NotEmpty(t, visits)
	for _, r := range visits {
		require.Regexp(t, `^\d{4}-\d\d-\d\d$`, r.Fields["date"])
		require.Equal(t, r.SourceTime.Truncate(24*time.Hour).Format(time.DateOnly), r.Fields["date"])
		require.Equal(t, "代表甲", r.Fields["owner_name"])
		require.Equal(t, "拜访", r.Fields["active_record_type_label"])
	}
	contacts, _, err := drain(t, src, "contact", nil)
	require.NoError(t, err)
	named := 0
	for _, r := range contacts {
		require.Equal(t, r.Fields["account_id"] == nil, r.Fields["account_id_name"] == nil)
		if r.Fields["account_id_name"] != nil {
			named++
		}
	}
	require.Positive(t, named)
}

// An invalidated row is a delete, and no key of the stream any more.
func TestAnInvalidatedRowIsADelete(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(5)
	src := open(t, b, nil)
	_, last, err := drain(t, src, "account", nil)
	require.NoError(t, err)
	b.clock.Advance(time.Hour)
	rows := simfxiaoke.List{}
	for i := range 5 {
		rows = append(rows, account(i, connectortest.Start.Add(-time.Hour)))
	}
	rows[2]["life_status"], rows[2]["last_modified_time"] = "invalid", b.clock.Now().UnixMilli()
	b.SetObject(simfxiaoke.Object{APIName: "AccountObj", Fields: accountFields, Rows: rows})
	b.clock.Advance(time.Hour)
	got, _, err := drain(t, src, "account", last)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, connectors.Delete, got[0].Op)
	keys, err := src.Keys(t.Context(), "account")
	require.NoError(t, err)
	require.Len(t, keys, 4)
	require.NotContains(t, keys, got[0].Key)
}

func TestALoneRowMayComeWithoutItsList(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.LoneAsMap = true })
	b.rows.Fill(1)
	rows, _, err := drain(t, open(t, b, nil), "account", nil)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "医院0", rows[0].Fields["name"])
}

// The vendor finds calls by an id that each must have of its own, logins and repeats too.
func TestEveryCallHasATraceIdOfItsOwn(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(150)
	b.faults.Every(fault.TransientIn200, 2)
	b.faults.Every(fault.SessionExpiry, 5)
	_, _, err := drain(t, open(t, b, map[string]any{"page_size": 10, "retry_budget": "5s"}), "account", nil)
	require.NoError(t, err)
	require.Positive(t, b.faults.Hits(fault.TransientIn200))
	require.Zero(t, b.Untraced())
}

// The day's calls are used up: the run stops, says until when, and goes on behind the last row when they are counted anew.
func TestTheDaysCallsAreUsedUp(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.CallsPerDay = 5 })
	b.rows.Fill(60)
	src := open(t, b, map[string]any{"page_size": 10})
	first, last, err := drain(t, src, "account", nil)
	require.Equal(t, "connectors.quota", errs.CodeOf(err))
	require.Contains(t, err.Error(), "2025-03-11T00:00:00+08:00")
	require.Len(t, first, 40, "one description, four pages")
	b.clock.Advance(12 * time.Hour)
	rest, _, err := drain(t, src, "account", last)
	require.NoError(t, err)
	require.Len(t, rest, 20)
}

// The token endpoint takes few calls a minute and gives the same token for most of its life.
func TestTokensAreKept(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.LoginsPerMinute = 2 })
	b.rows.Fill(3)
	src := open(t, b, nil)
	for range 5 {
		_, _, err := drain(t, src, "account", nil)
		require.NoError(t, err)
		b.clock.Advance(time.Hour)
	}
	require.Equal(t, 3, b.Logins(), "five hours, tokens of two hours")
	for i := range 3 {
		_, _, err := drain(t, open(t, b, nil), "account", nil)
		require.Equal(t, map[bool]string{true: "connectors.throttled"}[i == 2], errs.CodeOf(err))
	}
}

// What an enterprise is refused stops the connection: every further try is counted against it.
func TestAnEnterpriseThatIsRefused(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.PermanentCode = "another" })
	src := open(t, b, nil)
	for range 3 {
		_, _, err := drain(t, src, "account", nil)
		require.Equal(t, "connectors.credentials", errs.CodeOf(err))
	}
	require.Equal(t, 1, b.Logins())
}

// The deep end: behind an offset of 10,000 the platform would answer no more.
func TestBeyondTheDeepestOffset(t *testing.T) {
	b := start(t, nil)
	b.rows.Fill(10_250)
	rows, _, err := drain(t, open(t, b, nil), "account", nil)
	require.NoError(t, err)
	require.Len(t, rows, 10_250)
}
