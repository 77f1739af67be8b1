package vault_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simveeva"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/veeva/vault"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

// bench is a simulated vault.
type bench struct {
	*connectortest.Site
	*simveeva.Vault
	mu      sync.Mutex
	deleted []simveeva.Deletion
	kept    simveeva.List
}

func start(t *testing.T, change func(*simveeva.VaultOptions)) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	options := sandbox.VaultTenant(b.Clock.Now, b.Faults)
	options.Delay = time.Millisecond
	if change != nil {
		change(&options)
	}
	b.Vault = simveeva.NewVault(options, sandbox.VaultObjects(connectortest.SmallWorld(t), world.SFA)...)
	b.Serve(t, b.Vault)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: account, Text: "name__v", Publish: b.publish}
	return b
}

func (b *bench) publish(rows []map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.kept = rows
	b.SetObject(simveeva.Object{Name: "account__v", Fields: accountFields, Rows: b.kept, Deleted: b.deleted})
}

// remove deletes a row: it is in the log, and nowhere else.
func (b *bench) remove(i int) {
	b.mu.Lock()
	b.deleted = append(b.deleted, simveeva.Deletion{ID: b.kept[i]["id"].(string), At: b.Clock.Now()})
	b.mu.Unlock()
	b.Rows.Remove(i)
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("veeva-vault", b.URL)
	s["base_url"] = b.URL
	return s
}

var accountFields = []simveeva.Field{
	{Name: "id", Type: "ID"}, {Name: "name__v", Type: "String"}, {Name: "modified_date__v", Type: "DateTime"}, {Name: "ispersonaccount__v", Type: "Boolean"},
	{Name: "status__v", Type: "Picklist", Picklist: "default_status__v", Values: map[string]string{"active__v": "Active"}}, {Name: "beds__c", Type: "Number"},
	{Name: "uscc__c", Type: "String"}, {Name: "licence__c", Type: "String"}, {Name: "level__c", Type: "String"}, {Name: "title__c", Type: "String"}, {Name: "department__c", Type: "String"}, {Name: "tier__c", Type: "String"},
}

func account(i int, at time.Time) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("V4T%012d", i), "name__v": fmt.Sprintf("医院%d", i), "modified_date__v": at.UTC().Format("2006-01-02T15:04:05.000Z"), "ispersonaccount__v": false, "status__v": []string{"active__v"},
	}
}

func TestConnector(t *testing.T) {
	driver, err := vault.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "name__v", Stream: "hco", BaseURL: []string{"base_url"}, Password: "password", PageSize: "page_size", MaxPage: 1000,
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, nil)
			s := b.System(b.settings(), b.BeforeQuery, b.Logins)
			s.Remove = b.remove
			return s
		},
		Passing:  []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.DeadLocator, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing:  []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.HTTP429, fault.CutBody, fault.HalfJSON, fault.TransientIn200, fault.SessionExpiry, fault.SamePage},
		Optional: []string{"address_state__v_label"}, // the world knows no provinces of doctors
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, vault.New, b.Clock.Now, b.settings(), change)
}

func byKey(rows []connectors.Row) map[string]connectors.Row {
	out := map[string]connectors.Row{}
	for _, r := range rows {
		out[r.Key] = r
	}
	return out
}

// Accounts are institutions or persons, with their primary address; picklists have their words beside them.
func TestAccountsWithTheirAddresses(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, nil)
	institutions, _, _ := connectortest.Drain(t, src, "hco", nil)
	persons, _, _ := connectortest.Drain(t, src, "hcp", nil)
	require.NotEmpty(t, institutions)
	require.NotEmpty(t, persons)
	known := byKey(institutions)
	provinces, employed := 0, 0
	for _, r := range institutions {
		require.Contains(t, []any{"医院", "诊所", "药店", "连锁总部", "商业公司"}, r.Fields["hco_type__v_label"])
		require.Equal(t, "active__v", r.Fields["status__v"], "a picklist of one value is that value")
		require.Equal(t, "200000", r.Fields["address_zip__v"])
		if r.Fields["address_state__v"] != nil {
			require.Regexp(t, `^cn_`, r.Fields["address_state__v"])
			require.NotRegexp(t, `^cn_`, r.Fields["address_state__v_label"])
			provinces++
		}
	}
	for _, r := range persons {
		require.NotContains(t, known, r.Key)
		if at := r.Fields["primary_parent__v"]; at != nil {
			require.Contains(t, known, at)
			require.NotNil(t, r.Fields["primary_parent__vr_name__v"])
			employed++
		}
	}
	require.Positive(t, provinces)
	require.Positive(t, employed)
}

