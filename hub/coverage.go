package hub

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// CoverageReport is the JSON of `coverage`: how complete the ledgers of a period are.
type CoverageReport struct {
	From     canonical.Date    `json:"from"`
	To       canonical.Date    `json:"to"`
	Product  string            `json:"product"` // code; "" = all
	Overall  quality.Coverage  `json:"overall"`
	Parties  []PartyCoverage   `json:"parties"` // least covered first
	Findings []CoverageFinding `json:"findings"`
}

// PartyCoverage is the coverage of one customer that reports, or should.
type PartyCoverage struct {
	GoldenID string   `json:"golden_id"` // "" while it is not resolved
	Code     string   `json:"code"`
	Name     string   `json:"name"`
	Keys     []string `json:"keys"` // under which it reports; none: it never did
	quality.Coverage
}

// CoverageFinding is something that makes the figures worse than they look.
type CoverageFinding struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Coverage computes K1 to K5 of a month; "" = the month of yesterday.
func (h *Hub) Coverage(ctx context.Context, month, lang string) (CoverageReport, error) {
	if month == "" {
		month = (h.today() - 1).Month()
	}
	first, last, err := canonical.MonthSpan(month)
	if err != nil {
		return CoverageReport{}, errs.New(errs.Invalid, "month.bad", errs.Args{"month": month})
	}
	return h.coverage(ctx, first, last, 0, lang)
}

// covering is a computation of coverage: figures by customer.
type covering struct {
	*books
	parties map[canonical.ID]*PartyCoverage
	linked  map[canonical.ID]bool // reported rows of the period
	due     map[canonical.ID]bool // should
	known   map[int64]*store.FlowParty
	ledgers map[string]map[canonical.Ledger][]string // golden id → ledger → keys that reported it
}

func (h *Hub) coverage(ctx context.Context, from, to canonical.Date, product int64, lang string) (CoverageReport, error) {
	report := CoverageReport{From: from, To: to, Parties: []PartyCoverage{}, Findings: []CoverageFinding{}}
	b, err := h.books(ctx, MonthSelection{Lang: lang})
	if err != nil {
		return report, err
	}
	c := &covering{books: b, parties: map[canonical.ID]*PartyCoverage{}, linked: map[canonical.ID]bool{}, due: map[canonical.ID]bool{}, known: map[int64]*store.FlowParty{},
		ledgers: map[string]map[canonical.Ledger][]string{}}
	for _, step := range []func(context.Context, canonical.Date, canonical.Date, int64) error{c.rows, c.days, c.shipments} {
		if err := step(ctx, from, to, product); err != nil {
			return report, err
		}
	}
	if err := c.name(ctx); err != nil {
		return report, err
	}
	for id, p := range c.parties {
		if c.due[id] || c.linked[id] {
			p.Coverage.Parties.Denominator = canonical.Units(1)
			if c.linked[id] {
				p.Coverage.Parties.Numerator = canonical.Units(1)
			}
		}
		report.Overall.Add(p.Coverage)
		p.Finish()
		slices.Sort(p.Keys)
		report.Parties = append(report.Parties, *p)
	}
	report.Overall.Finish()
	slices.SortFunc(report.Parties, func(x, y PartyCoverage) int {
		return cmp.Or(cmp.Compare(x.Coverage.Parties.Numerator, y.Coverage.Parties.Numerator), cmp.Compare(y.Shipped.Denominator, x.Shipped.Denominator),
			cmp.Compare(x.Code, y.Code), cmp.Compare(x.Name, y.Name), cmp.Compare(x.GoldenID, y.GoldenID))
	})
	report.Findings = append(report.Findings, c.twins()...)
	return report, nil
}

// of is the figures of the customer that a mention belongs to.
func (c *covering) of(ctx context.Context, records ...int64) error {
	var missing []int64
	for _, r := range records {
		if c.known[r] == nil {
			missing = append(missing, r)
		}
	}
	slices.Sort(missing)
	found, err := c.DB.FlowParties(ctx, slices.Compact(missing))
	maps.Copy(c.known, found)
	return err
}

