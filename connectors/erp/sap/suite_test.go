package sap_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/erp/sap"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simsap"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// bench is a simulated system whose services speak one protocol.
type bench struct {
	*connectortest.Site
	*simsap.Server
	v4 bool
}

func start(t *testing.T, v4 bool, change func(*simsap.Options)) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite(), v4: v4}
	options := sandbox.SAPSystem(b.Clock.Now, b.Faults)
	if change != nil {
		change(&options)
	}
	b.Server = simsap.New(options, sandbox.SAPSets(connectortest.SmallWorld(t), world.ERP, v4)...)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: batch, Text: "BatchBySupplier", Publish: func(rows []map[string]any) { b.SetRows(sandbox.SAPPath("batches", v4), rows) }}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("sap", b.URL)
	s["base_url"] = b.URL
	if b.v4 {
		services := map[string]any{}
		for _, name := range []string{"customers", "products", "batches", "deliveries", "returns", "stock"} {
			services[name] = sandbox.SAPPath(name, true)
		}
		delete(s, "user")
		delete(s, "password")
		s["auth"], s["token_url"], s["client_id"], s["client_secret"], s["services"] = "oauth", b.URL+"/oauth/token", "sb-sandbox", "planted-secret-sap-client-secret", services
	}
	return s
}

// batch is one of two materials, so that the second part of the key matters.
func batch(i int, at time.Time) map[string]any {
	return map[string]any{
		"Material": map[bool]string{true: "M1", false: "M2"}[i < 20], "BatchIdentifyingPlant": "", "Batch": fmt.Sprintf("%08d", i), "LastChangeDateTime": at, "CreationDateTime": connectortest.Start.Add(-1e6 * time.Second),
		"ManufactureDate": simsap.Date("2025-01-01"), "MatlBatchIsInRstrcdUseStock": false, "YY1_Released_BAT": simsap.Decimal("12345678901234567.125"),
	}
}

func TestConnector(t *testing.T) {
	driver, err := sap.Driver()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		v4, paging bool
		password   string
		addresses  []string
	}{
		"V2 in pages of the server": {paging: true, password: "password", addresses: []string{"base_url"}},
		"V2 without pages":          {password: "password", addresses: []string{"base_url"}},
		"V4 by OAuth":               {v4: true, paging: true, password: "client_secret", addresses: []string{"base_url", "token_url"}},
	} {
		t.Run(name, func(t *testing.T) {
			passing := []fault.Name{
				fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ShortPage, fault.ClockFast, fault.ClockSlow,
			}
			failing := []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle}
			if c.paging {
				passing = append(passing, fault.SamePage) // the next page is asked for by its key
			}
			if c.v4 {
				passing, failing = append(passing, fault.SessionExpiry), append(failing, fault.SessionExpiry)
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: driver, Text: "BatchBySupplier", Stream: "batches", BaseURL: c.addresses, Password: c.password, PageSize: "page_size", Passing: passing, Failing: failing,
				Start: func(t *testing.T) *connectortest.System {
					b := start(t, c.v4, func(o *simsap.Options) { o.Paging = c.paging })
					if c.v4 {
						return b.System(b.settings(), b.BeforeQuery, b.Logins)
					}
					return b.System(b.settings(), b.BeforeQuery, nil)
				},
			})
		})
	}
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Taker {
	t.Helper()
	return connectortest.Open(t, sap.New, b.Clock.Now, b.settings(), change)
}

// byProtocol runs a test against V2 and against V4: what rows hold must not depend on it.
func byProtocol(t *testing.T, test func(t *testing.T, b *bench)) {
	for name, v4 := range map[string]bool{"V2": false, "V4": true} {
		t.Run(name, func(t *testing.T) { test(t, start(t, v4, nil)) })
	}
}

