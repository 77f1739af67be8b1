package hub

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/pipeline"
	"tributary/store"
	"tributary/trace"
	"tributary/trace/finding"
	"tributary/trace/flow"
)

// Timing of the checks: how often the service looks, how long a check may hold the lease between two commits, and how
// much is fetched at once.
const (
	findingsEvery = time.Minute
	findingsLease = 10 * time.Minute
	findingsBatch = 200
)

// FindingsReport is the JSON of `findings check`.
type FindingsReport struct {
	Checked    int64                  `json:"checked"`    // products and captured events that were looked at
	Waiting    int64                  `json:"waiting"`    // that still wait, because another process is at work
	Unresolved []string               `json:"unresolved"` // names in the registers that lead to no customer or product
	Open       map[finding.Rule]int64 `json:"open"`       // findings that nobody settled, by rule
}

// CheckFindings applies the rules to everything that changed since they were last applied, or to everything. One worker
// does it at a time; while another does, nothing is checked and the report says what waits.
func (h *Hub) CheckFindings(ctx context.Context, all bool) (report FindingsReport, err error) {
	report.Unresolved = []string{}
	lease, err := h.DB.Acquire(ctx, "quality/findings", findingsLease)
	switch {
	case errors.Is(err, store.ErrLeased):
	case err != nil:
		return report, err
	default:
		defer func() { err = errors.Join(err, h.DB.Release(ctx, lease)) }()
		c := checker{hub: h, lease: lease, report: &report, spots: map[string]finding.Spot{}}
		if err := c.run(ctx, all); err != nil {
			return report, err
		}
	}
	if report.Waiting, err = h.DB.CountFindingsDue(ctx); err != nil {
		return report, err
	}
	report.Open, err = h.DB.FindingCounts(ctx)
	return report, err
}

// findingsLoop checks what waits, until ctx ends.
func (h *Hub) findingsLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(findingsEvery):
		}
		if r, err := h.CheckFindings(ctx, false); err != nil && ctx.Err() == nil {
			h.Log.WarnContext(ctx, "checking the flow failed; it is tried again", "error", err)
		} else if r.Checked > 0 {
			h.Log.InfoContext(ctx, "flow checked", "checked", r.Checked)
		}
	}
}

// checker is one run of the checks.
type checker struct {
	hub      *Hub
	lease    *store.Lease
	report   *FindingsReport
	register *finding.Register // nil: not read yet
	spots    map[string]finding.Spot
}

func (c *checker) run(ctx context.Context, all bool) error {
	if all {
		if err := c.hub.DB.InTx(ctx, func(tx *store.Tx) error { return tx.MarkAllFindings(ctx) }); err != nil {
			return err
		}
	}
	for {
		due, err := c.hub.DB.FindingsDue(ctx, findingsBatch)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, mark := range due {
			if event := mark.Event(); event != "" {
				err = c.packs(ctx, mark, event)
			} else {
				err = c.product(ctx, mark)
			}
			if err != nil {
				return fmt.Errorf("check %s: %w", mark.Scope, err)
			}
			c.report.Checked++
		}
	}
}

// put stores the findings of scopes and takes the mark off.
func (c *checker) put(ctx context.Context, mark store.FindingMark, found map[string][]finding.Finding) error {
	return c.hub.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, c.lease); err != nil {
			return err
		}
		for _, scope := range slices.Sorted(maps.Keys(found)) {
			if err := tx.PutFindings(ctx, scope, found[scope]); err != nil {
				return err
			}
		}
		return tx.DoneFindings(ctx, mark)
	})
}

// product checks one SKU: every lot, every book, the trade between partners, and rows that are doubtful by themselves.
func (c *checker) product(ctx context.Context, mark store.FindingMark) error {
	id := mark.Product()
	skus, err := c.hub.DB.Products(ctx, []int64{id})
	if err != nil {
		return err
	}
	var found []finding.Finding
	if sku, known := skus[id]; known {
		if found, err = c.productFindings(ctx, sku); err != nil {
			return err
		}
	}
	return c.put(ctx, mark, map[string][]finding.Finding{store.ProductFindings(id): found})
}

