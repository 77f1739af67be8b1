package pipeline_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/pipeline"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// ticking is a clock on which no two readings are equal.
type ticking struct {
	mu   sync.Mutex
	t    time.Time
	tick func() // may be nil
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Millisecond)
	if c.tick != nil {
		c.tick()
	}
	return c.t
}

func (c *ticking) jump(d time.Duration) { c.mu.Lock(); c.t = c.t.Add(d); c.mu.Unlock() }

// on calls fn at every reading until stop is called.
func (c *ticking) on(fn func()) (stop func()) {
	set := func(f func()) { c.mu.Lock(); c.tick = f; c.mu.Unlock() }
	set(fn)
	return func() { set(nil) }
}

// channel is a database with a company M that makes product P1, and a stand-in for the resolver: a mention belongs to
// the golden record of its code.
type channel struct {
	t      require.TestingT
	ctx    func() context.Context
	db     *store.DB
	joiner *pipeline.Joiner
	clock  *ticking
	golden map[string]string // code → the code whose golden record it belongs to
}

func joinOnBoth(t *testing.T, test func(t *testing.T, c *channel)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openChannel(t, t.Context, "sqlite:hub.db", t.TempDir(), t.Cleanup)) })
	t.Run("postgres", func(t *testing.T) {
		test(t, openChannel(t, t.Context, servers.PostgresSchema(t), t.TempDir(), t.Cleanup))
	})
}

