package connectortest

// Fault is a mistake that is put in on purpose, to show that the suite notices it.
type Fault struct {
	Item   int    // of the acceptance list
	Name   string // the mistake in words, and what Seed returns
	Test   string // that must fail, as folder and name, with the beginning of a subtest's name
	Change Change // none: the test itself puts the fault into its connector
}

// Change is a change of a source of the product.
type Change struct {
	File, Old, New string // Old stands in the file once
}

// Faults are the seeded faults: at least one for each item of the acceptance list.
func Faults() []Fault {
	var out []Fault
	for _, f := range ofConnectors {
		out = append(out, Fault{f.item, f.name, "connectors/connectortest.TestSeeded/" + f.part, Change{}})
	}
	return append(out, ofTheHub...)
}

// ofConnectors are the mistakes that a connector may make, with the part of the suite that must notice.
var ofConnectors = []struct {
	item       int
	name, part string
}{
	{1, "a password in clear", "spec is a valid schema"},
	{2, "leaks the password in errors", "secrets stay secret"},
	{3, "asks for more than it did", "settings of the released version"},
	{4, "needs nothing", "a missing required setting"},
	{5, "two verdicts", "check gives one verdict"},
	{6, "takes any stream", "what does not exist is refused"},
	{7, "ignores the caller", "a hanging source hangs nobody"},
	{8, "a field twice", "the catalogue is whole"},
	{9, "a field less", "the catalogue keeps its promises"},
	{10, "one key for all rows", "records match the catalogue"},
	{10, "a field that nobody declared", "records match the catalogue"},
	{11, "an empty stream", "records match the catalogue"},
	{12, "never the same", "two reads of an unchanged source are equal"},
	{13, "reads all again", "a second run repeats no more"},
	{14, "positions ahead of rows", "every checkpoint leads to the same set"},
	{15, "a page for each time", "ties on the cursor across pages"},
	{16, "no overlap", "a row that is committed late"},
	{17, "places by number", "rows updated while paging"},
	{18, "follows the newest time", "a row of the far future"},
	{19, "deletes are passed over", "deletes are seen"},
	{20, "any position is the beginning", "positions that cannot be used"},
	{21, "a backfill reads on", "a backfill reads its window"},
	{22, "a failure is no rows", "faults that end the run"},
	{22, "complete whatever happens", "faults that end the run"},
	{24, "cuts long texts", "texts of every kind"},
	{25, "floats", "records match the catalogue"},
	{34, "one failure is the end", "faults that pass"},
	{34, "forgets to log in again", "a session that dies"},
	{42, "forgets a goroutine", "two reads of an unchanged source are equal"},
	{42, "forgets a connection", "two reads of an unchanged source are equal"},
	{42, "forgets a file", "two reads of an unchanged source are equal"},
}

