package hub

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// QuarantineItem is a row that could not be taken in.
type QuarantineItem struct {
	ID     canonical.ID `json:"id"`
	Source string       `json:"source"`
	Stream string       `json:"stream"`
	File   string       `json:"file"`
	Row    int          `json:"row"`
	Field  string       `json:"field"`
	Rule   string       `json:"rule"`
	Reason string       `json:"reason"` // what is wrong and what to do
	Raw    string       `json:"raw"`    // the row as received; "" when it may be about a person and may not be shown
	Status string       `json:"status"`

	Party     string     `json:"party,omitempty"`
	Reasons   []string   `json:"reasons,omitempty"` // everything that is wrong
	Attempts  int        `json:"attempts"`
	FirstSeen time.Time  `json:"first_seen_at"`
	DecidedBy string     `json:"decided_by,omitempty"`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
}

// QuarantineReport is a page of the quarantine.
type QuarantineReport struct {
	Total int              `json:"total"`
	Items []QuarantineItem `json:"items"`
}

// QuarantineQuery narrows the list; empty fields do not.
type QuarantineQuery struct {
	Source, Stream string
	Status         string // open unless said otherwise
	Limit          int    // 0 = 100
	Lang           string
}

// Quarantine lists rows that wait, oldest first.
func (h *Hub) Quarantine(ctx context.Context, q QuarantineQuery) (QuarantineReport, error) {
	if q.Status == "" {
		q.Status = store.QuarantineOpen
	}
	if q.Limit <= 0 {
		q.Limit = 100
	}
	total, rows, err := h.DB.ListQuarantine(ctx, store.QuarantineFilter{Source: q.Source, Stream: q.Stream, Status: q.Status, Limit: q.Limit})
	out := QuarantineReport{Total: total, Items: []QuarantineItem{}}
	for _, r := range rows {
		out.Items = append(out.Items, itemOf(r, q.Lang))
	}
	return out, err
}

func itemOf(q store.Quarantined, lang string) QuarantineItem {
	first := q.Issues[0]
	item := QuarantineItem{ID: q.ID, Source: q.Source, Stream: q.Stream, File: q.File, Row: q.Row, Field: first.Field, Rule: first.Rule,
		Reason: first.Text(lang), Raw: string(q.Raw), Status: q.Status, Party: q.Party, Attempts: q.Attempts, FirstSeen: q.FirstSeen, DecidedBy: q.DecidedBy}
	for _, i := range q.Issues {
		item.Reasons = append(item.Reasons, i.Text(lang))
	}
	if !q.Decided.IsZero() {
		item.DecidedAt = &q.Decided
	}
	return item
}

// ShowQuarantined shows one row. The content of a row that may be about a person is shown only to a role that may see it
// and gives a reason.
func (h *Hub) ShowQuarantined(ctx context.Context, id, unmaskReason, lang string) (QuarantineItem, error) {
	row, err := h.quarantined(ctx, id)
	if errors.Is(err, store.ErrErased) {
		return QuarantineItem{}, errs.New(errs.NotFound, "quarantine.erased", nil)
	}
	if err != nil {
		return QuarantineItem{}, err
	}
	if row.Personal && (unmaskReason == "" || !h.Actor.Role.MayUnmask()) {
		row.Raw = nil
		for i := range row.Issues {
			row.Issues[i].Value = "***"
		}
	}
	return itemOf(row, lang), nil
}

func (h *Hub) quarantined(ctx context.Context, id string) (store.Quarantined, error) {
	unknown := errs.New(errs.NotFound, "quarantine.unknown", errs.Args{"id": id})
	key, err := canonical.ParseID(id)
	if err != nil {
		return store.Quarantined{}, unknown
	}
	row, err := h.DB.QuarantinedRow(ctx, key)
	if errors.Is(err, sql.ErrNoRows) {
		return row, unknown
	}
	return row, err
}

