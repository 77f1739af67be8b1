package harness

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Counts is the accounting of a run or of all runs of a command.
type Counts struct {
	Read        int `json:"read"`
	Canonical   int `json:"canonical"`
	Unchanged   int `json:"unchanged"`
	Quarantined int `json:"quarantined"`
	Filtered    int `json:"filtered"`
}

// RunReport is one entry of the report of import and pull.
type RunReport struct {
	RunID          string    `json:"run_id"`
	Connection     string    `json:"connection"`
	Stream         string    `json:"stream"`
	File           string    `json:"file"`
	Status         string    `json:"status"`
	UnknownColumns []string  `json:"unknown_columns"`
	Warnings       []string  `json:"warnings"`
	Error          *string   `json:"error"`
	StartedAt      time.Time `json:"started_at"`
	Counts
}

// Report is what import, pull and replay print with --json.
type Report struct {
	Runs   []RunReport `json:"runs"`
	Totals Counts      `json:"totals"`
}

// AddsUp fails the test unless every run, and the totals, account for each row read.
func (r Report) AddsUp(t testing.TB) {
	t.Helper()
	var sum Counts
	for _, run := range r.Runs {
		c := run.Counts
		require.Equal(t, c.Read, c.Canonical+c.Unchanged+c.Quarantined+c.Filtered, "%+v", run)
		sum.Read += c.Read
		sum.Canonical += c.Canonical
		sum.Unchanged += c.Unchanged
		sum.Quarantined += c.Quarantined
		sum.Filtered += c.Filtered
	}
	require.Equal(t, sum, r.Totals)
}
