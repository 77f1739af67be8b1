package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/salesforce"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

type bench struct {
	*simsalesforce.Server
	url    string
	faults *fault.Set
	clock  connectortest.Clock
	key    *rsa.PrivateKey
}

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// start is an organisation that answers seven rows a page.
func start(t *testing.T, batch int) *bench {
	t.Helper()
	w := connectortest.SmallWorld(t)
	key, err := rsaKey()
	require.NoError(t, err)
	b := &bench{faults: fault.New(), key: key}
	settings := sandbox.Settings("salesforce", "")
	b.Server = simsalesforce.New(simsalesforce.Options{
		ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Username: "integration@example.com", PublicKey: &key.PublicKey,
		Batch: batch, Now: b.clock.Now, Faults: b.faults,
	}, sandbox.SalesforceObjects(w, world.SFA)...)
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	return b
}

func account(i int, at time.Time) map[string]any {
	return map[string]any{"Id": fmt.Sprintf("001%015d", i), "IsDeleted": false, "SystemModstamp": at.UTC().Format("2006-01-02T15:04:05.000") + "+0000", "Name": fmt.Sprintf("医院%d", i), "USCC__c": nil, "Licence__c": nil, "Level__c": "三级"}
}

var accountFields = []simsalesforce.Field{
	{Name: "Id", Type: "id"}, {Name: "IsDeleted", Type: "boolean"}, {Name: "SystemModstamp", Type: "datetime"}, {Name: "Name", Type: "string"},
	{Name: "USCC__c", Type: "string"}, {Name: "Licence__c", Type: "string"}, {Name: "Level__c", Type: "string"},
}

func system(t *testing.T) *connectortest.System {
	b := start(t, 7)
	settings := sandbox.Settings("salesforce", b.url+"/x")
	settings["login_url"], settings["bulk_poll"] = b.url, "1ms"
	rows := &connectortest.Rows{Clock: &b.clock, Make: account, Text: "Name", Gone: "IsDeleted", Publish: func(rows []map[string]any) {
		b.SetObject(simsalesforce.Object{Name: "Account", Fields: accountFields, Rows: simsalesforce.List(rows)})
	}}
	return &connectortest.System{
		Settings: settings, Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Advance: b.clock.Advance, Before: b.BeforeQuery,
		Fill: rows.Fill, Touch: rows.Touch, Remove: rows.Remove, Write: rows.Write,
	}
}

func TestConnector(t *testing.T) {
	driver, err := salesforce.Driver()
	require.NoError(t, err)
	for mode, size := range map[string]string{"never": "page_size", "always": "bulk_page_size"} {
		t.Run("bulk "+mode, func(t *testing.T) {
			failing := []fault.Name{fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry}
			if mode == "never" { // the pages of a job are told in another way
				failing = append(failing, fault.SamePage)
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: driver, Text: "Name", Stream: "Account", BaseURL: []string{"login_url"}, Password: "client_secret", PageSize: size,
				Start: func(t *testing.T) *connectortest.System {
					s := system(t)
					s.Settings["bulk"] = mode
					return s
				},
				Passing:  []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.TransientIn200, fault.ShortPage, fault.DeadLocator, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
				Failing:  failing,
				Optional: []string{"ParentId"},
			})
		})
	}
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	spec, err := connectors.SpecOf(salesforce.Settings{})
	require.NoError(t, err)
	raw := sandbox.Settings("salesforce", b.url)
	raw["login_url"], raw["retry_first"], raw["calls_per_second"] = b.url, "1ms", 0
	for k, v := range change {
		raw[k] = v
	}
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := salesforce.New(settings.(salesforce.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// A row in the recycle bin is a delete in a later run, and nothing at all in the first one.
func TestTheRecycleBin(t *testing.T) {
	b := start(t, 7)
	gone := account(1, now.Add(-time.Hour))
	gone["IsDeleted"] = true
	b.SetObject(simsalesforce.Object{Name: "Account", Fields: accountFields, Rows: simsalesforce.List{account(0, now.Add(-time.Hour)), gone}})
	src := open(t, b, nil)
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, first.Rows, 1)
	window, err := src.Backfill("Account", now.Add(-2*time.Hour), now)
	require.NoError(t, err)
	require.NoError(t, src.Open(t.Context(), "Account", window))
	later, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Equal(t, []connectors.Op{connectors.Upsert, connectors.Delete}, []connectors.Op{later.Rows[0].Op, later.Rows[1].Op})
	keys, err := src.Keys(t.Context(), "Account")
	require.NoError(t, err)
	require.Equal(t, []string{first.Rows[0].Key}, keys)
}

func TestRelationsAndPicklists(t *testing.T) {
	b := start(t, 200)
	src := open(t, b, nil)
	require.NoError(t, src.Open(t.Context(), "Contact", nil))
	batch, err := src.Read(t.Context())
	require.NoError(t, err)
	named := 0
	for _, r := range batch.Rows {
		require.Contains(t, r.Fields, "Account_Name", "an empty lookup is null, not missing")
		if r.Fields["Account_Name"] != nil {
			named++
		}
		require.NotContains(t, r.Fields, "attributes")
	}
	require.Positive(t, named)
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	batch, err = src.Read(t.Context())
	require.NoError(t, err)
	require.Contains(t, []any{"医院", "诊所", "药店", "连锁总部", "商业公司"}, batch.Rows[0].Fields["Type_label"])
}

func TestLoginWithACertificate(t *testing.T) {
	b := start(t, 7)
	pemText := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(b.key)}))
	jwt := map[string]any{"auth": "jwt", "username": "integration@example.com", "private_key": pemText}
	require.NoError(t, open(t, b, jwt).Open(t.Context(), "Account", nil))
	jwt["username"] = "somebody@example.com"
	require.Equal(t, "connectors.credentials", errs.CodeOf(open(t, b, jwt).Open(t.Context(), "Account", nil)))

	spec, err := connectors.SpecOf(salesforce.Settings{})
	require.NoError(t, err)
	jwt["private_key"], jwt["login_url"], jwt["client_id"] = "not a key", b.url, "c"
	_, problems := spec.Parse("p", jwt)
	require.Len(t, problems, 1)
	require.Equal(t, "p.private_key", problems[0].Path)
	require.NotContains(t, problems.Text("en"), "not a key")
}

