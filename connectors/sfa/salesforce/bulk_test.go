package salesforce_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/internal/errs"
)

// everything is an object with values of every type, and a relation with typed fields.
func everything(b *bench) {
	b.SetObject(simsalesforce.Object{Name: "RecordType", Fields: []simsalesforce.Field{{Name: "DeveloperName", Type: "string"}, {Name: "Active", Type: "boolean"}, {Name: "Rank", Type: "double"}}})
	fields := append(append([]simsalesforce.Field{}, accountFields...),
		simsalesforce.Field{Name: "RecordTypeId", Type: "reference", Relationship: "RecordType", ReferenceTo: "RecordType"},
		simsalesforce.Field{Name: "Beds__c", Type: "double"}, simsalesforce.Field{Name: "Visits__c", Type: "int"}, simsalesforce.Field{Name: "Open__c", Type: "boolean"}, simsalesforce.Field{Name: "Seen__c", Type: "datetime"},
		simsalesforce.Field{Name: "Since__c", Type: "date"}, simsalesforce.Field{Name: "Tags__c", Type: "multipicklist"})
	var rows simsalesforce.List
	for i := range 20 {
		row := account(i, now.Add(-time.Hour))
		maps.Copy(row, map[string]any{
			"Name": []string{"甲\"乙\",\r\n丙\n", "null", "0012", " 空 格 ", "true"}[i%5], "RecordType.DeveloperName": "Hospital", "RecordType.Active": i%2 == 0, "RecordType.Rank": json.Number("1.5"),
			"Beds__c": json.Number([]string{"1200.0", "0.1", "-3", "123456789012345678.25", "1.0E7"}[i%5]), "Visits__c": json.Number("7"), "Open__c": i%3 == 0,
			"Seen__c": "2025-01-01T08:00:00.000+0000", "Since__c": "2025-01-01", "Tags__c": "a;b",
		})
		if i%4 == 3 {
			for _, name := range []string{"RecordType.DeveloperName", "RecordType.Active", "RecordType.Rank", "Beds__c", "Visits__c", "Open__c", "Seen__c", "Since__c", "Tags__c"} {
				row[name] = nil
			}
		}
		rows = append(rows, row)
	}
	b.SetObject(simsalesforce.Object{Name: "Account", Fields: fields, Rows: rows})
}

var typedFields = map[string]any{
	"Account.beds": "Beds__c", "Account.visits": "Visits__c", "Account.open": "Open__c", "Account.seen": "Seen__c", "Account.since": "Since__c", "Account.tags": "Tags__c",
	"Account.live": "RecordType.Active", "Account.rank": "RecordType.Rank",
}

// Whichever way a row comes, it is the same: values, types, key, time and position.
func TestBulkRowsAreThoseOfREST(t *testing.T) {
	b := start(t, 0)
	everything(b)
	var rows [2][]connectors.Row
	var last [2]json.RawMessage
	for i, mode := range []string{"never", "always"} {
		src := open(t, b, map[string]any{"bulk": mode, "bulk_poll": "1ms", "bulk_page_size": 6, "tenant_fields": typedFields})
		rows[i], _, last[i] = connectortest.Drain(t, src, "Account", nil)
		for n := range rows[i] {
			rows[i][n].RawOff, rows[i][n].RawLen = 0, 0
		}
	}
	require.Equal(t, rows[0], rows[1])
	require.Equal(t, last[0], last[1])
	require.Equal(t, json.Number("123456789012345678.25"), rows[1][8].Fields["beds"])
	require.Equal(t, true, rows[1][0].Fields["live"])
	require.Nil(t, rows[1][3].Fields["rank"])
	started, aborted, left := b.Jobs()
	require.Equal(t, [3]int{1, 0, 0}, [3]int{started, aborted, left}, "a job that is read is given back")
}

// A window that was begun one way is ended the other: the place is the same.
func TestARunGoesOnTheOtherWay(t *testing.T) {
	for _, ways := range [][2]string{{"never", "always"}, {"always", "never"}} {
		b := start(t, 6)
		everything(b)
		src := open(t, b, map[string]any{"bulk": ways[0], "bulk_poll": "1ms", "bulk_page_size": 6})
		require.NoError(t, src.Open(t.Context(), "Account", nil))
		first, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Len(t, first.Rows, 6)
		rest, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": ways[1], "bulk_poll": "1ms"}), "Account", first.Position)
		require.Len(t, rest, 14)
	}
}

// The size of the answer decides: from bulk_from rows on a job is taken.
func TestBulkIsChosenBySize(t *testing.T) {
	for from, jobs := range map[int]int{20: 1, 21: 0} {
		b := start(t, 0)
		everything(b)
		rows, _, last := connectortest.Drain(t, open(t, b, map[string]any{"bulk_poll": "1ms", "bulk_from": from}), "Account", nil)
		require.Len(t, rows, 20)
		b.clock.Advance(time.Hour)
		connectortest.Drain(t, open(t, b, map[string]any{"bulk_poll": "1ms", "bulk_from": from}), "Account", last)
		started, _, _ := b.Jobs()
		require.Equal(t, jobs, started)
	}
}

// A job that expired in the middle is replaced by one that begins behind the last row.
func TestAJobExpires(t *testing.T) {
	b := start(t, 0)
	everything(b)
	src := open(t, b, map[string]any{"bulk": "always", "bulk_poll": "1ms", "bulk_page_size": 6})
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	b.faults.Arm(fault.DeadLocator, 1)
	second, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Greater(t, second.Rows[0].Key, first.Rows[5].Key)
	require.Len(t, second.Rows, 6)
	started, _, _ := b.Jobs()
	require.Equal(t, 2, started)
}

// A job that nobody reads any more is ended, whether it is done or not.
func TestCloseAbortsTheJob(t *testing.T) {
	b := start(t, 0)
	everything(b)
	src := open(t, b, map[string]any{"bulk": "always", "bulk_poll": "1ms", "bulk_page_size": 6})
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	_, err := src.Read(t.Context())
	require.NoError(t, err)
	require.NoError(t, src.Close())
	_, _, left := b.Jobs()
	require.Zero(t, left)

	looks := b.Looks()
	src = open(t, b, map[string]any{"bulk": "always", "bulk_poll": "1s"})
	require.NoError(t, src.Open(t.Context(), "Account", nil))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { _, err := src.Read(ctx); done <- err }()
	require.Eventually(t, func() bool { return b.Looks() > looks }, 30*time.Second, time.Millisecond) // it knows the job's id and waits
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.NoError(t, src.Close())
	_, aborted, left := b.Jobs()
	require.Equal(t, 1, aborted)
	require.Zero(t, left)
}

func TestAJobThatEndsBadly(t *testing.T) {
	b := start(t, 0)
	everything(b)
	fail := func(change map[string]any) error {
		change["bulk"], change["bulk_poll"] = "always", "1ms"
		src := open(t, b, change)
		require.NoError(t, src.Open(t.Context(), "Account", nil))
		_, err := src.Read(t.Context())
		return err
	}
	require.Equal(t, "connectors.failing", errs.CodeOf(fail(map[string]any{"bulk_wait": "0s"})))
	b.faults.Arm(fault.ErrorIn200, 1)
	require.Equal(t, "connectors.refused", errs.CodeOf(fail(map[string]any{})))

	w := start(t, 0)
	w.FailJobs("InvalidBatch : Field name not found : USCC__c")
	b = w
	err := fail(map[string]any{})
	require.Equal(t, "connectors.refused", errs.CodeOf(err))
	require.Contains(t, err.Error(), "Field name not found")
}
