package salesforce_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sfa/salesforce"
	"tributary/internal/errs"
)

const golden = "0190c5a0-7c3a-7000-8000-0123456789ab"

// writeBench is an organisation with two accounts, the second in the recycle bin, and one case.
func writeBench(t *testing.T) (*bench, connectors.FieldWriter) {
	t.Helper()
	b := start(t, 0)
	b.SetObject(simsalesforce.Object{Name: "Account", Rows: simsalesforce.List{{"Id": "001000000000000001", "IsDeleted": false}, {"Id": "001000000000000002", "IsDeleted": true}},
		Fields: append(slices.Clone(accountFields), simsalesforce.Field{Name: "Trib_Id__c", Type: "string", Length: 36}, simsalesforce.Field{Name: "Locked__c", Type: "string", ReadOnly: true})})
	src := writeSource(t, b, nil)
	_, w := src.WriteBack()
	require.NotNil(t, w)
	return b, w
}

func writeSource(t *testing.T, b *bench, writeback map[string]any) *salesforce.Source {
	t.Helper()
	spec, err := connectors.SpecOf(salesforce.Settings{})
	require.NoError(t, err)
	raw := sandbox.Settings("salesforce", b.url)
	if writeback == nil {
		writeback = map[string]any{"golden_id": map[string]any{"Account": "Trib_Id__c"}}
	}
	raw["login_url"], raw["retry_first"], raw["retry_budget"], raw["calls_per_second"], raw["timeout"], raw["writeback"] = b.url, "1ms", "20ms", 0, "300ms", writeback
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := salesforce.New(settings.(salesforce.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func TestFieldsAreWrittenIntoRecordsThatExist(t *testing.T) {
	b, w := writeBench(t)
	ctx, id := t.Context(), "001000000000000001"
	read := func() string {
		have, err := w.ReadFields(ctx, "Account", id, []string{"Trib_Id__c"})
		require.NoError(t, err)
		return have["Trib_Id__c"]
	}
	require.Empty(t, read())
	require.NoError(t, w.WriteFields(ctx, "Account", id, map[string]string{"Trib_Id__c": golden}))
	require.Equal(t, golden, read())
	require.Equal(t, 1, b.Writes())

	b.faults.Arm(fault.SessionExpiry, 1)
	require.NoError(t, w.WriteFields(ctx, "Account", id, map[string]string{"Trib_Id__c": ""}), "a session that dies costs nothing")
	require.Empty(t, read())

	for name, c := range map[string]struct {
		id, field, value, words string
	}{
		"a record that never was":        {"001000000000000009", "Trib_Id__c", golden, "NOT_FOUND"},
		"a record in the recycle bin":    {"001000000000000002", "Trib_Id__c", golden, "ENTITY_IS_DELETED"},
		"a field that is not there":      {id, "Nothing__c", golden, "INVALID_FIELD"},
		"a field without the right":      {id, "Locked__c", golden, "security settings"},
		"a value that does not fit":      {id, "Trib_Id__c", golden + golden, "STRING_TOO_LONG"},
		"a record with a path in its id": {"../Account", "Trib_Id__c", golden, "NOT_FOUND"},
	} {
		err := w.WriteFields(ctx, "Account", c.id, map[string]string{c.field: c.value})
		require.Equal(t, connectors.Refused, connectors.OutcomeOf(err), "%s: %v", name, err)
		require.ErrorContains(t, err, c.words, name)
	}
	_, err := w.ReadFields(ctx, "Account", "001000000000000002", []string{"Trib_Id__c"})
	require.Equal(t, connectors.Refused, connectors.OutcomeOf(err))
}

func TestFailuresOfWritingBackAreToldApart(t *testing.T) {
	for name, want := range map[fault.Name]connectors.Outcome{
		fault.HTTP502: connectors.Undecided, fault.HTTP500: connectors.Undecided, fault.CutBody: connectors.Undecided, fault.HTML200: connectors.Undecided,
		fault.Shape: connectors.Undecided, fault.Slow: connectors.Undecided, fault.HTTP429: connectors.Unsent, fault.Throttle: connectors.Unsent, fault.NoRights: connectors.Refused,
	} {
		b, w := writeBench(t)
		id := "001000000000000001"
		_, err := w.ReadFields(t.Context(), "Account", id, []string{"Trib_Id__c"})
		require.NoError(t, err)
		b.faults.Always(name)
		err = w.WriteFields(t.Context(), "Account", id, map[string]string{"Trib_Id__c": golden})
		require.Equal(t, want, connectors.OutcomeOf(err), "%s: %v", name, err)
		b.faults.Clear()
		require.Eventually(t, func() bool { // the same write again does no harm
			return w.WriteFields(t.Context(), "Account", id, map[string]string{"Trib_Id__c": golden}) == nil
		}, 5*time.Second, time.Millisecond)
	}
}

func TestCheckLooksForTheFieldsThatAreWritten(t *testing.T) {
	b, _ := writeBench(t)
	for field, good := range map[string]bool{"Trib_Id__c": true, "Locked__c": false, "Nothing__c": false} {
		found, err := writeSource(t, b, map[string]any{"golden_id": map[string]any{"Account": field}}).Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, !good, slices.ContainsFunc(found, func(f connectors.Finding) bool {
			return f.Code == "connectors.writeback_field" && f.Severity == connectors.Fault
		}), "%s: %v", field, found)
	}
	src := writeSource(t, b, map[string]any{})
	_, w := src.WriteBack()
	require.Nil(t, w, "nothing is written back unless it is asked for")
}

// What the hub reads it does not write: it would come back as news.
func TestFieldsThatAreReadAreNotWritten(t *testing.T) {
	spec, err := connectors.SpecOf(salesforce.Settings{})
	require.NoError(t, err)
	for code, writeback := range map[string]map[string]any{
		"connectors.writeback_read":   {"complaint_state": "Status"},
		"connectors.writeback_stream": {"golden_id": map[string]any{"Case": "X__c"}},
	} {
		_, problems := spec.Parse("p", map[string]any{"login_url": "https://x.my.salesforce.com", "client_id": "a", "client_secret": "b", "writeback": writeback})
		require.Len(t, problems, 1)
		require.Equal(t, code, errs.CodeOf(problems[0].Err))
	}
	_, problems := spec.Parse("p", map[string]any{"login_url": "https://x.my.salesforce.com", "client_id": "a", "client_secret": "b", "tenant_fields": map[string]any{"Account.uscc": "USCC__c"},
		"writeback": map[string]any{"golden_id": map[string]any{"Account": "uscc__C"}}})
	require.Len(t, problems, 1)
}