// A login that bears the time is right by the clock of the source, whose difference the first refusal tells.
func TestLoginWithACertificateAtAnotherTime(t *testing.T) {
	for _, ahead := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		b := start(t, 7)
		pemText := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(b.key)}))
		b.clock.Advance(ahead)
		spec, err := connectors.SpecOf(salesforce.Settings{})
		require.NoError(t, err)
		raw := sandbox.Settings("salesforce", b.url)
		raw["login_url"], raw["auth"], raw["username"], raw["private_key"] = b.url, "jwt", "integration@example.com", pemText
		settings, problems := spec.Parse("p", raw)
		require.Empty(t, problems)
		src, err := salesforce.New(settings.(salesforce.Settings), connectors.Env{Now: func() time.Time { return now }})
		require.NoError(t, err)
		require.NoError(t, src.Open(t.Context(), "Account", nil))
		require.Equal(t, 2, b.Logins(), "refused once, and never more")
		require.NoError(t, src.Close())
	}
}

// The hub leaves a share of the daily calls to others.
func TestTheDailyShare(t *testing.T) {
	b := start(t, 7)
	src := open(t, b, map[string]any{"api_share": 0.00001})
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	_, err := src.Read(t.Context())
	require.Equal(t, "", errs.CodeOf(err), "one call of a hundred thousand is nothing yet: %v", err)
	for range 200 {
		require.NoError(t, src.Open(t.Context(), "Account", nil))
	}
	src = open(t, b, map[string]any{"api_share": 0.001})
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	_, err = src.Read(t.Context())
	require.Equal(t, "connectors.quota", errs.CodeOf(err))
}

func TestTheAPILivesElsewhere(t *testing.T) {
	w := connectortest.SmallWorld(t)
	clock := func() time.Time { return now }
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	defer srv.Close()
	for instance, code := range map[string]string{srv.URL + "/pod7": "", "https://evil.example": "connectors.shape"} {
		s := sandbox.Settings("salesforce", "")
		sim := simsalesforce.New(simsalesforce.Options{ClientID: s["client_id"].(string), ClientSecret: s["client_secret"].(string), InstanceURL: instance, Now: clock}, sandbox.SalesforceObjects(w, world.SFA)...)
		path := fmt.Sprintf("/%d", len(instance))
		mux.Handle(path+"/services/oauth2/", sim)
		mux.Handle(path+"x/", sim)
		if code == "" {
			mux.Handle("/pod7/services/data/", sim)
		}
		src := open(t, &bench{url: srv.URL + path}, nil)
		require.Equal(t, code, errs.CodeOf(src.Open(t.Context(), "Account", nil)), instance)
	}
}

// The header of a group call names its first attendee's call: those count, not itself. An organisation that does not know the
// relation is read without it, and jobs, which cannot ask for children, are passed by.
func TestHeadersOfGroupCalls(t *testing.T) {
	for mode := range map[string]bool{"never": true, "always": true} {
		b := start(t, 0)
		rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": mode}), "Call2_vod__c", nil)
		parents, headers := map[any]bool{}, 0
		for _, r := range rows {
			if p := r.Fields["Parent_Call_vod__c"]; p != nil {
				parents[p] = true
			}
		}
		for _, r := range rows {
			child := r.Fields["Call2_vod__r_records_Id"]
			require.Equal(t, parents[r.Key], child != nil, r.Key)
			if child != nil {
				headers++
			}
		}
		require.Positive(t, headers)
		require.Less(t, headers, len(rows)/2)
	}
	b := start(t, 0)
	b.SetObject(simsalesforce.Object{Name: "Call2_vod__c", Fields: accountFields, Rows: simsalesforce.List{account(1, now.Add(-time.Hour))}})
	rows, _, _ := connectortest.Drain(t, open(t, b, nil), "Call2_vod__c", nil)
	require.Len(t, rows, 1)
	require.NotContains(t, rows[0].Fields, "Call2_vod__r_records_Id")
}
