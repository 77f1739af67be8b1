package bench_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/store"
)

// A channel of 40 regions, each with 20 distributors and 500 hospitals that buy from three of them. A lot goes to one
// region: 1,500 movements to its distributors, between them, and to every hospital. Rows are written in waves, the first
// row of every lot, then the second: the rows of a lot lie as far apart in the table as they can.
const (
	regions         = 40
	distributors    = 20  // of a region
	hospitals       = 500 // of a region
	suppliers       = 3   // of a hospital
	skus            = 20
	movesOfLot      = 1500
	firstSale       = 40 // 20 deliveries of the maker and 20 transfers come before
	firstReturn     = 1440
	firstUse        = 1480
	reporting       = 10 // every 10th hospital reports stock and use
	partiesOfLot    = 1 + distributors + hospitals
	firstDay        = canonical.Date(739000)
	salesWithoutLot = 50 // every 50th
)

// channel is the stored world, and the record numbers by which its movements name their parties.
type channel struct {
	hub      *hub.Hub
	maker    int64
	reporter map[string]int64    // by party code
	mention  map[[2]string]int64 // how a party's ledger calls another
	sku      []int64
	lots     int
}

func distributor(region, i int) string { return fmt.Sprintf("D%d", region*distributors+i) }
func hospital(region, i int) string    { return fmt.Sprintf("H%d", region*hospitals+i) }
func skuCode(i int) string             { return fmt.Sprintf("P%02d", i) }
func lotNumber(k int) string           { return fmt.Sprintf("L%05d", k) }

// Two lots beside each other, k and k^1, are of one product and region: rows without a lot may be of either.
func regionOf(k int) int { return k / 2 % regions }
func skuOf(k int) int    { return k / 2 / regions % skus }

// draw is a fixed chance of a row: from 0 to n−1.
func draw(k, i, salt, n int) int {
	x := uint64(k)<<32 ^ uint64(i)<<8 ^ uint64(salt)
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return int((x ^ x>>31) % uint64(n))
}

