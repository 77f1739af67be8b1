package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/normalize"
	"tributary/store"
)

// QualityReport is the state of the customer master in figures. Shares are between 0 and 1.
type QualityReport struct {
	At        time.Time       `json:"at"`
	Model     string          `json:"model"`
	Records   int64           `json:"records"`    // living source records, without mentions
	Mentions  int64           `json:"mentions"`   // living ones
	Customers int64           `json:"customers"`  // living golden customers
	ActRate   float64         `json:"act_rate"`   // records and mentions that share a customer with another
	AskRate   float64         `json:"ask_rate"`   // records and mentions that an open question names
	AloneRate float64         `json:"alone_rate"` // neither
	Kinds     []QualityKind   `json:"kinds"`
	Sizes     []QualitySize   `json:"cluster_sizes"`
	Questions QualityQueue    `json:"questions"`
	Curve     []QualityCurve  `json:"threshold_curve"`
	Labels    []QualityLabels `json:"labels"` // matching against the decisions of stewards; empty when there is none
	Sources   []QualitySource `json:"sources"`
	Drift     *QualityDrift   `json:"drift"` // against the report kept last; null when none was
	Deep      *QualityDeep    `json:"deep"`  // null unless asked for
}

// QualityKind is one kind of customer.
type QualityKind struct {
	Kind         string  `json:"kind"`
	Customers    int64   `json:"customers"`
	Completeness float64 `json:"completeness"` // per cent on average
}

// QualitySize counts customers of From to To records.
type QualitySize struct {
	From      int   `json:"from"`
	To        int   `json:"to,omitempty"` // 0 = without bound
	Customers int64 `json:"customers"`
}

// QualityQueue is the review queue.
type QualityQueue struct {
	Open        int64            `json:"open"`
	ByReason    map[string]int64 `json:"by_reason"`
	OldestHours int              `json:"oldest_hours"`
}

// QualityCurve says how many stored pairs reach a probability: what another threshold would merge.
type QualityCurve struct {
	Probability float64 `json:"probability"`
	Pairs       int64   `json:"pairs"`
}

// QualitySource tells how filled and how valid the records of a source are.
type QualitySource struct {
	Source     string             `json:"source"`
	Records    int64              `json:"records"`
	Null       map[string]float64 `json:"null"`        // share of records without an attribute that is expected of their kind; of alternatives the first is named
	InvalidIDs map[string]float64 `json:"invalid_ids"` // share of given identifiers whose check fails
}

// QualityDrift is this report minus the kept one.
type QualityDrift struct {
	Since     time.Time `json:"since"`
	Records   int64     `json:"records"`
	Customers int64     `json:"customers"`
	ActRate   float64   `json:"act_rate"`
	AskRate   float64   `json:"ask_rate"`
	Open      int64     `json:"open"`
}

const settingQuality = "customers.quality"

var (
	sizeBounds  = []int{1, 2, 3, 6, 11, 21, 101}
	curvePoints = []float64{0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999}
)

// QualityRequest says how deep a quality report goes.
type QualityRequest struct {
	Keep  bool // later reports tell the drift against this one
	Deep  bool // everything is compared again in memory: see QualityDeep
	Limit int  // most records in memory; 0 = 200,000
}

// CustomersQuality measures the customer master.
func (h *Hub) CustomersQuality(ctx context.Context, req QualityRequest) (QualityReport, error) {
	engine, err := h.engine(ctx)
	if err != nil {
		return QualityReport{}, err
	}
	r := QualityReport{At: h.Now().UTC().Truncate(time.Second), Model: engine.Version(), Kinds: []QualityKind{}}
	for _, measure := range []func(context.Context, *QualityReport) error{h.qualityOfRecords, h.qualityOfCustomers, h.qualityOfQueue, h.qualityOfLabels, h.drift} {
		if err := measure(ctx, &r); err != nil {
			return r, fmt.Errorf("measure quality: %w", err)
		}
	}
	if req.Deep {
		if r.Deep, err = h.qualityDeep(ctx, engine, req.Limit); err != nil {
			return r, fmt.Errorf("measure quality: %w", err)
		}
	}
	if !req.Keep {
		return r, nil
	}
	body, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("render quality report: %w", err)
	}
	return r, h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, settingQuality, string(body)) })
}

// tallies count the records of a source.
type tallies struct {
	records                           int64
	expected, missing, given, invalid map[string]int64
}

