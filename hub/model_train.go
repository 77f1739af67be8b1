package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/pipeline"
)

// TrainRequest asks for a model learned from records.
type TrainRequest struct {
	Name  string   // of the new model
	Files []string // tables of customers, each a source; none: the records of the store
	Kind  string   // of customers in files without a column of kinds
	Limit int      // most records; 0 = 200,000
}

// TrainReport is what a training found. Body is the model file.
type TrainReport struct {
	Version  string        `json:"version"`
	Base     string        `json:"base"`
	From     string        `json:"from"`
	Types    []TrainType   `json:"types"`
	Shared   int           `json:"shared_values"` // phones and mailboxes found that many customers have
	Pooled   []string      `json:"pooled_levels"` // a stricter level would have weighed less than a looser one: both weigh the same
	Labels   dedupe.Labels `json:"judgements"`
	Unread   int           `json:"rows_not_read"`
	Warnings []string      `json:"warnings"` // codes; Notes are their messages
	Notes    []*errs.Error `json:"-"`
	Body     []byte        `json:"-"`
}

// TrainType is what was learned of a type.
type TrainType struct {
	Type    string  `json:"type"`
	Records int     `json:"records"`
	Pairs   int64   `json:"pairs"`
	Matches float64 `json:"expected_matches"`
	Kept    string  `json:"kept,omitempty"` // why the numbers of the base were kept; "" = trained
}

// TrainModel learns a model from the store's records, or from tables of customers, on the base of the one in use.
// Nothing is stored. Where nothing could be learned there is no model, and the error says why.
func (h *Hub) TrainModel(ctx context.Context, req TrainRequest) (TrainReport, error) {
	out := TrainReport{From: "store", Types: []TrainType{}, Pooled: []string{}, Warnings: []string{}}
	switch {
	case !h.Actor.Role.MayDecide():
		return out, errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	case !dedupe.ValidModelName(req.Name) || req.Name == dedupe.DefaultName:
		return out, errs.New(errs.Invalid, "model.new_name", errs.Args{"value": req.Name})
	}
	base, err := h.modelInUse(ctx)
	if err != nil {
		return out, err
	}
	engine, err := h.engineOf(base)
	if err != nil {
		return out, err
	}
	out.Base = base.Version
	if len(req.Files) > 0 {
		out.From = fileNames(req.Files)
	}
	records, err := h.trainingRecords(ctx, engine, &req, &out)
	if err != nil {
		return out, err
	}
	if shared := engine.SharedValues(records); len(shared) > len(base.Shared) {
		// What many customers have is no evidence: the records are made comparable without it.
		out.Shared = len(shared) - len(base.Shared)
		if engine, err = h.engineOf(base.WithShared(shared)); err != nil {
			return out, err
		}
		if records, err = h.trainingRecords(ctx, engine, &req, &out); err != nil {
			return out, err
		}
	}
	var judgements []dedupe.Judgement
	if len(req.Files) == 0 {
		if judgements, err = h.wordsInForce(ctx); err != nil {
			return out, err
		}
	}
	model, learned, err := engine.Learn(ctx, req.Name, records, judgements)
	if err != nil {
		return out, fmt.Errorf("train on %s: %w", out.From, err)
	}
	out.take(learned)
	if !learned.Trained() {
		return out, errs.New(errs.Conflict, "model.not_trained", errs.Args{"from": out.From, "why": keptReasons(out.Types)})
	}
	model.Trained = &dedupe.Training{From: out.From, At: h.Now().UTC().Truncate(time.Second), Base: base.Version, Records: learned.Types}
	out.Version = model.Version
	out.Body, err = model.YAML()
	return out, err
}

// trainingRecords reads what is asked for, made comparable by an engine.
func (h *Hub) trainingRecords(ctx context.Context, engine *dedupe.Engine, req *TrainRequest, out *TrainReport) (records []*dedupe.Record, err error) {
	if len(req.Files) == 0 {
		return h.inMemory(ctx, &pipeline.Comparer{DB: h.DB, Engine: engine}, req.Limit, everyRecord)
	}
	records, out.Unread, err = customersOfFiles(ctx, engine, req)
	return records, err
}

