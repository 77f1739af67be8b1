package hub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"tributary/canonical"
	"tributary/pipeline"
	"tributary/store"
	"tributary/trace"
	"tributary/trace/flow"
)

// lotLoader reads lots of a product in the form in which trace takes them. Lots that it loads share their places: place 0
// is the maker, and a place given once stays.
type lotLoader struct {
	hub       *Hub
	sku       flow.SKU
	known     store.Known
	parties   []trace.Party
	places    map[canonical.ID]int32
	mentions  map[int64]store.Mention
	reporters map[canonical.ID][]int64 // by golden id; those that were looked up
}

func (h *Hub) lotLoader(sku flow.SKU, known store.Known) *lotLoader {
	return &lotLoader{hub: h, sku: sku, known: known, places: map[canonical.ID]int32{}, mentions: map[int64]store.Mention{}, reporters: map[canonical.ID][]int64{}}
}

// load reads one lot. It reports false when nothing is known of it. Stock reports count up to a date (NoDate: all).
func (l *lotLoader) load(ctx context.Context, lot string, by canonical.Date) (trace.Data, bool, error) {
	db := l.hub.DB
	d := trace.Data{Product: l.sku.Product}
	var released bool
	var rows store.LotFlow
	var holders []int64
	err := together(ctx, func(ctx context.Context) (err error) {
		d.Lot, released, err = db.ReleasedLot(ctx, l.sku.ID, lot)
		return err
	}, func(ctx context.Context) (err error) {
		rows, err = db.LotFlow(ctx, l.sku.ID, lot, l.known)
		return err
	}, func(ctx context.Context) (err error) {
		holders, err = db.StockHolders(ctx, l.sku.ID, lot, l.known)
		return err
	})
	if err != nil {
		return d, false, err
	}
	if !released && len(rows.Moves) == 0 && len(holders) == 0 {
		return d, false, nil
	}
	if err := l.meet(ctx, rows.Moves, holders); err != nil {
		return d, false, err
	}
	d.Moves = trace.Gather(lot, rows.Moves, rows.Shares, l.place)
	here := l.present(d.Moves, holders)
	err = together(ctx, func(ctx context.Context) (err error) {
		d.Holdings, err = l.holdings(ctx, lot, by, d.Moves, here)
		return err
	}, func(ctx context.Context) (err error) {
		d.Shortages, err = l.shortages(ctx, rows.Moves)
		return err
	})
	d.Parties = l.parties
	return d, err == nil, err
}

// together asks the database several things at once: what it waits for is mostly the way there and back.
func together(ctx context.Context, questions ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, ask := range questions {
		g.Go(func() error { return ask(ctx) })
	}
	return g.Wait()
}

// meet makes the parties of movements and stock reports known.
func (l *lotLoader) meet(ctx context.Context, moves []canonical.Movement, holders []int64) error {
	fresh := map[int64]bool{}
	note := func(record int64) {
		if _, known := l.mentions[record]; !known && record != 0 {
			fresh[record] = true
		}
	}
	for i := range moves {
		note(moves[i].Seller)
		note(moves[i].Buyer)
	}
	for _, record := range holders {
		note(record)
	}
	found, err := l.hub.DB.Mentions(ctx, slices.Sorted(maps.Keys(fresh)), l.known)
	if err != nil {
		return err
	}
	maps.Copy(l.mentions, found)
	goldens := map[canonical.ID]bool{}
	for _, m := range found {
		if _, placed := l.places[m.Golden]; !placed && !m.Golden.IsZero() {
			goldens[m.Golden] = true
		}
	}
	if len(l.parties) == 0 {
		company, ok, err := l.hub.DB.CompanyGolden(ctx)
		if err != nil {
			return err
		}
		if ok {
			goldens[company] = true
			l.places[company] = 0
		}
		l.parties = append(l.parties, trace.Party{Customer: trace.Customer{
			Code: l.hub.Config.Company.Code, Name: l.hub.Config.Company.Name, Kind: string(canonical.Manufacturer), Resolved: true,
			RawNames: []string{}, Contacts: []trace.Contact{},
		}})
	}
	if err := l.introduce(ctx, slices.SortedFunc(maps.Keys(goldens), func(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) })); err != nil {
		return err
	}
	for _, record := range slices.Sorted(maps.Keys(found)) {
		l.name(found[record])
	}
	return nil
}