// The maker's ledger is read whole: where an item is split, its parts count and the whole does not, and what has not left
// is no delivery.
func TestDeliveriesAreTheLedgerOfTheMaker(t *testing.T) {
	byProtocol(t, func(t *testing.T, b *bench) {
		w := connectortest.SmallWorld(t)
		want, got := map[string]int{}, map[string]int{}
		for _, l := range w.Ledgers.MakerSales {
			want[w.From().AddDays(l.Day).String()+" "+w.Products[l.Product].Code+" "+w.Lots[l.Lot].Number] += l.Quantity
		}
		rows, _, _ := connectortest.Drain(t, open(t, b, nil), "deliveries", nil)
		parts := 0
		for _, r := range rows {
			f := r.Fields
			require.Equal(t, connectors.Upsert, r.Op)
			var n int
			_, err := fmt.Sscanf(fmt.Sprint(f["item_ActualDeliveryQuantity"]), "%d.000", &n)
			require.NoError(t, err)
			got[fmt.Sprint(f["ActualGoodsMovementDate"], " ", f["item_Material"], " ", f["item_Batch"])] += n
			if f["item_HigherLvlItmOfBatSpltItm"] != "0" {
				parts++
			}
		}
		require.Equal(t, want, got)
		require.Positive(t, parts)
	})
}

// A goods issue that is taken back changes only the day of the document's last change: the item is a delete, and no key of
// the stream any more.
func TestAReversedGoodsIssueIsADelete(t *testing.T) {
	byProtocol(t, func(t *testing.T, b *bench) {
		document := func(number, status, day string) map[string]any {
			return map[string]any{
				"DeliveryDocument": number, "OverallGoodsMovementStatus": status, "CreationDate": simsap.Date("2025-01-02"), "LastChangeDate": simsap.Date(day), "ActualGoodsMovementDate": simsap.Date("2025-01-03"),
				"to_DeliveryDocumentItem": []map[string]any{{"DeliveryDocumentItem": "10", "Material": "P001", "Batch": "B1", "ActualDeliveryQuantity": simsap.Decimal("5.000"), "GoodsMovementStatus": status}},
			}
		}
		publish := func(rows ...map[string]any) { b.SetRows(sandbox.SAPPath("deliveries", b.v4), rows) }
		publish(document("80000001", "C", "2025-01-03"), document("80000002", "C", "2025-01-03"), document("80000003", "A", "2025-01-03"))
		src := open(t, b, nil)
		rows, _, last := connectortest.Drain(t, src, "deliveries", nil)
		require.Len(t, rows, 2)
		rows, _, last = connectortest.Drain(t, src, "deliveries", last)
		require.Empty(t, rows, "what changed long ago is not read again")

		publish(document("80000001", "C", "2025-01-03"), document("80000002", "A", "2025-03-10"), document("80000003", "A", "2025-01-03"))
		b.Clock.Advance(time.Hour)
		rows, _, last = connectortest.Drain(t, src, "deliveries", last)
		require.Len(t, rows, 1)
		require.Equal(t, connectors.Delete, rows[0].Op)
		require.Equal(t, "80000002|10", rows[0].Key)
		b.Clock.Advance(time.Hour)
		rows, _, _ = connectortest.Drain(t, src, "deliveries", last)
		require.Len(t, rows, 1, "today and yesterday are read at every run: a day is all that is known")
		keys, err := src.Keys(t.Context(), "deliveries")
		require.NoError(t, err)
		require.Equal(t, []string{"80000001|10"}, keys)
	})
}

// Rows are the same whichever protocol brought them.
func TestBothProtocolsGiveTheSameRows(t *testing.T) {
	older, newer := start(t, false, nil), start(t, true, nil)
	for _, stream := range []string{"customers", "products", "batches", "deliveries", "returns", "stock"} {
		a, _, _ := connectortest.Drain(t, open(t, older, map[string]any{"page_size": 40}), stream, nil)
		b, _, _ := connectortest.Drain(t, open(t, newer, nil), stream, nil)
		require.NotEmpty(t, a, stream)
		require.Equal(t, len(a), len(b), stream)
		for i := range a {
			for name, v := range b[i].Fields {
				if n, ok := v.(json.Number); ok {
					b[i].Fields[name] = n.String() // decimals are text in V2 and numbers in V4
				}
			}
			require.Equal(t, a[i].Fields, b[i].Fields, stream)
			require.Equal(t, a[i].Key, b[i].Key, stream)
			require.Equal(t, a[i].SourceTime, b[i].SourceTime, stream)
		}
	}
}