func (c *checker) productFindings(ctx context.Context, sku flow.SKU) ([]finding.Finding, error) {
	db := c.hub.DB
	l := c.hub.lotLoader(sku, store.Known{})
	numbers, err := db.LotsOf(ctx, sku.ID)
	if err != nil {
		return nil, err
	}
	released, err := db.LotNumbers(ctx, sku.ID)
	if err != nil {
		return nil, err
	}
	var in trace.Lots
	for _, lot := range numbers {
		data, ok, err := l.load(ctx, lot, canonical.NoDate)
		if err != nil {
			return nil, err
		}
		if ok {
			in.Lots = append(in.Lots, data)
		}
	}
	var found []finding.Finding
	for i := range in.Lots {
		in.Lots[i].Parties = l.parties
		found = append(found, finding.OfLot(&in.Lots[i], released)...)
	}
	if len(released) == 0 {
		found = append(found, finding.NoLots(sku.Product, numbers)...)
	}
	buckets := trace.Balance(in, trace.Period{}, c.hub.traceOptions(canonical.NoDate, "en"))
	found = append(found, finding.OfBooks(sku.Product, in.Lots, buckets)...)
	trade, err := c.trade(ctx, l, sku)
	if err != nil {
		return nil, err
	}
	lines, err := c.lines(ctx, l, sku)
	return append(append(found, trade...), lines...), err
}

// trade applies the rules of diversion to the movements between partners.
func (c *checker) trade(ctx context.Context, l *lotLoader, sku flow.SKU) ([]finding.Finding, error) {
	register, err := c.registers(ctx)
	if err != nil {
		return nil, err
	}
	pairs, err := c.hub.DB.Traders(ctx, sku.ID)
	if err != nil {
		return nil, err
	}
	if err := l.meet(ctx, pairs, nil); err != nil {
		return nil, err
	}
	parties, err := c.located(ctx, l.parties)
	if err != nil {
		return nil, err
	}
	w := finding.NewWatch(sku.Product, 0, parties, *register)
	err = c.hub.DB.EachTrade(ctx, sku.ID, func(t *store.TradeRow) {
		if !l.met(t.Seller) || !l.met(t.Buyer) {
			return // it came in since the pairs were read, and so did a mark
		}
		w.See(&finding.Trade{ID: t.ID, Seller: l.place(t.Seller), Buyer: l.place(t.Buyer), Kind: t.Kind, Date: t.Date, Quantity: t.Quantity, Price: t.Price})
	})
	return w.Findings(), err
}

// located fills in where parties are whose records tell it in words only.
func (c *checker) located(ctx context.Context, parties []trace.Party) ([]trace.Party, error) {
	out := slices.Clone(parties)
	texts := map[canonical.ID]int{}
	for i := range out {
		who := &out[i].Customer
		who.Division = divisionOf(who)
		if id, err := canonical.ParseID(who.GoldenID); err == nil && who.Division == "" {
			texts[id] = i
		}
	}
	goldens, err := c.hub.DB.Goldens(ctx, slices.Collect(maps.Keys(texts)))
	if err != nil {
		return nil, err
	}
	for id, g := range goldens {
		if g.Personal {
			continue
		}
		address := pipeline.RenderGolden(&g, nil, true).Address
		out[texts[id]].Customer.Division = normalize.ParseAddress(address.Text, "").Place.Code
	}
	return out, nil
}

// divisionOf is the division of a customer, by its code or by the words of its region.
func divisionOf(c *trace.Customer) string {
	if c.Division != "" {
		return c.Division
	}
	return normalize.StandardDivisions().Lead(normalize.Text(strings.ReplaceAll(c.Region, " ", "")), "", true).Code
}

