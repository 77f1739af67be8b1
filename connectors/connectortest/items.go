package connectortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Item is one line of the acceptance list. Tests are those that prove it once for all connectors, as folder and name; none:
// the suite proves it for each. Else is why it does not concern connectors of another medium.
type Item struct {
	Number int
	Text   string
	Tests  []string
	Else   string
}

// Items is the acceptance list.
func Items() []Item {
	return []Item{
		{1, "settings form a valid schema, every option documented, secrets marked", nil, ""},
		{2, "no secret in errors, findings, positions or redacted settings, under every fault", nil, ""},
		{3, "generated configurations of the released version still validate", nil, ""},
		{4, "a missing required setting is named, exit 2", nil, ""},
		{5, "check gives one verdict with code and remedy: good, wrong password, wrong host, no right, certificate", nil, ""},
		{6, "streams and settings that do not exist are refused", nil, ""},
		{7, "a hanging source hangs nobody", nil, ""},
		{8, "the catalogue is whole: key, cursor and party are fields, deletes stated", nil, ""},
		{9, "the catalogue keeps what the released version promised", nil, ""},
		{10, "records match the catalogue, keys unique", nil, ""},
		{11, "no stream is empty without saying so", nil, ""},
		{12, "two full reads of an unchanged source are equal", nil, ""},
		{13, "a second read brings no gap and only boundary repeats", nil, ""},
		{14, "a restart from every checkpoint gives the same set", nil, ""},
		{15, "10,000 rows that share one time, across pages and a checkpoint", nil, ""},
		{16, "a row committed late, within the overlap", nil, ""},
		{17, "rows updated while paging", nil, ""},
		{18, "a row of the far future; the source's clock ten minutes off", nil, ""},
		{19, "deletes are seen as the stream says", nil, ""},
		{20, "positions that are cut, foreign or of a newer version stop with a message", nil, ""},
		{21, "a backfill reads its window and moves nothing", nil, ""},
		{22, "a run that fails half-way never claims a complete list", nil, ""},
		{23, "drift of columns: policy and event", []string{"pipeline.TestChangesOfFieldsAreToldOrStopThePull", "pipeline.TestFieldsThatComeNowAndThenAreNoChange", "pipeline.TestDeletesSayNothingAboutTheFieldsOfAStream"}, ""},
		{24, "texts of every kind: four-byte characters, quotes, line breaks, 1 MB", nil, ""},
		{25, "numbers are exact, long ids too", nil, ""},
		{26, "duplicate records, missing keys, missing fields", []string{"pipeline.TestPulledLedgerRows", "cmd/tributary.TestBadRowsSayWhatIsWrongAndWhere", "pipeline.TestOverlappingFilesWithoutDocuments", "mapping.TestColumnsThatAreMissing", "mapping.TestOneHeaderTwice"}, ""},
		{27, "bad rows go to quarantine, good ones go on, a limit stops the run", []string{"pipeline.TestAPullStopsWhenTooManyRowsAreBad", "test/e2e.TestBadRowsWaitAndGoodRowsArrive"}, ""},
		{28, "replay delivers exactly the corrected rows once", []string{"hub.TestQuarantineIsReplayedOnceTheMapIsMended"}, ""},
		{29, "killed anywhere: no gap, no double", []string{"test/chaos.TestKilledPullsEndLikeAnUndisturbedOne", "test/chaos.TestKilledImportsAndRelaysEndLikeUndisturbedOnes", "pipeline.TestIngestSurvivesKills", "pipeline.TestACutOffImportGoesOn", "events/outbox.TestKilledRelaysLoseAndReorderNothing"}, ""},
		{30, "sources that forget on acknowledgement, sources that keep", []string{"pipeline.TestAPullResumesAndAcknowledgesOnlyWhatIsStored", "connectors/distributor/files.TestLostAckIsMadeUpFor", "connectors/webhook.TestAcknowledgedDeliveriesAreForgotten", "hub.TestOrdersFromKafka"}, ""},
		{31, "told to stop: drains in time", []string{"test/e2e.TestServeLivesBesideImportsAndStopsInOrder", "events/outbox.TestRunSendsWhatComesAndDrainsWhenStopped"}, ""},
		{32, "order of one key through retry and restart", []string{"events/outbox.TestRelayKeepsOrderAndLosesNothingUnderFaults", "events/outbox.TestAPausedRelayCannotSendOrMarkBehindItsSuccessor", "events/outbox.TestSeveralRelaysShareTheWork"}, ""},
		{33, "faults of the broker", []string{"events/outbox.TestRunSurvivesABrokerThatIsAwayForAWhile", "events/outbox.TestOnceGivesUpOnABrokerThatIsAway", "events/outbox.TestRelayKeepsOrderAndLosesNothingUnderFaults", "events/kafka.TestWriteErrorNamesTheFirstNotStored", "events/kafka.TestBrokerRestart"}, ""},
		{34, "HTTP faults: refused, throttled, cut, damaged, HTML, redirect loop, dead locator, session lost", nil, "speaks no HTTP"},
		{35, "faults of a database source", nil, "reads no database"},
		{36, "faults of files", nil, "reads no files"},
		{37, "own store full or slow", []string{"test/e2e.TestAFullDisk", "test/e2e.TestALockedDatabaseFile", "test/e2e.TestADatabaseThatGoesAwayMidRun", "events/outbox.TestRunSurvivesADatabaseThatIsAwayForAWhile"}, ""},
		{38, "circuit opens, half-opens, closes", []string{"connectors/httpsource.TestCircuitOpensAndOthersAreUntouched", "connectors/httpsource.TestCircuitClosesAgain", "connectors/httpsource.TestCancelledCallersDoNotOpenTheCircuit"}, ""},
		{39, "rate limits are kept", []string{"connectors/httpsource.TestLimitsAreKeptByCallersSideBySide", "connectors/httpsource.TestRateLimitPerScope", "connectors/httpsource.TestRetryAfter"}, ""},
		{40, "every row is accounted for", []string{"pipeline.TestEveryFormatIsAccountedFor", "pipeline.TestPullsEndAlikeWhereverTheyBreak"}, ""},
		{41, "1 M rows in flat memory", []string{"connectors/filesource.TestMemoryIsFlat", "bench.BenchmarkIngestPostgres", "test/e2e.TestAnInterruptedImportReportsAndGoesOn"}, ""},
		{42, "no goroutine, connection or descriptor is left behind", nil, ""},
	}
}

// keepResults compares what was proved with testdata/acceptance.json, from which the page of all connectors is made. Of
// items that are proved once for all it holds only the reasons against them.
func keepResults(t *testing.T, h Harness, proved map[int]bool) {
	t.Helper()
	results := map[string]string{}
	for _, item := range Items() {
		switch why := h.Reasons[item.Number]; {
		case why != "":
			results[strconv.Itoa(item.Number)] = why
		case len(item.Tests) == 0 && (item.Else == "" || slices.Contains(h.Medium.faults(), item.Number)):
			require.True(t, proved[item.Number], "item %d is neither proved nor has it a reason", item.Number)
			results[strconv.Itoa(item.Number)] = "pass"
		}
	}
	text, err := json.MarshalIndent(results, "", "  ")
	require.NoError(t, err)
	path := filepath.Join("testdata", "acceptance.json")
	if *update {
		require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o644))
	}
	kept, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update once")
	require.JSONEq(t, string(kept), string(text), "run go test -update, then go test ./connectors/builtin -update")
}
