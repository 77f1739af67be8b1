package chaos

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/test/e2e/harness"
)

const (
	idField     = "Trib_Id__c"
	stateField  = "Trib_State__c"
	answerField = "Trib_Answer__c"
)

// organisation is a CRM that loses answers, with hospitals that have nothing in common and one complaint.
func organisation(t *testing.T, hospitals int) (*simsalesforce.Server, string) {
	faults, err := fault.Parse("write_lost/5,html_502/11,cut_body/13,session_expiry/17")
	require.NoError(t, err)
	text := func(names ...string) (out []simsalesforce.Field) {
		for _, n := range names {
			out = append(out, simsalesforce.Field{Name: n, Type: "string"})
		}
		return out
	}
	stamp := time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000") + "+0000"
	var accounts simsalesforce.List
	for i := range hospitals {
		accounts = append(accounts, map[string]any{"Id": account(i), "IsDeleted": false, "SystemModstamp": stamp, "Name": strings.Repeat(string(rune('丁'+7*i)), 3) + "医院", "BillingState": "广东省", "BillingCity": "广州市"})
	}
	server := simsalesforce.New(simsalesforce.Options{ClientID: "c", ClientSecret: "s", Now: time.Now, Faults: faults},
		simsalesforce.Object{Name: "Account", Rows: accounts, Fields: text("Id", "IsDeleted", "SystemModstamp", "Name", "BillingState", "BillingCity", idField)},
		simsalesforce.Object{Name: "Case", Fields: text("Id", "IsDeleted", "SystemModstamp", "CaseNumber", "Subject", "Status", "Product__c", "Lot__c", stateField, answerField),
			Rows: simsalesforce.List{{"Id": complaint, "IsDeleted": false, "SystemModstamp": stamp, "CaseNumber": "7", "Subject": "胶囊破损", "Status": "New", "Product__c": "AMX24", "Lot__c": "250301"}}})
	srv := httptest.NewServer(fault.Transport{Faults: faults, Now: time.Now}.Wrap(server))
	t.Cleanup(srv.Close)
	return server, fmt.Sprintf("\nconnections:\n  - name: crm\n    connector: salesforce\n    settings: {login_url: %q, client_id: c, client_secret: s, timeout: 1s, retry_first: 10ms, retry_budget: 200ms, calls_per_second: 1000,"+
		" tenant_fields: {Case.product: Product__c, Case.lot: Lot__c}, writeback: {golden_id: {Account: %s}, complaint_state: %s, complaint_answer: %s, states: {triaged: 已受理}}}\n"+
		"    streams: [{stream: Account, every: 24h}, {stream: Case, every: 24h}]\n", srv.URL, idField, stateField, answerField)
}

func account(i int) string { return fmt.Sprintf("001%015d", i) }

const complaint = "500000000000000007"

// Golden ids and what became of complaints go back into the records they came from, through kills and lost answers; what was
// written is no news when it is read, and what cannot be written is told and left alone.
func TestFieldsAreWrittenBack(t *testing.T) {
	for name, install := range map[string]func(testing.TB, harness.Options) *harness.Hub{"embedded": harness.Embedded, "production": harness.Production} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crm, config := organisation(t, crmAccounts)
			fieldsAreWrittenBack(t, install(t, harness.Options{Company: harness.NewCompany(), Config: config}), crm)
		})
	}
}

const crmAccounts = 40

