package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// What becomes of a merge that a file asks for.
const (
	MergeDone    = "merged"
	MergePending = "pending" // waits for a second person
	MergeAlready = "one_already"
	MergeRefused = "refused"
)

// MergeFileRequest is a file of merges.
type MergeFileRequest struct {
	File    string
	DryRun  bool // say what would happen, decide nothing
	NoAlias bool // as in MergeRequest
	Lang    string
	Because // of rows that give no reason of their own
}

// FileMerge is one merge of a file and what became of it.
type FileMerge struct {
	Rows      []int          `json:"rows"` // of the file, as a spreadsheet counts them
	Group     string         `json:"group,omitempty"`
	Customers []canonical.ID `json:"customers"` // as the file names them
	State     string         `json:"state"`     // merged, pending, one_already, refused; of a dry run: what it would be
	Survivor  canonical.ID   `json:"survivor,omitzero"`
	Records   int            `json:"records"` // that speak for the customer it makes
	Decision  string         `json:"decision_id,omitempty"`
	Code      string         `json:"code,omitempty"`  // of what is refused
	Error     string         `json:"error,omitempty"` // the same in words
}

// MergedFile says what became of a file of merges.
type MergedFile struct {
	Batch   string       `json:"batch_id,omitempty"` // of a run that decided something: undo and confirm take it
	DryRun  bool         `json:"dry_run"`
	Merged  int          `json:"merged"`
	Pending int          `json:"pending"`
	Already int          `json:"one_already"`
	Refused int          `json:"refused"`
	Merges  []FileMerge  `json:"merges"`
	Settle  SettleReport `json:"settled"`
}