// introduce reads golden records, and under which records they report.
func (l *lotLoader) introduce(ctx context.Context, ids []canonical.ID) error {
	var records map[canonical.ID]store.Golden
	var reporters map[canonical.ID][]int64
	err := together(ctx, func(ctx context.Context) (err error) {
		records, err = l.hub.DB.GoldensBrief(ctx, ids)
		return err
	}, func(ctx context.Context) (err error) {
		reporters, err = l.hub.DB.ReportersOf(ctx, ids, l.known)
		return err
	})
	if err != nil {
		return err
	}
	survivors := map[canonical.ID]bool{}
	for _, g := range records {
		if !g.Survivor.IsZero() {
			survivors[g.Survivor] = true
		}
	}
	heirs, err := l.hub.DB.GoldensBrief(ctx, slices.Collect(maps.Keys(survivors)))
	if err != nil {
		return err
	}
	for _, id := range ids {
		g := records[id]
		if heir, merged := heirs[g.Survivor]; merged { // known by its survivor's name since; the question is about then
			heir.ID = id
			g = heir
		}
		l.reporters[id] = reporters[id]
		c, err := customerOf(id, g)
		if err != nil {
			return err
		}
		if place, placed := l.places[id]; placed {
			l.parties[place].Customer = c
			continue
		}
		l.places[id] = int32(len(l.parties))
		l.parties = append(l.parties, trace.Party{Customer: c})
	}
	return nil
}

// customerOf shows a golden record with masked contacts.
func customerOf(id canonical.ID, g store.Golden) (trace.Customer, error) {
	var payload store.GoldenPayload
	if len(g.Payload) > 0 {
		if err := json.Unmarshal(g.Payload, &payload); err != nil {
			return trace.Customer{}, fmt.Errorf("golden record %s: %w", id, err)
		}
	}
	v := pipeline.Masked(payload.Customer)
	c := trace.Customer{
		GoldenID: id.String(), Code: g.Code, Name: v.Name, Kind: string(g.Kind), Division: v.Address.Division,
		Region: canonical.Address{Province: v.Address.Province, City: v.Address.City}.Place(" "), RawNames: []string{}, Contacts: []trace.Contact{},
	}
	c.Resolved = g.Company || slices.ContainsFunc(payload.Sources, func(k canonical.RecordKey) bool { return !strings.HasPrefix(k.Source, canonical.FlowSource("")) })
	for i := range max(len(v.Phones), len(v.Emails)) {
		contact := trace.Contact{Role: "main", Name: v.ContactName}
		if i < len(v.Phones) {
			contact.Phone = v.Phones[i]
		}
		if i < len(v.Emails) {
			contact.Email = v.Emails[i]
		}
		c.Contacts = append(c.Contacts, contact)
	}
	return c, nil
}

// name notes how rows call a party; one without a golden record gets a place of its own.
func (l *lotLoader) name(m store.Mention) {
	id := identity(m)
	place, placed := l.places[id]
	if !placed {
		place = int32(len(l.parties))
		l.places[id] = place
		l.parties = append(l.parties, trace.Party{Customer: trace.Customer{
			Name: m.Name, Kind: string(canonical.UnknownParty), RawNames: []string{}, Contacts: []trace.Contact{},
		}})
	}
	c := &l.parties[place].Customer
	if at, have := slices.BinarySearch(c.RawNames, m.Name); !have && m.Name != "" {
		c.RawNames = slices.Insert(c.RawNames, at, m.Name)
	}
}