func (c *covering) party(record int64) (canonical.ID, *PartyCoverage) {
	p := c.known[record]
	id := p.Identity()
	if c.parties[id] == nil {
		c.parties[id] = &PartyCoverage{Keys: []string{}}
		if !p.Golden.IsZero() {
			c.parties[id].GoldenID = p.Golden.String()
		}
	}
	return id, c.parties[id]
}

// rows: K1 linked, K4, K5.
func (c *covering) rows(ctx context.Context, from, to canonical.Date, product int64) error {
	var list []store.CoverageRows
	var partners, reporters []int64
	err := c.DB.EachCoverage(ctx, from, to, product, func(r store.CoverageRows) {
		list = append(list, r)
		reporters = append(reporters, r.Party)
		if r.Partner != 0 {
			partners = append(partners, r.Partner)
		}
	})
	if err != nil {
		return err
	}
	master, err := c.DB.InMaster(ctx, partners)
	if err != nil {
		return err
	}
	if err := c.of(ctx, reporters...); err != nil {
		return err
	}
	for _, r := range list {
		id, p := c.party(r.Party)
		c.linked[id] = true
		key := c.byRecord[r.Party].Key
		if !slices.Contains(p.Keys, key) {
			p.Keys = append(p.Keys, key)
		}
		if c.ledgers[p.GoldenID] == nil {
			c.ledgers[p.GoldenID] = map[canonical.Ledger][]string{}
		}
		if keys := c.ledgers[p.GoldenID][r.Ledger]; !slices.Contains(keys, key) {
			c.ledgers[p.GoldenID][r.Ledger] = append(keys, key)
		}
		p.Lots.Numerator += canonical.Units(r.WithLot)
		p.Lots.Denominator += canonical.Units(r.Rows)
		p.Matched.Denominator += canonical.Units(r.Rows)
		if r.Product != 0 && (r.Partner == 0 || master[r.Partner]) {
			p.Matched.Numerator += canonical.Units(r.Rows)
		}
	}
	return nil
}

// days: K1 due, K3, lateness. What was sent is counted whatever the product.
func (c *covering) days(ctx context.Context, from, to canonical.Date, _ int64) error {
	stored, err := c.DB.Feeds(ctx)
	if err != nil {
		return err
	}
	var records []int64
	cadence := map[store.MonthKey]quality.Cadence{}
	for _, f := range stored {
		records = append(records, f.Party)
		cadence[store.MonthKey{Party: f.Party, Ledger: f.Ledger}] = quality.Cadence(or(f.Cadence, string(quality.Daily)))
	}
	if err := c.of(ctx, records...); err != nil {
		return err
	}
	over := min(to, c.today()-1) // a day's data are due when it is over
	for k, every := range cadence {
		id, p := c.party(k.Party)
		if n := every.Periods(from, over); n > 0 {
			c.due[id] = true
			p.Days.Denominator += canonical.Units(int64(n))
		}
	}
	type report struct {
		feed store.MonthKey
		of   canonical.Date
	}
	came := map[report]bool{}
	var late []store.CoverageDay
	err = c.DB.EachCoverageDay(ctx, from, to, func(d store.CoverageDay) {
		k := store.MonthKey{Party: d.Party, Ledger: d.Ledger}
		if d.Date <= over {
			if of := cadence[k].Period(d.Date); !of.IsZero() {
				came[report{k, of}] = true
			}
		}
		late = append(late, d)
	})
	if err != nil {
		return err
	}
	for r := range came {
		_, p := c.party(r.feed.Party)
		p.Days.Numerator += canonical.Units(1)
	}
	for _, d := range late {
		_, p := c.party(d.Party)
		p.Late.Denominator += canonical.Units(d.Rows)
		if quality.Late(d.Date, d.Came) {
			p.Late.Numerator += canonical.Units(d.Rows)
		}
	}
	return nil
}

