package fhir_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/emr/fhir"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfhir"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// bench is a simulated server.
type bench struct {
	*connectortest.Site
	*simfhir.Server
}

func start(t *testing.T, change func(*simfhir.Options)) *bench {
	t.Helper()
	_, key, err := sandbox.FHIRKey()
	require.NoError(t, err)
	b := &bench{Site: connectortest.NewSite()}
	options := sandbox.FHIRServer("/fhir", key, b.Clock.Now, b.Faults)
	if change != nil {
		change(&options)
	}
	b.Server = simfhir.New(options, sandbox.FHIRTypes(connectortest.SmallWorld(t), world.SFA)...)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: organisation, Text: "name", Publish: func(rows []map[string]any) { b.SetRows("Organization", rows) }}
	return b
}

func organisation(i int, at time.Time) map[string]any {
	return map[string]any{"resourceType": "Organization", "id": fmt.Sprintf("%05d", i), "meta": map[string]any{"lastUpdated": at.UTC().Format("2006-01-02T15:04:05.000Z")}, "name": fmt.Sprintf("医院%d", i)}
}

// rsaKey is a key that the server does not know unless told.
func rsaKey(t *testing.T) (string, crypto.PublicKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})), &key.PublicKey
}

func TestConnector(t *testing.T) {
	driver, err := fhir.Driver()
	require.NoError(t, err)
	another, _ := rsaKey(t)
	for mode, size := range map[string]string{"never": "page_size", "always": "bulk_page_size"} {
		t.Run("bulk "+mode, func(t *testing.T) {
			failing := []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.DeadLocator}
			if mode == "never" { // files of lines have no pages
				failing = append(failing, fault.SamePage)
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: driver, Text: "name", Stream: "Organization", BaseURL: []string{"base_url"}, Wrong: map[string]any{"private_key": another}, PageSize: size,
				Start: func(t *testing.T) *connectortest.System {
					b := start(t, func(o *simfhir.Options) { o.History = true })
					s := b.System(sandbox.Settings("fhir", b.URL), b.BeforeQuery, b.Logins)
					s.Settings["bulk"] = mode
					return s
				},
				Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
				Failing: failing,
			})
		})
	}
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, fhir.New, b.Clock.Now, sandbox.Settings("fhir", b.URL), change)
}

// Assertions are right by the clock of the server, whose difference the first refusal tells.
func TestLoginAtAnotherTime(t *testing.T) {
	for _, ahead := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		b := start(t, nil)
		b.Clock.Advance(ahead)
		src := connectortest.Open(t, fhir.New, func() time.Time { return connectortest.Start }, sandbox.Settings("fhir", b.URL))
		require.NoError(t, src.Open(t.Context(), "Organization", nil))
		require.Equal(t, 2, b.Logins(), "refused once, and never more")
	}
}

// Lots are found wherever the server keeps the medication; of the patient nothing is kept, whatever the server sends.
func TestDispensedMedicationWithoutThePatient(t *testing.T) {
	for name, c := range map[string]struct {
		server func(*simfhir.Options)
		client map[string]any
	}{
		"included":         {},
		"included in part": {server: func(o *simfhir.Options) { o.CutToo = true }},
		"fetched":          {func(o *simfhir.Options) { o.NoInclude = true }, map[string]any{"handling": "lenient"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, c.server)
			rows, pages, _ := connectortest.Drain(t, open(t, b, c.client), "MedicationDispense", nil)
			lots, gone := 0, 0
			for _, r := range rows {
				if r.Op == connectors.Delete {
					gone++
					continue
				}
				require.Regexp(t, `^P\d{3}$`, r.Fields["product_code"])
				require.Regexp(t, `^[1-4]\.0$`, r.Fields["quantity_value"], "a decimal keeps its precision")
				if r.Fields["medication_batch_lotNumber"] != nil {
					require.NotEmpty(t, r.Fields["medication_batch_expirationDate"])
					lots++
				}
			}
			require.Positive(t, gone)
			require.Greater(t, lots, len(rows)/2)
			require.Less(t, lots, len(rows))
			for _, batch := range pages {
				require.NotContains(t, string(batch.Raw), "Patient")
				require.NotContains(t, string(batch.Raw), "患者")
				for _, r := range batch.Rows {
					require.NotContains(t, r.Fields, "subject")
					require.Contains(t, string(batch.Raw[r.RawOff:r.RawOff+r.RawLen]), r.Key[len("MedicationDispense/"):])
				}
			}
		})
	}
}

// Medication that its server does not know any more leaves the row without a lot, and loses none.
func TestMedicationThatIsGone(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.NoInclude = true })
	b.SetRows("Medication", nil)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"handling": "lenient"}), "MedicationDispense", nil)
	bare := 0
	for _, r := range rows {
		if r.Fields["product_code"] == nil {
			bare++
		}
	}
	require.Positive(t, bare)
	require.Greater(t, len(rows), bare)
}