func (h *Hub) qualityOfRecords(ctx context.Context, r *QualityReport) error {
	all := map[string]*tallies{}
	err := h.DB.EachCustomer(ctx, func(list []store.CustomerRecord) error {
		for i := range list {
			rec := &list[i]
			switch {
			case !rec.Living():
				continue
			case rec.Key.Mention():
				r.Mentions++
				continue
			}
			r.Records++
			t := all[rec.Key.Source]
			if t == nil {
				t = &tallies{expected: map[string]int64{}, missing: map[string]int64{}, given: map[string]int64{}, invalid: map[string]int64{}}
				all[rec.Key.Source] = t
			}
			t.take(&rec.Customer)
		}
		return nil
	})
	r.Sources = make([]QualitySource, 0, len(all))
	for _, source := range slices.Sorted(maps.Keys(all)) {
		t := all[source]
		r.Sources = append(r.Sources, QualitySource{Source: source, Records: t.records, Null: shares(t.missing, t.expected), InvalidIDs: shares(t.invalid, t.given)})
	}
	return err
}

func (t *tallies) take(c *canonical.Customer) {
	t.records++
	for _, name := range dedupe.Expected(c.Kind) {
		t.expected[name]++
	}
	for _, name := range dedupe.Missing(c) {
		t.missing[name]++
	}
	for name, check := range identifierChecks {
		a, _ := canonical.CustomerAttribute(name)
		if v := a.Text(c); v != "" {
			t.given[name]++
			if !check(v) {
				t.invalid[name]++
			}
		}
	}
}

// identifierChecks are the identifiers that carry a check of their own.
var identifierChecks = map[string]func(string) bool{
	"uscc":                 func(v string) bool { return normalize.USCC(v).Valid },
	"national_id":          func(v string) bool { return normalize.ResidentID(v).Valid },
	"practice_certificate": func(v string) bool { return normalize.PracticeCertificate(v).Valid },
}

func shares(part, whole map[string]int64) map[string]float64 {
	out := map[string]float64{}
	for name, n := range whole {
		out[name] = share(part[name], n)
	}
	return out
}

// share is a part of a whole to four places.
func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part*10_000/whole) / 10_000
}

func (h *Hub) qualityOfCustomers(ctx context.Context, r *QualityReport) error {
	kinds, err := h.DB.GoldenQuality(ctx)
	if err != nil {
		return err
	}
	for _, k := range kinds {
		r.Customers += k.Customers
		r.Kinds = append(r.Kinds, QualityKind{string(k.Kind), k.Customers, float64(k.Completeness*10/k.Customers) / 10})
	}
	sizes, err := h.DB.ClusterSizes(ctx)
	if err != nil {
		return err
	}
	var together int64
	for i, from := range sizeBounds {
		s := QualitySize{From: from}
		if i+1 < len(sizeBounds) {
			s.To = sizeBounds[i+1] - 1
		}
		for members, n := range sizes {
			if members >= from && (s.To == 0 || members <= s.To) {
				s.Customers += n
			}
		}
		r.Sizes = append(r.Sizes, s)
	}
	for members, n := range sizes {
		if members > 1 {
			together += int64(members) * n
		}
	}
	r.ActRate = share(together, r.Records+r.Mentions)
	pairs, err := h.DB.PairsFrom(ctx, curvePoints)
	for i, n := range pairs {
		r.Curve = append(r.Curve, QualityCurve{curvePoints[i], n})
	}
	return err
}

func (h *Hub) qualityOfQueue(ctx context.Context, r *QualityReport) error {
	asked, err := h.DB.AskedRecords(ctx)
	if err != nil {
		return err
	}
	r.AskRate = share(asked, r.Records+r.Mentions)
	r.AloneRate = max(0, float64(int64((1-r.ActRate-r.AskRate)*10_000+0.5))/10_000)
	if r.Questions.ByReason, err = h.DB.QuestionReasons(ctx); err != nil {
		return err
	}
	for _, n := range r.Questions.ByReason {
		r.Questions.Open += n
	}
	oldest, err := h.DB.SelectQuestions(ctx, store.QuestionQuery{Oldest: true, Limit: 1})
	if err == nil && len(oldest) > 0 {
		r.Questions.OldestHours = int(h.Now().Sub(oldest[0].CreatedAt).Hours())
	}
	return err
}

func (h *Hub) drift(ctx context.Context, r *QualityReport) error {
	kept, err := h.DB.Setting(ctx, settingQuality)
	if err != nil || kept == "" {
		return err
	}
	var last QualityReport
	if err := json.Unmarshal([]byte(kept), &last); err != nil {
		return fmt.Errorf("read the report kept last: %w", err)
	}
	round := func(x float64) float64 { return share(int64(x*10_000), 10_000) }
	r.Drift = &QualityDrift{Since: last.At, Records: r.Records - last.Records, Customers: r.Customers - last.Customers,
		ActRate: round(r.ActRate - last.ActRate), AskRate: round(r.AskRate - last.AskRate), Open: r.Questions.Open - last.Questions.Open}
	return nil
}