// take fills the report.
func (r *TrainReport) take(l *dedupe.Learned) {
	for _, t := range dedupe.Types() {
		of := l.Types[t]
		r.Types = append(r.Types, TrainType{string(t), of.Records, of.Pairs, of.Matches, of.Kept})
	}
	for _, p := range l.Pooled {
		r.Pooled = append(r.Pooled, p.String())
	}
	r.Labels = l.Labels
	warn := func(code string, args errs.Args) {
		r.Warnings = append(r.Warnings, code)
		r.Notes = append(r.Notes, errs.New(errs.Invalid, code, args))
	}
	if l.Labels.Contradictory > 0 {
		warn("model.warn_contradictory", errs.Args{"count": l.Labels.Contradictory})
	}
	if before, after := l.Labels.Before.Wrong(), l.Labels.After.Wrong(); after > before {
		warn("model.warn_worse", errs.Args{"before": before, "after": after})
	}
	if r.Unread > 0 {
		warn("model.warn_unread", errs.Args{"count": r.Unread})
	}
}

// keptReasons say for each type why its numbers were kept.
type keptReasons []TrainType

// In is the reasons in a language.
func (k keptReasons) In(lang string) string {
	var out []string
	for _, t := range k {
		out = append(out, fmt.Sprintf("%s: %s", t.Type, KeptText(t.Kept, lang)))
	}
	return strings.Join(out, "; ")
}

// KeptText says in a language why a training kept the numbers of a type; an unknown reason is its own text.
func KeptText(reason, lang string) string {
	if m := errs.Lookup("model.kept_" + reason); m.EN.What != m.Code {
		return m.In(lang).What
	}
	return reason
}

// customersOfFiles reads tables of customers, each as a source of its own name. Rows that cannot be understood are counted.
func customersOfFiles(ctx context.Context, engine *dedupe.Engine, req *TrainRequest) (records []*dedupe.Record, unread int, err error) {
	kind, err := customerKind(req.Kind)
	if err != nil {
		return nil, 0, err
	}
	limit := req.Limit
	if limit <= 0 {
		limit = memoryLimit
	}
	for _, file := range req.Files {
		inputs, bad, err := customersOfFile(ctx, file, kind, limit-len(records))
		if err != nil {
			return nil, 0, err
		}
		for i := range inputs {
			inputs[i].ID = int64(len(records) + i + 1)
		}
		ready, err := engine.PrepareAll(ctx, inputs)
		if err != nil {
			return nil, 0, err
		}
		records, unread = append(records, ready...), unread+bad
	}
	return records, unread, nil
}

func customersOfFile(ctx context.Context, file string, kind canonical.CustomerKind, limit int) (inputs []dedupe.Input, unread int, err error) {
	table, err := filesource.Open(ctx, file, filesource.Options{Known: mapping.Known(mapping.Customers)})
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	m, _, err := mapping.FromHeaders(mapping.Customers, table.Headers(), mapping.Defaults{CustomerKind: kind})
	if err != nil {
		return nil, 0, err
	}
	source := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	for {
		rec, err := table.Next()
		if errors.Is(err, io.EOF) {
			return inputs, unread, nil
		}
		if err != nil {
			return nil, 0, err
		}
		if rec.Bad != nil {
			unread++
			continue
		}
		res := m.Apply(table.Fields(rec))
		c, ok := res.Value.(*canonical.Customer)
		switch {
		case res.Filtered || res.Deleted:
		case !ok || len(res.Issues) > 0:
			unread++
		case len(inputs) == limit:
			return nil, 0, errs.New(errs.Conflict, "model.too_many", errs.Args{"limit": limit})
		default:
			inputs = append(inputs, dedupe.Input{Source: source, SourceID: fmt.Sprintf("%s#%d", res.Key, rec.Number), Trust: 1, Customer: *c, Updated: res.SourceTime})
		}
	}
}