func fieldsAreWrittenBack(t *testing.T, h *harness.Hub, crm *simsalesforce.Server) {
	const n = crmAccounts
	k := newKiller(t, h)
	crm.ChangeRow("Account", account(3), func(row map[string]any) { row[idField] = "legacy-7" })
	h.OK("import", "--as", "products", "--source", "erp", harness.Root()+"/test/e2e/testdata/worked/products.csv", "--quiet")
	h.OK("import", "--as", "lots", "--source", "erp", harness.Root()+"/test/e2e/testdata/worked/lots.csv", "--quiet")
	field := func(object, id, name string) string { v, _ := crm.Row(object, id)[name].(string); return v }
	ids := func() (out map[string]bool) {
		out = map[string]bool{}
		for i := range n {
			if id := field("Account", account(i), idField); id != "" && id != "legacy-7" {
				out[id] = true
			}
		}
		return out
	}
	for round := 0; ; round++ {
		serve := h.Start("serve")
		serve.Line("Stop with")
		if round == 4 {
			h.Await("every golden id", func() bool { return len(ids()) == n-1 && field("Case", complaint, stateField) == "received" })
			serve.Signal(syscall.SIGTERM)
			serve.Wait(time.Minute)
			break
		}
		time.Sleep(time.Duration(500+k.rand.IntN(1500)) * time.Millisecond)
		serve.Signal(syscall.SIGKILL)
		serve.Wait(time.Minute)
	}
	for id := range ids() {
		_, err := canonical.ParseID(id)
		require.NoError(t, err)
	}
	send := func(more ...string) (out writeBackReport) {
		t.Helper()
		require.Eventually(t, func() bool {
			out = writeBackReport{}
			h.Run(append([]string{"connectors", "writeback", "crm", "--send", "--quiet"}, more...)...) // a lost answer ends one sending
			more = nil
			h.Into(&out, "connectors", "writeback", "crm", "--quiet")
			return out.Totals["waiting"] == 0
		}, 2*time.Minute, 100*time.Millisecond)
		return out
	}

	// A field that holds something of somebody else is left alone and told, until it is emptied.
	halted := send()
	require.Equal(t, 1, halted.Totals["halted"])
	require.Contains(t, halted.Records[0].Problem, account(3))
	require.Equal(t, "legacy-7", field("Account", account(3), idField))
	crm.ChangeRow("Account", account(3), func(row map[string]any) { row[idField] = "" })
	require.Zero(t, send("--retry").Totals["halted"])
	require.Len(t, ids(), n)

	// What was written comes back with the next pull and is no change of anything.
	time.Sleep(2 * time.Second) // a run reads up to the last whole second of the system's clock
	writes := crm.Writes()
	report, _ := h.Report("pull", "crm", "--quiet")
	require.EqualValues(t, n+1, report.Totals.Read, "every record was changed there by what was written")
	require.Equal(t, report.Totals.Read, report.Totals.Unchanged)
	h.OK("resolve", "--quiet")
	send()
	require.Equal(t, writes, crm.Writes())

	// A merge gives the absorbed record the survivor's id, undoing it gives back its own.
	one, two := field("Account", account(1), idField), field("Account", account(2), idField)
	var merged struct {
		Decision struct {
			ID string `json:"decision_id"`
		}
	}
	h.Into(&merged, "customers", "merge", one, two, "--reason", "the same house", "--quiet")
	h.OK("resolve", "--quiet")
	send()
	require.Equal(t, field("Account", account(1), idField), field("Account", account(2), idField))
	require.Contains(t, []string{one, two}, field("Account", account(1), idField))
	h.OK("customers", "review", "undo", merged.Decision.ID, "--reason", "another house", "--quiet")
	h.OK("resolve", "--quiet")
	send()
	require.NotEqual(t, field("Account", account(1), idField), field("Account", account(2), idField))
	require.Len(t, ids(), n)

	// A case tells how far it got and what was answered.
	var list struct{ Complaints []struct{ Number string } }
	h.Into(&list, "complaint", "list", "--quiet")
	require.Len(t, list.Complaints, 1)
	number := list.Complaints[0].Number
	h.OK("complaint", "update", number, "--state", "triaged", "--severity", "minor", "--owner", "lin", "--quiet")
	var preview writeBackReport
	require.Eventually(t, func() bool {
		preview = writeBackReport{}
		h.Into(&preview, "connectors", "writeback", "crm", "--preview", "5", "--quiet")
		return len(preview.Records) == 1 && preview.Records[0].Writes != nil
	}, time.Minute, 100*time.Millisecond)
	require.Equal(t, map[string]string{stateField: "已受理"}, preview.Records[0].Writes)
	require.Equal(t, "received", field("Case", complaint, stateField), "a preview writes nothing")
	send()
	require.Equal(t, "已受理", field("Case", complaint, stateField), "in the words of the system")

	// A record that is gone there is told and not tried for ever.
	h.OK("customers", "merge", field("Account", account(4), idField), field("Account", account(5), idField), "--reason", "one house", "--quiet")
	h.OK("resolve", "--quiet")
	loser := account(4)
	if id := field("Account", loser, idField); survivorOf(h, id) == id {
		loser = account(5)
	}
	crm.ChangeRow("Account", loser, func(row map[string]any) { row["IsDeleted"] = true })
	halted = send()
	require.Equal(t, 1, halted.Totals["halted"])
	require.Contains(t, halted.Records[0].Problem, "ENTITY_IS_DELETED")
	h.OK("audit", "verify", "--quiet")
}

type writeBackReport struct {
	Totals  map[string]int
	Records []struct {
		ID, State, Problem string
		Writes             map[string]string
	}
}

// survivorOf is the customer that a golden id leads to now.
func survivorOf(h *harness.Hub, id string) string {
	var c struct {
		ID string `json:"golden_id"`
	}
	h.Into(&c, "customers", "show", id, "--quiet")
	return c.ID
}