// openChannel takes the context as a function, so that a rapid check can bring its own.
func openChannel(t require.TestingT, ctx func() context.Context, url, dir string, cleanup func(func())) *channel {
	clock := &ticking{t: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	db, err := storetest.Open(ctx(), store.Config{URL: url, DataDir: dir, Now: clock.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(ctx()))
	require.NoError(t, db.EnsureCompany(ctx(), store.Company{Name: "百川制药有限公司", Code: "M", Source: "erp"}))
	return &channel{t: t, ctx: ctx, db: db, joiner: &pipeline.Joiner{DB: db}, clock: clock, golden: map[string]string{}}
}

func (c *channel) inTx(fn func(*store.Tx) error) { require.NoError(c.t, c.db.InTx(c.ctx(), fn)) }

// master brings a record of the company's own source in.
func (c *channel) master(entity canonical.Entity, id string, value any) {
	payload, err := json.Marshal(value)
	require.NoError(c.t, err)
	c.inTx(func(tx *store.Tx) error {
		_, err := tx.PutRecords(c.ctx(), []store.Record{{Entity: entity, Source: "erp", ID: id, Trust: 50, Payload: payload,
			ReadOrder: fmt.Sprintf("%020d", c.clock.Now().UnixNano()), Run: canonical.DeriveID("run")}})
		return err
	})
}

func (c *channel) product(code string) {
	c.master(canonical.EntityProduct, code, canonical.Product{Code: code, Name: "百川片" + code, Spec: "10片", Unit: "盒", CaseFactor: canonical.Units(40), InnerFactor: canonical.Units(10)})
}

func (c *channel) lot(product, lot string, quantity int64) {
	c.master(canonical.EntityLot, product+"|"+lot, canonical.Lot{Product: product, Lot: lot, Quantity: canonical.Units(quantity)})
}

// row reads "LEDGER PARTY PARTNER DATE DOC PRODUCT LOT QTY UNIT [KIND]"; - is empty. Equal texts are one row.
func (c *channel) row(text string) (string, store.FlowRow) {
	f := strings.Fields(text)
	opt := func(s string) string { return strings.TrimPrefix(s, "-") }
	date, err := canonical.ParseDate(f[3])
	require.NoError(c.t, err)
	q, err := canonical.ParseQuantity(f[7])
	require.NoError(c.t, err)
	l := canonical.FlowLine{Ledger: canonical.Ledger(f[0]), Date: date, DocNo: opt(f[4]), Product: canonical.ProductMention{Code: f[5], Name: "百川片", Unit: f[8]},
		Lot: opt(f[6]), Quantity: q, Kind: canonical.Sale}
	if f[2] != "-" {
		l.Partner = canonical.PartyMention{Code: f[2], Name: "客户" + f[2]}
	}
	switch {
	case len(f) > 9:
		l.Kind = canonical.FlowKind(f[9])
	case l.Ledger == canonical.Stock:
		l.Kind = canonical.Available
	case l.Ledger == canonical.Usage:
		l.Kind = canonical.Used
	}
	// The identity leaves out what a correction may change.
	return f[1], store.FlowRow{ID: canonical.DeriveID(f[0], f[1], f[3], f[4], f[6]), Line: l, Hash: store.HashLine(&l), Version: fmt.Sprintf("%020d", c.clock.Now().UnixNano())}
}

// feed takes rows in, one transaction a call.
func (c *channel) feed(texts ...string) {
	byParty := map[string][]store.FlowRow{}
	var parties []string
	for _, text := range texts {
		if strings.TrimSpace(text) == "" {
			continue
		}
		party, row := c.row(text)
		if byParty[party] == nil {
			parties = append(parties, party)
		}
		byParty[party] = append(byParty[party], row)
	}
	c.inTx(func(tx *store.Tx) error {
		from := store.Origin{Run: canonical.DeriveID("run"), ReadOrder: fmt.Sprintf("%020d", c.clock.Now().UnixNano())}
		for _, party := range parties {
			record, err := tx.EnsureParty(c.ctx(), store.Party{Key: party, Name: party}, from)
			if err != nil {
				return err
			}
			sink := store.NewFlowSink(party, "erp")
			sink.Bind(record)
			if _, err := sink.Put(c.ctx(), tx, store.FlowBatch{Rows: byParty[party], Raw: 1, Origin: from}); err != nil {
				return err
			}
		}
		return nil
	})
}

func goldenID(code string) canonical.ID { return canonical.DeriveID("golden", code) }

// resolve links every dirty mention to the golden record of its code.
func (c *channel) resolve() {
	ids, err := c.db.DirtyCustomers(c.ctx(), false, 0, 100_000)
	require.NoError(c.t, err)
	c.link(ids)
}

func (c *channel) link(ids []int64) {
	records, err := c.db.CustomerRecords(c.ctx(), ids)
	require.NoError(c.t, err)
	before, err := c.db.LastLinks(c.ctx(), ids)
	require.NoError(c.t, err)
	was := map[int64]canonical.ID{}
	for _, l := range before {
		was[l.Record] = l.Golden
	}
	var links []store.RecordLink
	var done []store.RecordVersion
	var moved []int64
	var goldens []store.Golden
	for _, r := range records {
		code := r.Customer.Code
		if to, ok := c.golden[code]; ok {
			code = to
		}
		id := goldenID(code)
		done = append(done, store.RecordVersion{ID: r.ID, Version: r.Version})
		if was[r.ID] == id {
			continue
		}
		if !was[r.ID].IsZero() {
			moved = append(moved, r.ID)
		}
		links = append(links, store.RecordLink{Record: r.ID, Golden: id, Open: true})
		kind := map[byte]canonical.CustomerKind{'M': canonical.Manufacturer, 'D': canonical.Distributor, 'H': canonical.Hospital, 'P': canonical.Pharmacy, 'C': canonical.Clinic}[code[0]]
		payload, err := json.Marshal(store.GoldenPayload{Customer: canonical.Customer{Kind: kind, Name: "客户" + code, Code: code}})
		require.NoError(c.t, err)
		goldens = append(goldens, store.Golden{ID: id, Kind: kind, Status: store.GoldenActive, Company: code == "M", Code: code, Name: "客户" + code, Search: "客户" + code,
			Payload: payload, Lineage: []byte("[]"), Members: 1, Version: 1, Resolve: canonical.DeriveID("r"), CreatedAt: c.clock.Now(), UpdatedAt: c.clock.Now()})
	}
	goldens = slices.CompactFunc(slices.SortedFunc(slices.Values(goldens), func(a, b store.Golden) int { return strings.Compare(a.Code, b.Code) }),
		func(a, b store.Golden) bool { return a.ID == b.ID })
	c.inTx(func(tx *store.Tx) error {
		if err := tx.PutGoldens(c.ctx(), goldens); err != nil {
			return err
		}
		if err := tx.Relink(c.ctx(), links); err != nil {
			return err
		}
		if err := tx.MarkFlowDirty(c.ctx(), moved); err != nil {
			return err
		}
		return tx.ClearDirty(c.ctx(), done)
	})
}

// repoint makes the mentions of a code belong to another golden record, as a steward's merge or split does.
func (c *channel) repoint(code, to string) {
	c.golden[code] = to
	var ids []int64
	require.NoError(c.t, c.db.EachCustomer(c.ctx(), func(list []store.CustomerRecord) error {
		for _, r := range list {
			if r.Customer.Code == code {
				ids = append(ids, r.ID)
			}
		}
		return nil
	}))
	c.link(ids)
}

func (c *channel) join() pipeline.JoinReport {
	r, err := c.joiner.Run(c.ctx())
	require.NoError(c.t, err)
	return r
}

// state is what the join stored, by codes.
func (c *channel) state() []string {
	codes := map[int64]string{}
	var mentions []int64
	require.NoError(c.t, c.db.EachCustomer(c.ctx(), func(list []store.CustomerRecord) error {
		for _, r := range list {
			codes[r.ID] = r.Key.Source + ":" + r.Customer.Code
			mentions = append(mentions, r.ID)
		}
		return nil
	}))
	out := []string{}
	for _, code := range []string{"P1", "P2"} {
		id, found, err := c.db.ProductByCode(c.ctx(), code)
		require.NoError(c.t, err)
		if !found {
			continue
		}
		name := map[canonical.ID]string{}
		require.NoError(c.t, c.db.MovementsOfParties(c.ctx(), id.ID, mentions, func(m canonical.Movement) {
			name[m.ID] = fmt.Sprintf("%s %s>%s %s %q %s %s %s %s %s adopted=%v diff=%s doc=%s lines=%s,%s,%v", code, codes[m.Seller], codes[m.Buyer], m.Date, m.Lot,
				m.Quantity, m.Kind, m.Match, m.Grade, m.ID, m.LotAdopted, m.Difference, m.DocNo, m.SellerLine, m.BuyerLine, m.MoreLines)
			out = append(out, name[m.ID])
		}))
		shares, err := c.db.SharesOfParties(c.ctx(), id.ID, mentions)
		require.NoError(c.t, err)
		for _, s := range shares {
			out = append(out, fmt.Sprintf("share %s %s %s lot=%q %s/%s/%s %s", code, codes[s.Party], name[s.Movement], s.Lot, s.Low, s.Point, s.High, s.Grade))
		}
		require.NoError(c.t, c.db.CurrentStock(c.ctx(), id.ID, mentions, func(s canonical.StockPosition) {
			out = append(out, fmt.Sprintf("stock %s %s %s %q %s %s", code, codes[s.Party], s.Date, s.Lot, s.Kind, s.Quantity))
		}))
	}
	slices.Sort(out)
	return out
}
