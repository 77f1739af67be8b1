package connectortest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// Item is one line of the acceptance list. Shared says where an item is proved once for all connectors, or why it does not
// concern them; empty: the suite proves it for each.
type Item struct {
	Number int
	Text   string
	Shared string
}

// Items is the acceptance list.
func Items() []Item {
	return []Item{
		{1, "settings form a valid schema, every option documented, secrets marked", ""},
		{2, "no secret in errors, findings, positions or redacted settings, under every fault", ""},
		{3, "generated configurations of the released version still validate", ""},
		{4, "a missing required setting is named, exit 2", ""},
		{5, "check gives one verdict with code and remedy: good, wrong password, wrong host, no right, certificate", ""},
		{6, "streams and settings that do not exist are refused", ""},
		{7, "a hanging source hangs nobody", ""},
		{8, "the catalogue is whole: key, cursor and party are fields, deletes stated", ""},
		{9, "the catalogue keeps what the released version promised", ""},
		{10, "records match the catalogue, keys unique", ""},
		{11, "no stream is empty without saying so", ""},
		{12, "two full reads of an unchanged source are equal", ""},
		{13, "a second read brings no gap and only boundary repeats", ""},
		{14, "a restart from every checkpoint gives the same set", ""},
		{15, "10,000 rows that share one time, across pages and a checkpoint", ""},
		{16, "a row committed late, within the overlap", ""},
		{17, "rows updated while paging", ""},
		{18, "a row of the far future; the source's clock ten minutes off", ""},
		{19, "deletes are seen as the stream says", ""},
		{20, "positions that are cut, foreign or of a newer version stop with a message", ""},
		{21, "a backfill reads its window and moves nothing", ""},
		{22, "a run that fails half-way never claims a complete list", ""},
		{23, "drift of columns: policy and event", "pipeline: TestChangesOfFieldsAreToldOrStopThePull; a missing required field stops the check too"},
		{24, "texts of every kind: four-byte characters, quotes, line breaks, 1 MB", ""},
		{25, "numbers are exact, long ids too", ""},
		{26, "duplicate records, missing keys, missing fields", "pipeline: tests of pulled rows and of maps"},
		{27, "bad rows go to quarantine, good ones go on, a limit stops the run", "pipeline: TestAPullStopsWhenTooManyRowsAreBad and the tests of quarantine"},
		{28, "replay delivers exactly the corrected rows once", "pipeline: tests of replay"},
		{29, "killed anywhere: no gap, no double", "pipeline and end-to-end tests that kill the process"},
		{30, "sources that forget on acknowledgement, sources that keep", "pipeline: TestAPullResumesAndAcknowledgesOnlyWhatIsStored; none of these systems forgets"},
		{31, "told to stop: drains in time", "end-to-end tests of the service"},
		{32, "order of one key through retry and restart", "relay tests"},
		{33, "faults of the broker", "relay tests"},
		{34, "HTTP faults: refused, throttled, cut, damaged, HTML, redirect loop, dead locator, session lost", ""},
		{35, "faults of a database source", "does not concern HTTP systems"},
		{36, "faults of files", "does not concern HTTP systems; filesource has its own tests"},
		{37, "own store full or slow", "store tests"},
		{38, "circuit opens, half-opens, closes", "httpsource: tests of the breaker, shared by all"},
		{39, "rate limits are kept", "httpsource: tests of limits, shared by all"},
		{40, "every row is accounted for", "pipeline: law of the account"},
		{41, "1 M rows in flat memory", "pipeline and file benchmarks"},
		{42, "no goroutine is left behind", ""},
	}
}

// keepResults compares what was proved with testdata/acceptance.json, from which the page of all connectors is made.
func keepResults(t *testing.T, failed map[int]bool, reasons map[int]string) {
	t.Helper()
	results := map[string]string{}
	for _, item := range Items() {
		switch why := reasons[item.Number]; {
		case item.Shared != "":
		case why != "":
			results[strconv.Itoa(item.Number)] = why
		case !failed[item.Number]:
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
