package hub

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
)

// RunReport is the report of one import of a file or one pull of a stream (CLI §3).
type RunReport struct {
	RunID      string `json:"run_id"` // "" when nothing was recorded
	Connection string `json:"connection"`
	Source     string `json:"source"`
	Stream     string `json:"stream"`
	Party      string `json:"party"` // key of the reporting party; "" for masters
	File       string `json:"file"`
	Status     string `json:"status"`
	store.Counts
	UnknownColumns []string        `json:"unknown_columns"`
	Warnings       []string        `json:"warnings"`
	StartedAt      time.Time       `json:"started_at"`
	FinishedAt     *time.Time      `json:"finished_at"` // null while running
	Position       json.RawMessage `json:"position"`    // null when the stream has none
	Error          *string         `json:"error"`       // null when there is none
}

// RunsReport is a list of runs, newest first.
type RunsReport struct {
	Runs []RunReport `json:"runs"`
}

// IngestReport is what an import or a pull did: a report for each file or stream, and the sum.
type IngestReport struct {
	Runs   []RunReport  `json:"runs"`
	Totals store.Counts `json:"totals"`

	paused bool // the stream was left out, as a person said
}

func (r *IngestReport) add(run store.Run, lang string) {
	r.Runs = append(r.Runs, reportOf(run, lang))
	r.Totals = r.Totals.Add(run.Counts)
}

// refuse reports a file or stream that could not even be opened.
func (r *IngestReport) refuse(run store.Run, err error, now time.Time, lang string) {
	run.Status, run.Error, run.StartedAt, run.FinishedAt = store.RunFailed, store.NoticeOf(err), now, now
	r.add(run, lang)
}

func reportOf(run store.Run, lang string) RunReport {
	r := RunReport{
		Connection: run.Connection, Source: run.Source, Stream: run.Stream, Party: run.Party, File: run.File, Status: run.Status, Counts: run.Counts,
		UnknownColumns: run.UnknownColumns, Warnings: []string{}, StartedAt: run.StartedAt.UTC(), Position: run.Position,
	}
	if !run.ID.IsZero() {
		r.RunID = run.ID.String()
	}
	if r.UnknownColumns == nil {
		r.UnknownColumns = []string{}
	}
	for _, w := range run.Warnings {
		r.Warnings = append(r.Warnings, w.Text(lang))
	}
	if !run.FinishedAt.IsZero() {
		at := run.FinishedAt.UTC()
		r.FinishedAt = &at
	}
	if run.Error != nil {
		text := run.Error.Text(lang)
		r.Error = &text
	}
	return r
}

// Runs lists runs, newest first; limit 0 means 50.
func (h *Hub) Runs(ctx context.Context, limit int, lang string) (RunsReport, error) {
	if limit <= 0 {
		limit = 50
	}
	runs, err := h.DB.Runs(ctx, limit)
	out := RunsReport{Runs: []RunReport{}}
	for _, r := range runs {
		out.Runs = append(out.Runs, reportOf(r, lang))
	}
	return out, err
}

// ShowRun is the report of one run.
func (h *Hub) ShowRun(ctx context.Context, id, lang string) (RunReport, error) {
	unknown := errs.New(errs.NotFound, "runs.unknown", errs.Args{"id": id})
	runID, err := canonical.ParseID(id)
	if err != nil {
		return RunReport{}, unknown
	}
	run, err := h.DB.Run(ctx, runID)
	if errors.Is(err, sql.ErrNoRows) {
		return RunReport{}, unknown
	}
	return reportOf(run, lang), err
}