func openHub(t testing.TB, url string) *hub.Hub {
	t.Helper()
	conf := config.Defaults()
	conf.DataDir, conf.Company.Code = t.TempDir(), "M"
	db, err := store.Open(t.Context(), store.Config{URL: url, DataDir: conf.DataDir, Now: time.Now, Rand: rand.Reader, Verb: "bench"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	h := &hub.Hub{DB: db, Config: &conf, Now: time.Now, Actor: hub.Actor{Name: "os:bench", Role: hub.Admin}, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, h.EnsureCompany(t.Context()))
	return h
}

// newChannel stores the parties and products.
func newChannel(t testing.TB, url string) *channel {
	t.Helper()
	c := &channel{hub: openHub(t, url), reporter: map[string]int64{}, mention: map[[2]string]int64{}}
	c.people(t)
	for i := range skus {
		c.put(t, []store.Record{{Entity: canonical.EntityProduct, Source: "erp", ID: skuCode(i), Trust: 50, Payload: bytesOf(t, canonical.Product{Code: skuCode(i), Name: "片", Unit: "盒"})}})
		sku, found, err := c.hub.DB.ProductByCode(t.Context(), skuCode(i))
		require.NoError(t, err)
		require.True(t, found)
		c.sku = append(c.sku, sku.ID)
	}
	return c
}

func bytesOf(t testing.TB, v any) []byte {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return b
}

func (c *channel) put(t testing.TB, records []store.Record) []int64 {
	t.Helper()
	numbers := make([]int64, 0, len(records))
	for len(records) > 0 {
		part := records[:min(5000, len(records))]
		records = records[len(part):]
		for i := range part {
			part[i].ReadOrder, part[i].Run = "1", canonical.DeriveID("r")
		}
		require.NoError(t, c.hub.DB.InTx(t.Context(), func(tx *store.Tx) error {
			put, err := tx.PutRecords(t.Context(), part)
			for _, p := range put {
				numbers = append(numbers, p.Record)
			}
			return err
		}))
	}
	return numbers
}

// people stores every party with its golden record and its names in the ledgers of those it trades with.
func (c *channel) people(t testing.TB) {
	t.Helper()
	var records []store.Record
	var goldens []store.Golden
	var owner []canonical.ID // of each record
	golden := func(code string, kind canonical.CustomerKind) {
		payload := bytesOf(t, store.GoldenPayload{Customer: canonical.Customer{Kind: kind, Name: "客户" + code, Code: code, Phones: []string{"13812345678"}},
			Sources: []canonical.RecordKey{{Source: "erp", ID: code}}})
		goldens = append(goldens, store.Golden{ID: canonical.DeriveID("g", code), Kind: kind, Status: store.GoldenActive, Code: code, Name: "客户" + code, Payload: payload,
			Lineage: []byte("[]"), Version: 1, Resolve: canonical.DeriveID("r")})
	}
	named := func(ledger, code string) {
		id := code
		if ledger == code {
			id = canonical.ReporterID
		}
		records = append(records, store.Record{Entity: canonical.EntityCustomer, Source: canonical.FlowSource(ledger), ID: id,
			Payload: bytesOf(t, canonical.Customer{Kind: canonical.UnknownParty, Name: "客户" + code, Code: code})})
		owner = append(owner, canonical.DeriveID("g", code))
	}
	golden("M", canonical.Manufacturer)
	goldens[0].Company = true
	named("M", "M")
	for r := range regions {
		for i := range distributors {
			d := distributor(r, i)
			golden(d, canonical.Distributor)
			named(d, d)
			named("M", d)
			for j := range distributors {
				if j != i {
					named(d, distributor(r, j))
				}
			}
		}
		for i := range hospitals {
			h := hospital(r, i)
			golden(h, canonical.Hospital)
			if i%reporting == 0 {
				named(h, h)
			}
			for s := range suppliers {
				named(distributor(r, (i+s*7)%distributors), h)
			}
		}
	}
	numbers := c.put(t, records)
	links := make([]store.RecordLink, len(numbers))
	for i, n := range numbers {
		links[i] = store.RecordLink{Record: n, Golden: owner[i], Open: true}
		ledger := records[i].Source[len(canonical.FlowSource("")):]
		if records[i].ID == canonical.ReporterID {
			c.reporter[ledger] = n
		} else {
			c.mention[[2]string{ledger, records[i].ID}] = n
		}
	}
	c.maker = c.reporter["M"]
	require.NoError(t, c.hub.DB.InTx(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutGoldens(t.Context(), goldens); err != nil {
			return err
		}
		return tx.Relink(t.Context(), links)
	}))
}

// grow adds lots until there are so many movements.
func (c *channel) grow(t testing.TB, moves int) {
	t.Helper()
	from, to := c.lots, (moves+movesOfLot-1)/movesOfLot
	to += to % 2
	c.lots = to
	var released []store.Record
	for k := from; k < to; k++ {
		released = append(released, store.Record{Entity: canonical.EntityLot, Source: "erp", ID: lotNumber(k), Trust: 50,
			Payload: bytesOf(t, canonical.Lot{Product: skuCode(skuOf(k)), Lot: lotNumber(k), Quantity: canonical.Units(250_000)})})
	}
	c.put(t, released)
	const unit = 50_000
	batch := make([]store.StoredMovement, 0, unit)
	var shares []store.StoredShare
	flush := func() {
		require.NoError(t, c.hub.DB.InTx(t.Context(), func(tx *store.Tx) error {
			if err := tx.PutMovements(t.Context(), nil, batch); err != nil {
				return err
			}
			return tx.PutShares(t.Context(), nil, shares)
		}))
		batch, shares = batch[:0], shares[:0]
	}
	for i := range movesOfLot {
		for k := from; k < to; k++ {
			m := c.move(k, i)
			batch = append(batch, store.StoredMovement{Movement: m, Version: 1})
			if m.Lot == "" {
				low := m.Quantity / 2
				for _, lot := range []int{k, k ^ 1} {
					shares = append(shares, store.StoredShare{Party: m.Seller, Attribution: canonical.Attribution{Movement: m.ID, Product: m.Product, Lot: lotNumber(lot),
						Point: low, High: m.Quantity, Grade: canonical.GradeE}})
					low = m.Quantity - low
				}
			}
			if len(batch) == unit {
				flush()
			}
		}
	}
	flush()
	c.count(t, from, to)
}

// move is row i of lot k.
func (c *channel) move(k, i int) canonical.Movement {
	r := regionOf(k)
	m := canonical.Movement{ID: canonical.DeriveID("m", fmt.Sprint(k), fmt.Sprint(i)), Product: c.sku[skuOf(k)], Lot: lotNumber(k), Kind: canonical.Sale, Grade: canonical.GradeA,
		Match: "match", DocNo: fmt.Sprintf("XS%08d", i), Date: firstDay.AddDays(k%700 + i/15)}
	m.SellerLine = m.ID
	between := func(seller, buyer string, q int) {
		m.Seller, m.Buyer, m.Quantity = c.reporter[seller], c.mention[[2]string{seller, buyer}], canonical.Units(int64(q))
	}
	h := (i - firstSale) % hospitals
	supplier := distributor(r, (h+draw(k, i, 1, suppliers)*7)%distributors)
	switch {
	case i < distributors:
		between("M", distributor(r, i), 10_000)
	case i < firstSale:
		m.Kind = canonical.Transfer
		d := i - distributors
		between(distributor(r, d), distributor(r, (d+1+draw(k, i, 2, distributors-1))%distributors), 500)
	case i < firstReturn:
		between(supplier, hospital(r, h), 1+draw(k, i, 3, 50))
		if i%salesWithoutLot == 0 {
			m.Lot = ""
		}
	case i < firstUse:
		m.Kind = canonical.Return
		between(supplier, hospital(r, h), 1)
	default:
		m.Kind = canonical.Used
		m.Seller, m.Quantity = c.reporter[hospital(r, (i-firstUse)*reporting)], canonical.Units(3)
	}
	return m
}

// count stores three stock reports of every distributor and one of every reporting hospital.
func (c *channel) count(t testing.TB, from, to int) {
	t.Helper()
	var stock []store.StoredStock
	add := func(k int, party string, day, q int) {
		stock = append(stock, store.StoredStock{Version: 1, StockPosition: canonical.StockPosition{Party: c.reporter[party], Product: c.sku[skuOf(k)], Lot: lotNumber(k),
			Date: firstDay.AddDays(k%700 + day), Kind: canonical.Available, Quantity: canonical.Units(int64(q))}})
	}
	for k := from; k < to; k++ {
		for i := range distributors {
			for month := 1; month <= 3; month++ {
				add(k, distributor(regionOf(k), i), 30*month, 10_000-month*1000)
			}
		}
		for i := 0; i < hospitals; i += reporting {
			add(k, hospital(regionOf(k), i), 90, 5)
		}
	}
	require.NoError(t, c.hub.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.PutStock(t.Context(), nil, stock) }))
}