// Behind a page without rows there is no key to ask by: the server's link leads on. One that died costs one question more
// and no row.
func TestAnEmptyPageHasALink(t *testing.T) {
	byProtocol(t, func(t *testing.T, b *bench) {
		b.Rows.Fill(1200)
		b.Faults.Arm(fault.HiddenRows, 1)
		rows, pages, _ := connectortest.Drain(t, open(t, b, nil), "batches", nil)
		require.Empty(t, pages[0].Rows)
		require.Len(t, rows, 700)

		b.Faults.Arm(fault.HiddenRows, 1)
		b.Faults.Arm(fault.DeadLocator, 1)
		rows, _, _ = connectortest.Drain(t, open(t, b, nil), "batches", nil)
		require.Len(t, rows, 1200)
		require.Positive(t, b.Faults.Hits(fault.DeadLocator))
		require.Equal(t, "12345678901234567.125", fmt.Sprint(rows[0].Fields["released_quantity"]))
	})
}

// Rows that vanish between two pages take no others with them, though the server's own links count rows.
func TestRowsThatVanishBetweenPages(t *testing.T) {
	byProtocol(t, func(t *testing.T, b *bench) {
		b.Rows.Fill(1200)
		src := open(t, b, nil)
		require.NoError(t, src.Open(t.Context(), "batches", nil))
		first, err := src.Read(t.Context())
		require.NoError(t, err)
		for range 5 {
			b.Rows.Remove(0)
		}
		rest, _, _ := connectortest.Drain(t, src, "batches", first.Position)
		require.Len(t, rest, 1200-len(first.Rows))
	})
}

func TestRelatedRowsAreChosen(t *testing.T) {
	byProtocol(t, func(t *testing.T, b *bench) {
		src := open(t, b, map[string]any{"language": "EN"})
		products, _, _ := connectortest.Drain(t, src, "products", nil)
		require.Equal(t, products[0].Fields["Product"], products[0].Fields["to_Description_ProductDescription"])
		customers, _, _ := connectortest.Drain(t, src, "customers", nil)
		coded := 0
		for _, r := range customers {
			if code := r.Fields["uscc"]; code != nil {
				require.Len(t, code, 18)
				coded++
			}
		}
		require.Positive(t, coded)
	})
}

// A service that is not active is a warning that names the stream, and no stream of the catalogue.
func TestAServiceThatIsNotActive(t *testing.T) {
	b := start(t, false, nil)
	src := open(t, b, map[string]any{"services": map[string]any{"returns": "/sap/opu/odata/sap/ZNOTHING/A_Set", "stock": sandbox.SAPPath("batches", false) + "Lost"}})
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 2)
	for i, stream := range []string{"returns", "stock"} {
		require.Equal(t, "connectors.check_stream", found[i].Code)
		require.Equal(t, stream, found[i].Args["stream"])
	}
	streams, err := src.Discover(t.Context())
	require.NoError(t, err)
	require.Len(t, streams, 4)
}

func TestAKeyOfAnAPIManagement(t *testing.T) {
	b := start(t, false, func(o *simsap.Options) { o.APIKey = "key" })
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"auth": "api_key", "api_key": "key"}), "products", nil)
	require.NotEmpty(t, rows)
	err := open(t, b, map[string]any{"auth": "api_key", "api_key": "another"}).Open(t.Context(), "products", nil)
	require.Equal(t, "connectors.credentials", errs.CodeOf(err))
}

func TestSettingsThatLackSomething(t *testing.T) {
	spec, err := connectors.SpecOf(sap.Settings{})
	require.NoError(t, err)
	for path, raw := range map[string]map[string]any{
		"p.user":          {"password": "x"},
		"p.token_url":     {"auth": "oauth", "client_id": "a", "client_secret": "b"},
		"p.api_key":       {"auth": "api_key"},
		"p.services":      {"user": "u", "password": "x", "services": map[string]any{"nothing": "/x/y"}},
		"p.zone":          {"user": "u", "password": "x", "zone": "Nowhere/City"},
		"p.tenant_fields": {"user": "u", "password": "x", "tenant_fields": map[string]any{"nothing.x": "y"}},
	} {
		raw["base_url"] = "https://sap.example"
		_, problems := spec.Parse("p", raw)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
	}
}