func TestReferencesAreWrittenAlike(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, nil)
	organisations, _, _ := connectortest.Drain(t, src, "Organization", nil)
	known := map[any]bool{}
	for _, r := range organisations {
		known[r.Key] = true
		require.NotEqual(t, "urn:internal", r.Fields["uscc"])
		require.NotEqual(t, "000", r.Fields["phone"], "a fax is no phone")
	}
	roles, _, _ := connectortest.Drain(t, src, "PractitionerRole", nil)
	met := 0
	for _, r := range roles {
		require.Regexp(t, `^Organization/\d+$`, r.Fields["organization_reference"])
		if known[r.Fields["organization_reference"]] {
			met++
		}
	}
	require.Positive(t, met)
}

// Tokens live shorter than a long run; every try of a login bears an assertion of its own.
func TestTokensAndAssertionsAreShortLived(t *testing.T) {
	text, public := rsaKey(t)
	b := start(t, func(o *simfhir.Options) { o.PublicKey, o.TokenLife = public, 90*time.Second })
	b.Rows.Fill(60)
	b.BeforeQuery(func() { b.Clock.Advance(time.Minute) })
	b.Faults.Every(fault.HTTP502, 3)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"private_key": text, "page_size": 10, "retry_budget": "1h"}), "Organization", nil)
	require.Len(t, rows, 60)
	require.Greater(t, b.Logins(), 4)
}

// A server behind a proxy names itself in links. They are followed at the configured address only when that is asked for.
func TestLinksThatNameAnotherHost(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.LinkHost = "http://fhir01.internal:8080" })
	b.Rows.Fill(25)
	src := open(t, b, map[string]any{"page_size": 10})
	require.NoError(t, src.Open(t.Context(), "Organization", nil))
	_, err := src.Read(t.Context())
	require.NoError(t, err)
	_, err = src.Read(t.Context())
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"page_size": 10, "rebase_links": true}), "Organization", nil)
	require.Len(t, rows, 25)
}

// A page may have fewer rows than asked for, or none, and still a link: only its absence is the end.
func TestShortPagesAreNoEnd(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.PageCap = 7 })
	b.Rows.Fill(30)
	b.Faults.Arm(fault.HiddenRows, 7) // the first page is empty
	rows, pages, _ := connectortest.Drain(t, open(t, b, nil), "Organization", nil)
	require.Empty(t, pages[0].Rows)
	require.Len(t, rows, 23)
}

func TestWhatTheServerDoesNotOffer(t *testing.T) {
	b := start(t, nil)
	_, key, err := sandbox.FHIRKey()
	require.NoError(t, err)
	b.Serve(t, simfhir.New(sandbox.FHIRServer("/fhir", key, b.Clock.Now, b.Faults), &simfhir.Type{Name: "Organization", Rows: func() []map[string]any {
		return []map[string]any{organisation(1, connectortest.Start.Add(-time.Hour))}
	}}))
	src := open(t, b, nil)
	streams, err := src.Discover(t.Context())
	require.NoError(t, err)
	require.Len(t, streams, 1)
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 3)
	for _, f := range found {
		require.Equal(t, "connectors.check_stream", f.Code)
	}
}

func TestSettingsThatLackSomething(t *testing.T) {
	spec, err := connectors.SpecOf(fhir.Settings{})
	require.NoError(t, err)
	for path, raw := range map[string]map[string]any{
		"p.client_id":     {"private_key": "", "auth": "smart"},
		"p.user":          {"auth": "basic", "password": "x"},
		"p.token":         {"auth": "bearer"},
		"p.tenant_fields": {"auth": "none", "tenant_fields": map[string]any{"Nothing.x": "y"}},
		"p.private_key":   {"client_id": "c", "private_key": "no key"},
	} {
		raw["base_url"] = "https://emr.example/fhir"
		_, problems := spec.Parse("p", raw)
		require.NotEmpty(t, problems, path)
		require.Equal(t, path, problems[0].Path)
	}
}

// Where the server tells the history of a type, a later run brings what was deleted, page by page, and nothing of what is left.
// One that refuses it leaves deletes to the comparison of keys.
func TestHistoryTellsDeletes(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.History, o.PageCap = true, 3 })
	b.Rows.Fill(20)
	src := open(t, b, map[string]any{"bulk": "never"})
	first, _, last := connectortest.Drain(t, src, "Organization", nil)
	require.Len(t, first, 20)
	b.Clock.Advance(time.Hour)
	for range 7 {
		b.Rows.Remove(3)
	}
	b.Rows.Touch(0)
	b.Clock.Advance(time.Hour)
	rows, _, end := connectortest.Drain(t, src, "Organization", last)
	gone := map[string]bool{}
	for _, r := range rows {
		if r.Op == connectors.Delete {
			gone[r.Key] = true
		}
	}
	require.Len(t, gone, 7)
	for i := 3; i < 10; i++ {
		require.True(t, gone[fmt.Sprintf("Organization/%05d", i)])
	}
	require.Len(t, rows, 8, "and what changed")
	rows, _, _ = connectortest.Drain(t, src, "Organization", end)
	require.Empty(t, rows)

	// Broken off in the middle, the run goes on with the history where it was.
	require.NoError(t, src.Open(t.Context(), "Organization", last))
	batch, err := src.Read(t.Context())
	require.NoError(t, err)
	rest, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "never"}), "Organization", batch.Position)
	require.Len(t, append(batch.Rows, rest...), 8)
}
