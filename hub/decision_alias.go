package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"tributary/canonical"
	"tributary/normalize"
	"tributary/pipeline"
	"tributary/store"
)

// LearnedAlias is a reporting party's own name for a customer, learned from a decision.
type LearnedAlias struct {
	Party  string              `json:"party"` // key of the reporting party
	Name   string              `json:"name"`  // as its rows write it
	Record canonical.RecordKey `json:"record"`
}

// maxLearned bounds the aliases of one decision: a customer of thousands of mentions is no source of words.
const maxLearned = 2000

// learn finds the names that a decision teaches: what a mention was judged the same as a real organisation by. Later rows
// of that party with the name need no question. A decision that expires teaches nothing, nor does one about persons.
func (h *Hub) learn(ctx context.Context, verb string, because Because, req *DecisionRequest) error {
	if req.NoAlias || !because.Until.IsZero() || verb != verbSame && verb != verbMerge {
		return nil
	}
	pairs, err := h.taughtPairs(ctx, verb, req)
	if err != nil {
		return err
	}
	seen := map[LearnedAlias]bool{}
	for _, p := range pairs {
		mention, real := p[0], p[1]
		if real.Key.Mention() {
			mention, real = real, mention
		}
		party, ofFlow := strings.CutPrefix(mention.Key.Source, canonical.FlowSource(""))
		name := mention.Customer.Name
		if !ofFlow || real.Key.Mention() || mention.Key.ID == canonical.ReporterID || real.Customer.Kind.Person() ||
			normalize.Text(name) == "" || name == mention.Customer.Code {
			continue
		}
		word := LearnedAlias{Party: party, Name: normalize.Text(name), Record: real.Key}
		if !seen[word] && len(req.Aliases) < maxLearned {
			seen[word] = true
			req.Aliases = append(req.Aliases, LearnedAlias{Party: party, Name: name, Record: real.Key})
		}
	}
	return nil
}

// taughtPairs are the pairs of records that a decision makes one: of a merge every mention of a customer without real
// records, and the most trusted record of those that have some.
func (h *Hub) taughtPairs(ctx context.Context, verb string, req *DecisionRequest) ([][2]store.CustomerRecord, error) {
	var out [][2]store.CustomerRecord
	if verb == verbMerge {
		members, err := h.membersOf(ctx, req.Customers)
		for _, x := range req.Customers {
			for _, y := range req.Customers {
				if of := members[y]; len(of) > 0 && of[0].Trust > 0 {
					for _, m := range members[x] {
						if members[x][0].Trust == 0 {
							out = append(out, [2]store.CustomerRecord{m, of[0]})
						}
					}
				}
			}
		}
		return out, err
	}
	var keys []canonical.RecordKey
	for _, p := range req.Pairs {
		keys = append(keys, p[0], p[1])
	}
	byKey, err := h.livingRecords(ctx, keys)
	for _, p := range req.Pairs {
		a, hereA := byKey[p[0]]
		if b, hereB := byKey[p[1]]; hereA && hereB {
			out = append(out, [2]store.CustomerRecord{a, b})
		}
	}
	return out, err
}

// putAliases stores what a decision teaches as aliases of the source steward, or takes it back. They are inputs of the
// resolution like those of a file: versions of source records.
func (h *Hub) putAliases(ctx context.Context, tx *store.Tx, d *store.Decision, gone bool) error {
	list := showDecision(d).Aliases
	if len(list) == 0 {
		return nil
	}
	run, err := tx.NewID()
	if err != nil {
		return err
	}
	records := make([]store.Record, len(list))
	for i, a := range list {
		r := store.Record{Entity: canonical.EntityAlias, Source: stewardSource, ID: fmt.Sprintf("%s|%d", d.ID, i+1), Trust: h.rank(stewardSource),
			SourceTime: tx.Now, ReadOrder: pipeline.EntryOrder(tx.Now), Run: run, Deleted: gone}
		if !gone {
			r.Payload, err = json.Marshal(canonical.Alias{Type: "party", Party: a.Party, RawName: a.Name, TargetCode: a.Record.Source + "|" + a.Record.ID})
			if err != nil {
				return fmt.Errorf("render alias: %w", err)
			}
		}
		records[i] = r
	}
	_, err = tx.PutRecords(ctx, records)
	return err
}