// met reports whether a mention has a place.
func (l *lotLoader) met(record int64) bool {
	_, known := l.mentions[record]
	return known
}

func (c *checker) lines(ctx context.Context, l *lotLoader, sku flow.SKU) ([]finding.Finding, error) {
	rows, err := c.hub.DB.DoubtfulLines(ctx, sku.ID)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	senders := make([]int64, len(rows))
	for i := range rows {
		senders[i] = rows[i].Party
	}
	if err := l.meet(ctx, nil, senders); err != nil {
		return nil, err
	}
	lines := make([]finding.Line, len(rows))
	for i, r := range rows {
		lines[i] = finding.Line{ID: r.ID, Party: l.place(r.Party), Ledger: r.Ledger, Date: r.Date, Lot: r.Lot, LotRaw: r.LotRaw, Quantity: r.Quantity, Doubt: r.Doubt}
	}
	return finding.OfLines(sku.Product, l.parties, lines), nil
}

// registers reads the registers of territories and channels, once a run. An entry that names nobody known is told and
// does not count: nothing is checked by it.
func (c *checker) registers(ctx context.Context) (*finding.Register, error) {
	if c.register != nil {
		return c.register, nil
	}
	look := lookUp{checker: c, customers: map[string]string{}, products: map[string]string{}}
	r := &finding.Register{}
	territories, err := c.hub.DB.Territories(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range territories {
		v := &t.Value
		seller, err := look.customer(ctx, v.Seller)
		if err != nil {
			return nil, err
		}
		product, known, err := look.product(ctx, v.Product)
		if err != nil {
			return nil, err
		}
		if seller != "" && known {
			r.Territories = append(r.Territories, finding.Territory{Seller: seller, Product: product, Division: v.Division, Name: v.Region, From: v.ValidFrom, To: v.ValidTo})
		}
	}
	channels, err := c.hub.DB.Channels(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range channels {
		v := &x.Value
		buyer, err := look.customer(ctx, v.Buyer)
		if err != nil {
			return nil, err
		}
		supplier, err := look.customer(ctx, v.Supplier)
		if err != nil {
			return nil, err
		}
		product, known, err := look.product(ctx, v.Product)
		if err != nil {
			return nil, err
		}
		if buyer != "" && supplier != "" && known {
			r.Channels = append(r.Channels, finding.Channel{Buyer: buyer, Supplier: supplier, Product: product, From: v.ValidFrom, To: v.ValidTo})
		}
	}
	c.register = r
	return r, nil
}

// lookUp finds what entries of a register name, each word once.
type lookUp struct {
	*checker
	customers, products map[string]string // "" = not known
}

func (l *lookUp) customer(ctx context.Context, text string) (string, error) {
	if id, done := l.customers[text]; done {
		return id, nil
	}
	var id canonical.ID
	var err error
	if text == "self" {
		var ok bool
		if id, ok, err = l.hub.DB.CompanyGolden(ctx); err == nil && !ok {
			err = errs.New(errs.NotFound, "trace.unknown_customer", errs.Args{"customer": text})
		}
	} else {
		id, err = l.hub.customer(ctx, text)
	}
	return l.noted(l.customers, text, id.String(), err)
}

func (l *lookUp) product(ctx context.Context, text string) (code string, known bool, err error) {
	if text == "" {
		return "", true, nil
	}
	if code, done := l.products[text]; done {
		return code, code != "", nil
	}
	sku, err := l.hub.product(ctx, text)
	code, err = l.noted(l.products, text, sku.Code, err)
	return code, code != "", err
}

func (l *lookUp) noted(in map[string]string, text, value string, err error) (string, error) {
	if errs.Is(err, errs.NotFound) {
		value, err = "", nil
		l.report.Unresolved = append(l.report.Unresolved, text)
	}
	in[text] = value
	return value, err
}