// The header of a group call says so: its attendees' calls count, not itself.
func TestGroupCalls(t *testing.T) {
	b := start(t, nil)
	calls, _, _ := connectortest.Drain(t, open(t, b, nil), "call", nil)
	all, headers := byKey(calls), 0
	for _, r := range calls {
		if parent := r.Fields["parent_call__v"]; parent != nil {
			require.NotNil(t, all[parent.(string)].Fields["attendees_id"])
			require.Nil(t, r.Fields["attendees_id"])
		}
		if r.Fields["attendees_id"] != nil {
			headers++
		}
	}
	require.Positive(t, headers)
	require.Less(t, headers, len(calls)/2)
}

// An address is an object of its own: when it changes, its account is read again, though nothing in it changed.
func TestAChangedAddressBringsItsAccount(t *testing.T) {
	b := start(t, nil)
	address := func(city string, at time.Time) simveeva.Object {
		row := map[string]any{"id": "V5A000000000001", "modified_date__v": at.UTC().Format("2006-01-02T15:04:05.000Z"), "account__v": "V4T000000000003", "primary__v": true, "city__v": city}
		rows := simveeva.List{}
		for i := range 20 {
			a := account(i, now.Add(-time.Hour))
			if i == 3 {
				a["address__vr"] = []map[string]any{{"city__v": "旧城", "primary__v": false}, row}
			}
			rows = append(rows, a)
		}
		b.SetObject(simveeva.Object{Name: "account__v", Fields: accountFields, Rows: rows})
		return simveeva.Object{Name: "address__v", Fields: []simveeva.Field{
			{Name: "id", Type: "ID"}, {Name: "modified_date__v", Type: "DateTime"}, {Name: "primary__v", Type: "Boolean"}, {Name: "city__v", Type: "String"},
			{Name: "account__v", Type: "Object", Object: "account__v", Outbound: "account__vr", Inbound: "address__vr"},
		}, Rows: simveeva.List{row}}
	}
	b.SetObject(address("上海", now.Add(-time.Hour)))
	src := open(t, b, nil)
	rows, _, last := connectortest.Drain(t, src, "hco", nil)
	require.Len(t, rows, 20)
	require.Equal(t, "上海", rows[3].Fields["address_city__v"])
	b.Clock.Advance(time.Hour)
	b.SetObject(address("北京", b.Clock.Now()))
	b.Clock.Advance(time.Hour)
	rows, _, last = connectortest.Drain(t, src, "hco", last)
	require.Len(t, rows, 1)
	require.Equal(t, "V4T000000000003", rows[0].Key)
	require.Equal(t, "北京", rows[0].Fields["address_city__v"])
	rows, _, _ = connectortest.Drain(t, src, "hcp", last)
	require.Empty(t, rows, "it is no person")
}

// The log of deletes is read page by page, and no further back than Vault keeps it.
func TestTheLogOfDeletes(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(1500)
	src := open(t, b, nil)
	_, _, last := connectortest.Drain(t, src, "hco", nil)
	b.Clock.Advance(time.Hour)
	for range 1200 {
		b.remove(0)
	}
	b.Clock.Advance(time.Hour)
	rows, _, after := connectortest.Drain(t, src, "hco", last)
	gone := byKey(rows)
	require.Len(t, gone, 1200)
	for _, r := range gone {
		require.Equal(t, connectors.Delete, r.Op)
		require.Equal(t, now.Add(time.Hour), r.SourceTime)
	}
	b.Clock.Advance(60 * 24 * time.Hour)
	rows, _, _ = connectortest.Drain(t, src, "hco", after)
	require.Empty(t, rows, "the window is longer than the log")
	old, err := src.Backfill("hco", now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	require.NoError(t, err)
	rows, _, _ = connectortest.Drain(t, src, "hco", old)
	require.Empty(t, rows)
}

// Next pages are called with POST, die after some calls, and outlive the session.
func TestPagesThatDieAndSessionsThatEnd(t *testing.T) {
	b := start(t, func(o *simveeva.VaultOptions) { o.PageLife, o.Idle, o.Widest = 5, 10*time.Minute, 7 })
	b.Rows.Fill(200)
	b.BeforeQuery(func() { b.Clock.Advance(3 * time.Minute) })
	rows, pages, _ := connectortest.Drain(t, open(t, b, nil), "hco", nil)
	require.Len(t, byKey(rows), 200)
	require.Greater(t, len(pages), 28)
	logins := b.Logins()
	b.BeforeQuery(func() { b.Clock.Advance(11 * time.Minute) })
	rows, _, _ = connectortest.Drain(t, open(t, b, nil), "hco", nil)
	require.Len(t, byKey(rows), 200)
	require.Greater(t, b.Logins(), logins+20)

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.URL+"/api/v25.1/query/00000001-0000?pagesize=7&pageoffset=7", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, 200, answer.StatusCode)
	require.NoError(t, answer.Body.Close())
}

