package hub

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/store"
)

// consistent refuses judgements that contradict those in force on living records (A is B, B is C, A is not C) and names
// the chain of decisions that stands against them. A later word on the very pair contradicts nothing.
func (h *Hub) consistent(ctx context.Context, added []dedupe.Judgement) error {
	var keys []canonical.RecordKey
	words := slices.Clone(added)
	for i := range words {
		keys = append(keys, words[i].A, words[i].B)
		words[i].At = h.Now().AddDate(1, 0, 0) // the last word, whatever the clocks say
	}
	standing, err := h.standing(ctx, keys)
	if err != nil {
		return err
	}
	c, found := dedupe.Contradict(bare(standing), words)
	if !found {
		return nil
	}
	chain, err := h.chainText(ctx, append(c.Chain, c.Apart), standing)
	return errOr(err, errs.New(errs.Conflict, "steward.contradiction", errs.Args{"chain": chain}))
}

func bare(list []store.Judgement) []dedupe.Judgement {
	out := make([]dedupe.Judgement, len(list))
	for i, j := range list {
		out[i] = j.Judgement
	}
	return out
}

// wordsInForce are all judgements in force.
func (h *Hub) wordsInForce(ctx context.Context) ([]dedupe.Judgement, error) {
	list, err := h.DB.JudgementsInForce(ctx, store.Micros(h.Now()))
	return bare(list), err
}

// standing reads the judgements in force on living records that records are tied to over any chain of them.
func (h *Hub) standing(ctx context.Context, keys []canonical.RecordKey) ([]store.Judgement, error) {
	known := map[canonical.RecordKey]bool{}
	have := map[store.Judgement]bool{}
	var out []store.Judgement
	for frontier := keys; len(frontier) > 0; {
		for _, k := range frontier {
			known[k] = true
		}
		found, err := h.DB.JudgementsOf(ctx, frontier, store.Micros(h.Now()))
		if err != nil {
			return nil, err
		}
		frontier = nil
		for _, j := range found {
			if have[j] {
				continue
			}
			have[j] = true
			out = append(out, j)
			for _, k := range []canonical.RecordKey{j.A, j.B} {
				if j.Same && !known[k] {
					known[k] = true
					frontier = append(frontier, k)
				}
			}
		}
	}
	var named []canonical.RecordKey
	for _, j := range out {
		named = append(named, j.A, j.B)
	}
	living, err := h.DB.CustomersByKey(ctx, named)
	return slices.DeleteFunc(out, func(j store.Judgement) bool { return living[j.A] == 0 || living[j.B] == 0 }), err
}

// notKeptApart refuses a merge of two customers that a judgement in force keeps apart.
func (h *Hub) notKeptApart(ctx context.Context, x, y []store.CustomerRecord, standing []store.Judgement) error {
	words := bare(standing)
	for _, j := range dedupe.InForce(words) {
		a, b := j.A, j.B
		switch {
		case j.Same:
			continue
		case belongs(x, b) && belongs(y, a):
			a, b = b, a
		case !belongs(x, a) || !belongs(y, b):
			continue
		}
		steps := append(dedupe.ChainOf(words, x[0].Key, a), j)
		chain, err := h.chainText(ctx, append(steps, dedupe.ChainOf(words, b, y[0].Key)...), standing)
		return errOr(err, errs.New(errs.Conflict, "steward.kept_apart", errs.Args{"a": a.Source + ":" + a.ID, "b": b.Source + ":" + b.ID, "chain": chain}))
	}
	return nil
}

// judgedChain says judgements and who gave them, in the reader's language.
type judgedChain []judgedStep

type judgedStep struct {
	dedupe.Judgement
	decision Decision // empty: the one that is being made
}

// In is the chain in a language.
func (c judgedChain) In(lang string) string {
	out := make([]string, len(c))
	for i, s := range c {
		out[i] = s.in(lang)
	}
	if lang == "zh" {
		return strings.Join(out, "；")
	}
	return strings.Join(out, "; ")
}

func (s judgedStep) in(lang string) string {
	a, b, d := s.A.Source+":"+s.A.ID, s.B.Source+":"+s.B.ID, s.decision
	if lang == "zh" {
		by := "本次判断"
		if d.ID != "" {
			by = fmt.Sprintf("%s 于 %s 的判断 %s", d.Actor, d.CreatedAt.Format(time.DateTime), d.ID)
		}
		if s.Same {
			return fmt.Sprintf("%s 与 %s 是同一家（%s）", a, b, by)
		}
		return fmt.Sprintf("%s 与 %s 不同（%s）", a, b, by)
	}
	by := "this decision"
	if d.ID != "" {
		by = fmt.Sprintf("decision %s of %s, %s", d.ID, d.Actor, d.CreatedAt.Format(time.DateTime))
	}
	if s.Same {
		return fmt.Sprintf("%s is %s (%s)", a, b, by)
	}
	return fmt.Sprintf("%s is not %s (%s)", a, b, by)
}

// chainText finds who gave the judgements of a chain.
func (h *Hub) chainText(ctx context.Context, chain []dedupe.Judgement, standing []store.Judgement) (judgedChain, error) {
	by := byPair(standing)
	var ids []canonical.ID
	out := make(judgedChain, len(chain))
	for i, j := range chain {
		out[i].Judgement = j
		ids = append(ids, by[orderedPair(j.A, j.B)].Decision)
	}
	found, err := h.DB.DecisionsByID(ctx, ids)
	for i := range out {
		j := by[orderedPair(chain[i].A, chain[i].B)]
		if d, known := found[j.Decision]; known && j.Same == chain[i].Same && j.At.Equal(chain[i].At) {
			out[i].decision = showDecision(&d)
		}
	}
	return out, err
}

func orderedPair(a, b canonical.RecordKey) [2]canonical.RecordKey {
	if cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID)) > 0 {
		a, b = b, a
	}
	return [2]canonical.RecordKey{a, b}
}