// DiscardQuarantined closes rows that will not be taken in.
func (h *Hub) DiscardQuarantined(ctx context.Context, ids []string) error {
	for _, id := range ids {
		row, err := h.quarantined(ctx, id)
		if errors.Is(err, store.ErrErased) {
			row, err = h.maskedRow(ctx, id)
		}
		if err != nil {
			return err
		}
		err = h.DB.InTx(ctx, func(tx *store.Tx) error {
			return tx.DecideQuarantine(ctx, row, store.QuarantineDiscarded, h.Actor.Name)
		})
		if errors.Is(err, sql.ErrNoRows) {
			return errs.New(errs.Conflict, "quarantine.decided", errs.Args{"id": id, "status": row.Status, "by": row.DecidedBy})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// maskedRow is a row whose content cannot be read any more.
func (h *Hub) maskedRow(ctx context.Context, id string) (store.Quarantined, error) {
	_, rows, err := h.DB.ListQuarantine(ctx, store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 1 << 30})
	for _, r := range rows {
		if r.ID.String() == id {
			return r, err
		}
	}
	return store.Quarantined{}, errs.New(errs.NotFound, "quarantine.unknown", errs.Args{"id": id})
}

// ReplayRequest names rows of the quarantine to take in again: by id, or all open ones that the query fits.
type ReplayRequest struct {
	IDs   []string
	Query QuarantineQuery
	Map   string // map file that holds now, for rows of files that were imported with one
	Lang  string
}

// ReplayQuarantine takes rows in again. Rows that are still wrong stay in quarantine.
func (h *Hub) ReplayQuarantine(ctx context.Context, req ReplayRequest) (IngestReport, error) {
	report := IngestReport{Runs: []RunReport{}}
	rows, err := h.rowsToReplay(ctx, req)
	if err != nil {
		return report, err
	}
	for _, group := range sameOrigin(rows) {
		plan, err := h.planReplay(ctx, group, req.Map)
		if err != nil {
			return report, err
		}
		run, err := h.ingest().Replay(ctx, plan)
		report.add(run, req.Lang)
		if err != nil {
			return report, err
		}
	}
	return report, nil
}

func (h *Hub) rowsToReplay(ctx context.Context, req ReplayRequest) ([]store.Quarantined, error) {
	ids := req.IDs
	if len(ids) == 0 {
		f := store.QuarantineFilter{Source: req.Query.Source, Stream: req.Query.Stream, Status: store.QuarantineOpen, Limit: 1 << 30}
		_, rows, err := h.DB.ListQuarantine(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			ids = append(ids, r.ID.String())
		}
	}
	var out []store.Quarantined
	for _, id := range ids {
		row, err := h.quarantined(ctx, id)
		if errors.Is(err, store.ErrErased) && len(req.IDs) == 0 {
			continue
		}
		if errors.Is(err, store.ErrErased) {
			return nil, errs.New(errs.NotFound, "quarantine.erased", nil)
		}
		if err != nil {
			return nil, err
		}
		if row.Status != store.QuarantineOpen {
			return nil, errs.New(errs.Conflict, "quarantine.decided", errs.Args{"id": id, "status": row.Status, "by": row.DecidedBy})
		}
		if len(req.IDs) > 0 && len(row.Retry.Fields) == 0 {
			return nil, errs.New(errs.Invalid, "quarantine.unreadable", errs.Args{"file": row.File})
		}
		out = append(out, row)
	}
	return out, nil
}

// sameOrigin groups rows that one run can take in, in their order.
func sameOrigin(rows []store.Quarantined) [][]store.Quarantined {
	var out [][]store.Quarantined
	at := map[[4]string]int{}
	for _, r := range rows {
		key := [4]string{r.Source, r.Stream, r.Party, r.File}
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], r)
	}
	return out
}

// planReplay finds the map that holds now: of a pulled row the one of its stream, of an imported row the file given, the
// one it was imported with, or the headers.
func (h *Hub) planReplay(ctx context.Context, rows []store.Quarantined, mapFile string) (pipeline.Replay, error) {
	first := rows[0]
	plan := pipeline.Replay{Rows: rows, Trust: h.rank(first.Source), Actor: h.Actor.Name}
	if first.Party != "" {
		var err error
		if plan.Party, err = h.DB.FindParty(ctx, first.Party); err != nil {
			return plan, err
		}
	}
	if first.Source == pipeline.CaptureSource && first.Stream == pipeline.CaptureStream {
		var err error
		plan.Entity = canonical.EntityEvent
		plan.Map, err = pipeline.CaptureMap()
		return plan, err
	}
	if first.Retry.As == "" {
		return h.planPulledReplay(plan, first)
	}
	kind, err := mapping.ParseKind(first.Retry.As)
	if err != nil {
		return plan, err
	}
	plan.Entity, plan.Ledger = kind.Entity(), kind.Ledger()
	if mapFile == "" {
		return plan, nil
	}
	text, err := readMap(mapFile)
	if err != nil {
		return plan, err
	}
	plan.Map, err = mapping.Parse(mapFile, text)
	return plan, err
}

func (h *Hub) planPulledReplay(plan pipeline.Replay, first store.Quarantined) (pipeline.Replay, error) {
	c, err := h.Connection(first.Source)
	if err != nil {
		return plan, err
	}
	info, m, _, err := h.streamMap(c, connectors.StreamInfo{Name: first.Stream})
	plan.Map, plan.Entity, plan.Ledger = m, info.Entity, info.Ledger
	return plan, err
}