// The older names of the parts of a page are read as well.
func TestAnOldVersion(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(40)
	rows, pages, _ := connectortest.Drain(t, open(t, b, map[string]any{"api_version": "v19.3", "page_size": 7}), "hco", nil)
	require.Len(t, rows, 40)
	require.Len(t, pages, 6)
}

// A wrong password is tried once, however often a run is opened: five tries lock the user.
func TestAWrongPasswordLocksNobody(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, map[string]any{"password": "wrong"})
	for range 9 {
		require.Equal(t, "connectors.credentials", errs.CodeOf(src.Open(t.Context(), "hco", nil)))
	}
	require.Equal(t, 1, b.Logins())
	require.NoError(t, open(t, b, nil).Open(t.Context(), "hco", nil), "the user is not locked")
	for range 5 {
		require.Error(t, open(t, b, map[string]any{"password": "wrong"}).Open(t.Context(), "hco", nil))
	}
	require.Equal(t, "connectors.credentials", errs.CodeOf(open(t, b, nil).Open(t.Context(), "hco", nil)), "locked")
}

// Logins are counted by the minute: one too many waits, and asks no more before.
func TestTooManyLogins(t *testing.T) {
	b := start(t, func(o *simveeva.VaultOptions) { o.LoginsPerMinute = 2 })
	for i := range 3 {
		err := open(t, b, nil).Open(t.Context(), "hco", nil)
		require.Equal(t, map[bool]string{true: "connectors.throttled"}[i == 2], errs.CodeOf(err))
	}
	require.Equal(t, 3, b.Logins())
	b.Clock.Advance(time.Minute)
	require.NoError(t, open(t, b, nil).Open(t.Context(), "hco", nil))
}

// A user of several vaults may be put into another one: nothing is read from there.
func TestTheSessionIsInAnotherVault(t *testing.T) {
	for _, id := range []string{"", "1000123"} {
		b := start(t, func(o *simveeva.VaultOptions) { o.Elsewhere = true })
		err := open(t, b, map[string]any{"vault_id": id}).Open(t.Context(), "hco", nil)
		require.Equal(t, "connectors.credentials", errs.CodeOf(err))
		require.Contains(t, err.Error(), "1000124")
	}
	b := start(t, nil)
	require.NoError(t, open(t, b, map[string]any{"vault_id": "1000123"}).Open(t.Context(), "hco", nil))
	require.Equal(t, "connectors.credentials", errs.CodeOf(open(t, b, map[string]any{"vault_id": "7"}).Open(t.Context(), "hco", nil)))
}

func TestOtherLogins(t *testing.T) {
	b := start(t, func(o *simveeva.VaultOptions) {
		o.APIToken, o.IdentityToken, o.Profile = "veeva-vault-abc", "token-of-the-provider", "_9ad0a091"
	})
	b.Rows.Fill(3)
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.PostFormValue("client_secret") != "s3" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			return
		}
		_, _ = w.Write([]byte(`{"access_token":"token-of-the-provider","expires_in":300}`))
	}))
	defer idp.Close()
	oauth := map[string]any{"auth": "oauth", "token_url": idp.URL + "/token", "login_url": b.URL, "client_id": "hub", "client_secret": "s3", "profile": "_9ad0a091"}
	for _, change := range []map[string]any{{"auth": "token", "access_token": "veeva-vault-abc"}, oauth} {
		rows, _, _ := connectortest.Drain(t, open(t, b, change), "hco", nil)
		require.Len(t, rows, 3)
	}
	oauth["client_secret"] = "wrong"
	require.Equal(t, "connectors.credentials", errs.CodeOf(open(t, b, oauth).Open(t.Context(), "hco", nil)))
	require.Equal(t, "connectors.credentials", errs.CodeOf(open(t, b, map[string]any{"auth": "token", "access_token": "x"}).Open(t.Context(), "hco", nil)))

	spec, err := connectors.SpecOf(vault.Settings{})
	require.NoError(t, err)
	for auth, missing := range map[string]int{"password": 2, "token": 1, "oauth": 4} {
		_, problems := spec.Parse("p", map[string]any{"base_url": b.URL, "auth": auth})
		require.Len(t, problems, missing, auth)
	}
}

// When little is left of a window's calls they slow down, before Vault holds answers back.
func TestCallsSlowDownBeforeTheLimit(t *testing.T) {
	b := start(t, func(o *simveeva.VaultOptions) { o.Burst = 3000 }) // one call in 100 ms for ever
	b.Rows.Fill(30)
	src := open(t, b, map[string]any{"page_size": 10, "burst_reserve": 1})
	began := time.Now()
	connectortest.Drain(t, src, "hco", nil)
	require.GreaterOrEqual(t, time.Since(began), 400*time.Millisecond, "one call that tells, others at the pace of the window")
}
