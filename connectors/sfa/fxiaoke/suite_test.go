package fxiaoke_test

import (
	"encoding/json"
	"fmt"
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
	*connectortest.Site
	*simfxiaoke.Server
}

func start(t *testing.T, change func(*simfxiaoke.Options)) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	options := sandbox.FxiaokeTenant(b.Clock.Now, b.Faults)
	if change != nil {
		change(&options)
	}
	b.Server = simfxiaoke.New(options, sandbox.FxiaokeObjects(connectortest.SmallWorld(t), world.SFA)...)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: account, Text: "name", Publish: func(rows []map[string]any) {
		b.SetObject(simfxiaoke.Object{APIName: "AccountObj", Fields: accountFields, Rows: simfxiaoke.List(rows)})
	}}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("fxiaoke", b.URL)
	s["base_url"] = b.URL
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
					return b.System(s, b.BeforeQuery, b.Logins)
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
	return connectortest.Open(t, fxiaoke.New, b.Clock.Now, b.settings(), change)
}

func TestLookUpsDatesAndCodeLists(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, nil)
	visits, _, _ := connectortest.Drain(t, src, "visit", nil)
	require.NotEmpty(t, visits)
	for _, r := range visits {
		require.Regexp(t, `^\d{4}-\d\d-\d\d$`, r.Fields["date"])
		require.Equal(t, r.SourceTime.Truncate(24*time.Hour).Format(time.DateOnly), r.Fields["date"])
		require.Equal(t, "代表甲", r.Fields["owner_name"])
		require.Equal(t, "拜访", r.Fields["active_record_type_label"])
	}
	contacts, _, _ := connectortest.Drain(t, src, "contact", nil)
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
	b.Rows.Fill(5)
	src := open(t, b, nil)
	_, _, last := connectortest.Drain(t, src, "account", nil)
	b.Clock.Advance(time.Hour)
	rows := simfxiaoke.List{}
	for i := range 5 {
		rows = append(rows, account(i, connectortest.Start.Add(-time.Hour)))
	}
	rows[2]["life_status"], rows[2]["last_modified_time"] = "invalid", b.Clock.Now().UnixMilli()
	b.SetObject(simfxiaoke.Object{APIName: "AccountObj", Fields: accountFields, Rows: rows})
	b.Clock.Advance(time.Hour)
	got, _, _ := connectortest.Drain(t, src, "account", last)
	require.Len(t, got, 1)
	require.Equal(t, connectors.Delete, got[0].Op)
	keys, err := src.Keys(t.Context(), "account")
	require.NoError(t, err)
	require.Len(t, keys, 4)
	require.NotContains(t, keys, got[0].Key)
}

func TestALoneRowMayComeWithoutItsList(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.LoneAsMap = true })
	b.Rows.Fill(1)
	rows, _, _ := connectortest.Drain(t, open(t, b, nil), "account", nil)
	require.Len(t, rows, 1)
	require.Equal(t, "医院0", rows[0].Fields["name"])
}

// The vendor finds calls by an id that each must have of its own, logins and repeats too.
func TestEveryCallHasATraceIdOfItsOwn(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(150)
	b.Faults.Every(fault.TransientIn200, 2)
	b.Faults.Every(fault.SessionExpiry, 5)
	connectortest.Drain(t, open(t, b, map[string]any{"page_size": 10, "retry_budget": "5s"}), "account", nil)
	require.Positive(t, b.Faults.Hits(fault.TransientIn200))
	require.Zero(t, b.Untraced())
}

// The day's calls are used up: the run stops, says until when, and goes on behind the last row when they are counted anew.
func TestTheDaysCallsAreUsedUp(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.CallsPerDay = 5 })
	b.Rows.Fill(60)
	src := open(t, b, map[string]any{"page_size": 10})
	require.NoError(t, src.Open(t.Context(), "account", nil))
	var last json.RawMessage
	for range 4 { // behind one description
		page, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Len(t, page.Rows, 10)
		last = page.Position
	}
	_, err := src.Read(t.Context())
	require.Equal(t, "connectors.quota", errs.CodeOf(err))
	require.Contains(t, err.Error(), "2025-03-11T00:00:00+08:00")
	b.Clock.Advance(12 * time.Hour)
	rest, _, _ := connectortest.Drain(t, src, "account", last)
	require.Len(t, rest, 20)
}

// The token endpoint takes few calls a minute and gives the same token for most of its life.
func TestTokensAreKept(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.LoginsPerMinute = 2 })
	b.Rows.Fill(3)
	src := open(t, b, nil)
	for range 5 {
		connectortest.Drain(t, src, "account", nil)
		b.Clock.Advance(time.Hour)
	}
	require.Equal(t, 3, b.Logins(), "five hours, tokens of two hours")
	for range 2 {
		connectortest.Drain(t, open(t, b, nil), "account", nil)
	}
	require.Equal(t, "connectors.throttled", errs.CodeOf(open(t, b, nil).Open(t.Context(), "account", nil)))
}

// What an enterprise is refused stops the connection: every further try is counted against it.
func TestAnEnterpriseThatIsRefused(t *testing.T) {
	b := start(t, func(o *simfxiaoke.Options) { o.PermanentCode = "another" })
	src := open(t, b, nil)
	for range 3 {
		require.Equal(t, "connectors.credentials", errs.CodeOf(src.Open(t.Context(), "account", nil)))
	}
	require.Equal(t, 1, b.Logins())
}

// The deep end: behind an offset of 10,000 the platform would answer no more.
func TestBeyondTheDeepestOffset(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(10_250)
	rows, _, _ := connectortest.Drain(t, open(t, b, nil), "account", nil)
	require.Len(t, rows, 10_250)
}