// ofTheHub are the mistakes in what is proved once for all connectors, and of connectors of another medium.
var ofTheHub = []Fault{
	{23, "a policy that stops stops nothing", "pipeline.TestChangesOfFieldsAreToldOrStopThePull/new, to stop",
		Change{"pipeline/drift.go", "if policy == DriftStop {", "if false {"}},
	{26, "equal rows of a file are one", "pipeline.TestOverlappingFilesWithoutDocuments/sqlite",
		Change{"mapping/identity.go", "if x.seen.add(print) {", "if x.seen.add(print) || true {"}},
	{26, "an older version of a row replaces a newer one", "pipeline.TestPulledLedgerRows/sqlite",
		Change{"pipeline/pull_rows.go", "store.Micros(at), row.SourceSeq", "0*store.Micros(at), row.SourceSeq"}},
	{27, "bad rows stop no run", "pipeline.TestAPullStopsWhenTooManyRowsAreBad/sqlite",
		Change{"pipeline/pull_rows.go", "if err := r.tooManyBad(); err != nil {", "if err := r.tooManyBad(); false {"}},
	{27, "bad rows are passed over", "pipeline.TestAPullStopsWhenTooManyRowsAreBad/sqlite",
		Change{"pipeline/pull_rows.go", "u.bad = append(u.bad, r.quarantined(row, key, raw, issues, personal))", "_ = u"}},
	{28, "a row that was taken in stays in quarantine", "hub.TestQuarantineIsReplayedOnceTheMapIsMended/sqlite",
		Change{"pipeline/replay.go", "u.mended = append(u.mended, *q)", "_ = u"}},
	{29, "how far a file is in is stored before its rows", "pipeline.TestACutOffImportGoesOn",
		Change{"pipeline/ingest.go", `	err := j.inTx(ctx, func(tx *store.Tx) error {
		counts, err := j.write(ctx, tx, u)
		if err != nil {
			return err
		}
		if j.dry {
			j.run.Counts = j.run.Counts.Add(counts)
			j.noteBooked()
			return errDry
		}
		if err := j.advance(ctx, tx, u, counts); err != nil {
			return err
		}
`, `	if err := j.inTx(ctx, func(tx *store.Tx) error {
		return j.advance(ctx, tx, u, store.Counts{Read: u.read, Quarantined: int64(len(u.bad))})
	}); err != nil {
		return err
	}
	err := j.inTx(ctx, func(tx *store.Tx) error {
		counts, err := j.write(ctx, tx, u)
		if err != nil {
			return err
		}
`}},
	{30, "the source is told before the rows are stored", "pipeline.TestAPullResumesAndAcknowledgesOnlyWhatIsStored/sqlite",
		Change{"pipeline/pull_rows.go", "			f.batch, f.err = r.p.src.Read(ctx)\n", "			if f.batch, f.err = r.p.src.Read(ctx); f.err == nil {\n				r.p.committed.Store(&f.batch.Position)\n			}\n"}},
	{31, "who is stopped forgets what was sent", "events/outbox.TestRunSendsWhatComesAndDrainsWhenStopped/sqlite",
		Change{"events/outbox/shard.go", "	if ctx.Err() != nil {\n		var cancel", "	if false {\n		var cancel"}},
	{32, "what waits is sent from the end", "events/outbox.TestSeveralRelaysShareTheWork/sqlite",
		Change{"events/outbox/window.go", "	for _, c := range chunks {\n		w.events", "	slices.Reverse(chunks)\n	for _, c := range chunks {\n		w.events"}},
	{33, "what a broker refused counts as stored", "events/outbox.TestOnceGivesUpOnABrokerThatIsAway/sqlite",
		Change{"events/outbox/shard.go", "stored = storedBefore(err, len(messages))", "_ = storedBefore"}},
	{35, "a lost connection is the end", "connectors/distributor/database.TestConnector/a database that is locked", Change{}},
	{36, "waits for no upload", "connectors/distributor/files.TestConnector/files that are unfinished", Change{}},
	{36, "a bad file is no rows", "connectors/distributor/files.TestConnector/files that are unfinished", Change{}},
	{37, "a store that is away ends the relay", "events/outbox.TestRunSurvivesADatabaseThatIsAwayForAWhile/sqlite",
		Change{"events/outbox/relay.go", "			pause = trouble.NextBackOff()", "			return err"}},
	{38, "a circuit that never opens", "connectors/httpsource.TestCircuitOpensAndOthersAreUntouched",
		Change{"connectors/httpsource/client.go", "return n.ConsecutiveFailures >= o.Breaker.Failures", "return false"}},
	{38, "a circuit that never closes", "connectors/httpsource.TestCircuitClosesAgain",
		Change{"connectors/httpsource/client.go", "Timeout: o.Breaker.Open,", "Timeout: time.Hour,"}},
	{38, "a caller who gives up opens the circuit", "connectors/httpsource.TestCancelledCallersDoNotOpenTheCircuit",
		Change{"connectors/httpsource/client.go", "return err == nil || ClassOf(err) != Retry", "return err == nil"}},
	{39, "each caller has the limit to itself", "connectors/httpsource.TestLimitsAreKeptByCallersSideBySide",
		Change{"connectors/httpsource/client.go", "rate.Limit(l.PerSecond), max(l.Burst, 1)", "rate.Limit(5*l.PerSecond), max(l.Burst, 1)"}},
	{39, "the pause that a source asks for is passed over", "connectors/httpsource.TestRetryAfter",
		Change{"connectors/httpsource/retry.go", "return max(0, time.Duration(s)*time.Second)", "return time.Duration(s)"}},
	{40, "rows in quarantine are not counted", "pipeline.TestEveryFormatIsAccountedFor/sqlite",
		Change{"pipeline/ingest.go", "Filtered: u.filtered, Quarantined: int64(len(u.bad))}", "Filtered: u.filtered}"}},
	{41, "every line is kept in memory", "connectors/filesource.TestMemoryIsFlat/a.csv",
		Change{"connectors/filesource/csv.go", "func (c *csvRows) next() (row, error) {\n	raw, quoted, err := c.scan.next()",
			"var kept [][]byte\n\nfunc (c *csvRows) next() (row, error) {\n	raw, quoted, err := c.scan.next()\n	kept = append(kept, bytes.Clone(raw))"}},
}