// shipments: K2, and K1 of distributors and chains that received goods and never reported.
func (c *covering) shipments(ctx context.Context, from, to canonical.Date, product int64) error {
	all, err := c.DB.ShippedBy(ctx, nil, from, to, product)
	if err != nil {
		return err
	}
	own := []store.Shipment{}
	if company, ok, err := c.DB.CompanyGolden(ctx); err != nil {
		return err
	} else if ok {
		members, err := c.DB.FlowMembers(ctx, []canonical.ID{company})
		if err != nil {
			return err
		}
		var sellers []int64
		for _, m := range members {
			sellers = append(sellers, m.Record)
		}
		if len(sellers) > 0 {
			if own, err = c.DB.ShippedBy(ctx, sellers, from, to, product); err != nil {
				return err
			}
		}
	}
	var buyers []int64
	for _, s := range all {
		buyers = append(buyers, s.Buyer)
	}
	if err := c.of(ctx, buyers...); err != nil {
		return err
	}
	goldens := map[canonical.ID]bool{}
	for _, record := range buyers {
		if g := c.known[record].Golden; !g.IsZero() {
			goldens[g] = true
		}
	}
	found, err := c.DB.Goldens(ctx, slices.SortedFunc(maps.Keys(goldens), func(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) }))
	if err != nil {
		return err
	}
	for _, record := range buyers {
		if k := found[c.known[record].Golden].Kind; k == canonical.Distributor || k == canonical.Chain {
			id, _ := c.party(record)
			c.due[id] = true
		}
	}
	for _, s := range own {
		id, p := c.party(s.Buyer)
		p.Shipped.Denominator += s.Quantity
		if c.linked[id] {
			p.Shipped.Numerator += s.Quantity
		}
	}
	return nil
}

// name gives the customers their names and codes.
func (c *covering) name(ctx context.Context) error {
	var ids []canonical.ID
	for id, p := range c.parties {
		if p.GoldenID != "" {
			ids = append(ids, id)
		}
	}
	found, err := c.DB.Goldens(ctx, ids)
	if err != nil {
		return err
	}
	for id, p := range c.parties {
		if g, ok := found[id]; ok {
			shown, err := customerOf(id, g)
			if err != nil {
				return err
			}
			p.Code, p.Name = shown.Code, shown.Name
		}
	}
	for _, r := range c.byRecord {
		if p := c.parties[(&store.FlowParty{Key: canonical.RecordKey{Source: canonical.FlowSource(r.Key), ID: canonical.ReporterID}}).Identity()]; p != nil && r.Golden.IsZero() {
			p.Code, p.Name = r.Key, r.Name
		}
	}
	return nil
}

// twins are customers that report one ledger under several keys: their rows may count twice.
func (c *covering) twins() []CoverageFinding {
	var out []CoverageFinding
	for _, id := range slices.Sorted(maps.Keys(c.ledgers)) {
		for _, ledger := range slices.Sorted(maps.Keys(c.ledgers[id])) {
			if keys := c.ledgers[id][ledger]; id != "" && len(keys) > 1 {
				slices.Sort(keys)
				args := errs.Args{"keys": strings.Join(keys, ", "), "ledger": ledger}
				out = append(out, CoverageFinding{"coverage.twice", errs.Fill(errs.Lookup("coverage.twice").In(c.lang).What, args)})
			}
		}
	}
	return out
}

// completeness is how complete the ledgers of a recall's product are, from the day its oldest lot was made.
func (h *Hub) completeness(ctx context.Context, r *quality.Recall) (*quality.Completeness, error) {
	sku, err := h.product(ctx, r.Product.Code)
	if err != nil {
		return nil, err
	}
	today := h.today()
	from := today.AddDays(-365) // when nobody knows when it was made
	for i, l := range r.Lots {
		if !l.MfgDate.IsZero() && (i == 0 || l.MfgDate < from) {
			from = l.MfgDate
		}
	}
	report, err := h.coverage(ctx, from, today, sku.ID, "")
	return &quality.Completeness{From: from, To: today, Coverage: report.Overall}, err
}