func identity(m store.Mention) canonical.ID {
	if !m.Golden.IsZero() {
		return m.Golden
	}
	return canonical.DeriveID("record", m.Key.Source, m.Key.ID)
}

func (l *lotLoader) place(record int64) int32 { return l.places[identity(l.mentions[record])] }

// present lists the places that a lot touches, the maker's first.
func (l *lotLoader) present(moves []trace.Move, holders []int64) []int32 {
	here := map[int32]bool{0: true}
	for _, m := range moves {
		here[m.From] = true
		if m.To != flow.Nobody {
			here[m.To] = true
		}
	}
	for _, record := range holders {
		here[l.place(record)] = true
	}
	return slices.Sorted(maps.Keys(here))
}

// holdings reads what each party last reported of the lot. A customer that reports under several records holds their sum.
func (l *lotLoader) holdings(ctx context.Context, lot string, by canonical.Date, moves []trace.Move, here []int32) ([]trace.Holding, error) {
	first := map[int32]canonical.Date{}
	for _, m := range moves {
		for _, p := range [2]int32{m.From, m.To} {
			if d, seen := first[p]; !seen || m.Date < d {
				first[p] = m.Date
			}
		}
	}
	records, ends := map[int64]int32{}, []int64{}
	for id, place := range l.places {
		if _, found := slices.BinarySearch(here, place); !found {
			continue
		}
		for _, record := range l.reporters[id] {
			records[record] = place
			if k := canonical.CustomerKind(l.parties[place].Customer.Kind); !l.parties[place].ReportsUsage && (k.EndCustomer() || k == canonical.Chain || k == canonical.UnknownParty) {
				ends = append(ends, record)
			}
		}
	}
	for record, m := range l.mentions { // a party without a golden record reports under its own
		if m.Golden.IsZero() && m.Key.ID == canonical.ReporterID {
			records[record] = l.place(record)
			ends = append(ends, record)
		}
	}
	positions := map[int64][]canonical.StockPosition{}
	var users map[int64]bool
	err := together(ctx, func(ctx context.Context) error {
		return l.hub.DB.LastStock(ctx, l.sku.ID, lot, slices.Sorted(maps.Keys(records)), by, l.known, func(s canonical.StockPosition) {
			positions[s.Party] = append(positions[s.Party], s)
		})
	}, func(ctx context.Context) (err error) {
		users, err = l.hub.DB.UsageReporters(ctx, l.sku.ID, slices.Compact(slices.Sorted(slices.Values(ends))), l.known)
		return err
	})
	if err != nil {
		return nil, err
	}
	for record := range users {
		l.parties[records[record]].ReportsUsage = true
	}
	sum := map[int32]trace.Holding{}
	for record, list := range positions {
		place := records[record]
		h, ok := trace.LastHolding(place, lot, by, first[place], list)
		if !ok {
			continue
		}
		have := sum[place]
		h.Date = max(h.Date, have.Date)
		h.Available += have.Available
		h.Quarantined += have.Quarantined
		h.InTransit += have.InTransit
		h.Named = h.Named || have.Named
		sum[place] = h
	}
	return slices.SortedFunc(maps.Values(sum), func(a, b trace.Holding) int { return cmp.Compare(a.Party, b.Party) }), nil
}

// shortages reads what no lot explains in the lot-less rows of the parties that a lot touched.
func (l *lotLoader) shortages(ctx context.Context, moves []canonical.Movement) ([]flow.Shortage, error) {
	issuers := map[int64]bool{}
	for i := range moves {
		issuers[moves[i].From()] = true
	}
	short, err := l.hub.DB.Shortages(ctx, l.sku.ID, slices.Sorted(maps.Keys(issuers)), l.known)
	if err != nil {
		return nil, err
	}
	var out []flow.Shortage
	for _, s := range short {
		out = append(out, flow.Shortage{Movement: s.ID, Party: int64(l.place(s.From())), Date: s.Date, Quantity: s.Short})
	}
	return out, nil
}
