package hub

import (
	"context"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// WhySide is one side of a comparison.
type WhySide struct {
	Source   string `json:"source"`
	ID       string `json:"id"`
	GoldenID string `json:"golden_id"` // "" while it waits for resolution
}

// Why tells why two records are, or are not, one customer.
type Why struct {
	A            WhySide            `json:"a"`
	B            WhySide            `json:"b"`
	Together     bool               `json:"together"`            // they belong to one golden record now
	Apart        string             `json:"apart,omitempty"`     // why they are not one customer: judgement, kind, never_compared, below_review, or the reason of a question
	Judgement    string             `json:"judgement,omitempty"` // same or different, when a steward decided
	Decision     *Decision          `json:"decision,omitempty"`  // who decided, when, and why
	Explanation  dedupe.Explanation `json:"explanation"`
	NeverBlocked bool               `json:"never_compared"` // no key brings the two together in a run
	Text         string             `json:"text"`           // the same for a person
}

// WhyCustomers explains a pair: source records (SOURCE|ID), or golden customers, of which the two records are taken that
// agree best. Values of persons are masked unless asked for with a reason.
func (h *Hub) WhyCustomers(ctx context.Context, a, b, lang string, unmask Unmask) (Why, error) {
	engine, err := h.engine(ctx)
	if err != nil {
		return Why{}, err
	}
	left, err := h.recordsOf(ctx, engine, a)
	if err != nil {
		return Why{}, err
	}
	right, err := h.recordsOf(ctx, engine, b)
	if err != nil {
		return Why{}, err
	}
	x, y := best(engine, left, right)
	if x == nil {
		return Why{}, errs.New(errs.Invalid, "customers.unknown_record", errs.Args{"record": b})
	}
	why := Why{Explanation: engine.Why(x, y)}
	var goldens []canonical.ID
	for i, r := range []*dedupe.Record{x, y} {
		side := []*WhySide{&why.A, &why.B}[i]
		side.Source, side.ID = r.Key.Source, r.Key.ID
		id, ok, err := h.DB.GoldenOf(ctx, r.ID)
		if err != nil {
			return Why{}, err
		}
		if ok {
			side.GoldenID = id.String()
			goldens = append(goldens, id)
		}
	}
	why.Together = len(goldens) == 2 && goldens[0] == goldens[1]
	why.NeverBlocked = len(why.Explanation.Shared) == 0
	if err := h.judged(ctx, x, y, &why); err != nil {
		return Why{}, err
	}
	if err := h.unmask(ctx, goldens, unmask); err != nil {
		return Why{}, err
	}
	if why.Apart, err = h.apartBecause(ctx, x, y, &why); err != nil {
		return Why{}, err
	}
	if !unmask.Wanted {
		why.Explanation.Mask()
	}
	why.Text = why.Explanation.Text(lang) + why.outcome(lang)
	return why, nil
}

// recordsOf finds the living records a text means: one source record, or the records of a golden customer.
func (h *Hub) recordsOf(ctx context.Context, engine *dedupe.Engine, text string) ([]*dedupe.Record, error) {
	var ids []int64
	if source, id, ok := strings.Cut(text, "|"); ok {
		n, found, err := h.DB.CustomerByKey(ctx, canonical.RecordKey{Source: source, ID: id})
		if err != nil {
			return nil, err
		}
		if found {
			ids = []int64{n}
		}
	} else {
		golden, err := h.customer(ctx, text)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		if err == nil {
			members, err := h.DB.MembersOf(ctx, []canonical.ID{golden})
			if err != nil {
				return nil, err
			}
			for _, m := range members {
				ids = append(ids, m.Record)
			}
		}
	}
	records, err := h.DB.CustomerRecords(ctx, ids)
	if err != nil {
		return nil, err
	}
	aliases, err := h.DB.PartyAliases(ctx)
	if err != nil {
		return nil, err
	}
	compare := pipeline.Comparer{DB: h.DB, Engine: engine}
	out, err := compare.Prepare(ctx, slices.DeleteFunc(records, func(r store.CustomerRecord) bool { return !r.Living() }), aliases)
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, errs.New(errs.NotFound, "customers.unknown_record", errs.Args{"record": text})
	}
	return out, nil
}

// best picks the two different records that agree most; of one record alone there is no pair.
func best(engine *dedupe.Engine, left, right []*dedupe.Record) (x, y *dedupe.Record) {
	strongest := 0.0
	for _, a := range left {
		for _, b := range right {
			if a.ID == b.ID {
				continue
			}
			if p := engine.Score(a, b); x == nil || p.Weight > strongest {
				x, y, strongest = a, b, p.Weight
			}
		}
	}
	return x, y
}