// MergeFile carries out the merges of a file, each a decision of its own with its own audit line, all in one batch that
// can be undone as one. What cannot be merged is refused with a reason while the others go on; a merge sees those before it.
// Running the file again finds what is done already.
func (h *Hub) MergeFile(ctx context.Context, req MergeFileRequest) (MergedFile, error) {
	out := MergedFile{DryRun: req.DryRun, Merges: []FileMerge{}}
	if !h.Actor.Role.MayDecide() {
		return out, errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	asked, err := readMerges(ctx, req.File)
	if err != nil {
		return out, err
	}
	b := mergeBatch{Hub: h, req: req, view: newMergeView()}
	if b.id, err = h.DB.NewID(); err != nil {
		return out, err
	}
	run := func(unit pipeline.Unit) error {
		if err := b.pending(ctx); err != nil {
			return err
		}
		for _, one := range asked {
			m, err := b.merge(ctx, unit, one)
			if err != nil {
				return err
			}
			out.take(m)
		}
		return nil
	}
	if req.DryRun {
		return out, run(nil)
	}
	if out.Settle, err = h.settleWith(ctx, run); err != nil {
		return out, err
	}
	if b.wrote {
		out.Batch = b.id.String()
	}
	return out, h.nameSurvivors(ctx, out.Merges)
}

func (r *MergedFile) take(m FileMerge) {
	switch m.State {
	case MergeDone:
		r.Merged++
	case MergePending:
		r.Pending++
	case MergeAlready:
		r.Already++
	case MergeRefused:
		r.Refused++
	}
	r.Merges = append(r.Merges, m)
}

// nameSurvivors says which ids the merged customers have.
func (h *Hub) nameSurvivors(ctx context.Context, list []FileMerge) error {
	var ids []canonical.ID
	for i := range list {
		ids = append(ids, list[i].Customers...)
	}
	goldens, err := h.DB.Goldens(ctx, ids)
	for i := range list {
		if m := &list[i]; m.State == MergeDone || m.State == MergeAlready {
			m.Survivor = m.Customers[0]
			if g := goldens[m.Survivor]; g.Status == store.GoldenMerged {
				m.Survivor = g.Survivor
			}
		}
	}
	return err
}

// mergeBatch carries out the merges of a file one after the other.
type mergeBatch struct {
	*Hub
	req   MergeFileRequest
	id    canonical.ID
	view  *mergeView
	wrote bool              // some decision
	waits map[string]string // customers → the decision on them that waits for a second person
}

// pending finds the merges that wait for a second person already: asking again makes them no other.
func (b *mergeBatch) pending(ctx context.Context) error {
	list, err := b.DB.Decisions(ctx, store.DecisionPending, ruleReads)
	b.waits = map[string]string{}
	for i := range list {
		d := showDecision(&list[i])
		if d.Verb != verbMerge {
			continue
		}
		now, err := b.asItIsNow(ctx, d.DecisionRequest)
		if err != nil && errs.CodeOf(err) == "" {
			return err
		}
		b.waits[customersText(now.Customers)] = d.ID
	}
	return err
}

func customersText(ids []canonical.ID) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// merge carries out one merge. A refusal is its answer, not an error.
func (b *mergeBatch) merge(ctx context.Context, unit pipeline.Unit, one *askedMerge) (FileMerge, error) {
	m := FileMerge{Rows: one.rows, Group: one.group, Customers: []canonical.ID{}}
	err := one.bad
	if err == nil {
		err = b.decide(ctx, unit, one, &m)
	}
	var refused *errs.Error
	if errors.As(err, &refused) && slices.Contains([]errs.Kind{errs.Invalid, errs.NotFound, errs.Conflict}, refused.Kind) {
		m.State, m.Code, m.Error = MergeRefused, refused.Code, refused.Text(b.req.Lang)
		return m, nil
	}
	return m, err
}

func (b *mergeBatch) decide(ctx context.Context, unit pipeline.Unit, one *askedMerge, m *FileMerge) error {
	because := b.req.Because
	if one.reason != "" {
		because.Reason = one.reason
	}
	if err := b.mayDecide(because); err != nil {
		return err
	}
	req, err := b.mergeOf(ctx, MergeRequest{Customers: one.customers, Survivor: one.survivor, NoAlias: b.req.NoAlias})
	m.Customers = append(m.Customers, req.Customers...)
	if errs.CodeOf(err) == "steward.merge_two" && len(req.Customers) == 1 && !b.sameText(one.customers) {
		m.State = MergeAlready
		return nil
	}
	if err != nil {
		return err
	}
	if err := b.view.know(ctx, b.Hub, req.Customers); err != nil {
		return err
	}
	if b.view.one(req.Customers) {
		m.State = MergeAlready
		return nil
	}
	p, err := b.planMerge(ctx, req, b.view)
	if err == nil {
		err = b.consistent(ctx, p.judgements)
	}
	if err != nil {
		return err
	}
	m.Records, m.State = p.size, MergeDone
	if eyes := b.Config.Dedupe.FourEyes; eyes > 0 && p.size > eyes {
		m.State = MergePending
		if waits, known := b.waits[customersText(req.Customers)]; known {
			m.Decision = waits
			return nil
		}
	}
	if !b.req.DryRun {
		if err := b.learn(ctx, verbMerge, because, &req); err != nil {
			return err
		}
		if err := b.write(ctx, unit, because, req, p, m); err != nil {
			return err
		}
		b.wrote = true
	}
	if m.State == MergeDone {
		b.view.join(req.Customers)
	}
	return nil
}

// sameText reports whether a merge names one customer by one word only: that is a mistake, not a merge that is done.
func (b *mergeBatch) sameText(customers []string) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(customers)))) == 1
}

func (b *mergeBatch) write(ctx context.Context, unit pipeline.Unit, because Because, req DecisionRequest, p plan, m *FileMerge) error {
	body, err := json.Marshal(req)
	if err != nil {
		return fmt.Errorf("render decision: %w", err)
	}
	d := store.Decision{Verb: verbMerge, State: store.DecisionDone, Actor: b.Actor.Name, Reason: strings.TrimSpace(because.Reason), ExpiresAt: because.Until,
		Request: string(body), Batch: b.id}
	return unit(func(tx *store.Tx) error {
		if d.ID, err = tx.NewID(); err != nil {
			return err
		}
		d.CreatedAt, m.Decision = tx.Now, d.ID.String()
		if m.State == MergePending {
			d.State = store.DecisionPending
			return b.record(ctx, tx, &d, "asked")
		}
		return b.enact(ctx, tx, &d, p)
	})
}
