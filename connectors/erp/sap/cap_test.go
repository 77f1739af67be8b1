package sap_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/erp/sap"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
	"tributary/test/servers"
)

// capSets are the sets behind the streams at SAP's own server: the path of the service, and the set.
var capSets = map[string][2]string{
	"customers":  {"api_business_partner", "API_BUSINESS_PARTNER.A_BusinessPartner"},
	"products":   {"api_product", "API_PRODUCT_SRV.A_Product"},
	"batches":    {"api_batch", "API_BATCH_SRV.Batch"},
	"deliveries": {"api_outbound_delivery", "API_OUTBOUND_DELIVERY_SRV.A_OutbDeliveryHeader"},
	"returns":    {"api_customer_returns_delivery", "API_CUSTOMER_RETURNS_DELIVERY_SRV.A_ReturnsDeliveryHeader"},
	"stock":      {"api_material_stock", "API_MATERIAL_STOCK_SRV.A_MatlStkInAcctMod"},
}

// capPage is the most rows that the server answers with.
const capPage = 100

func openCAP(t *testing.T, s servers.CAPServer, protocol string, change map[string]any) *objectsource.Taker {
	t.Helper()
	services := map[string]any{}
	for stream, set := range capSets {
		_, name, _ := strings.Cut(set[1], ".")
		services[stream] = "/odata/" + protocol + "/" + set[0] + "/" + name
	}
	return connectortest.Open(t, sap.New, time.Now, map[string]any{
		"base_url": s.URL, "user": s.User, "password": s.Password, "services": services, "retry_budget": "5s", "tenant_fields": sandbox.Settings("sap", s.URL)["tenant_fields"],
	}, change)
}

// byServer runs a test against SAP's own server by both protocols.
func byServer(t *testing.T, test func(t *testing.T, s servers.CAPServer, protocol string)) {
	s := servers.CAP(t)
	for _, protocol := range []string{"v2", "v4"} {
		t.Run(protocol, func(t *testing.T) { test(t, s, protocol) })
	}
}

// forCAP is rows of the simulator as the server's model wants them: each address has a key.
func forCAP(rows []map[string]any) []map[string]any {
	for _, row := range rows {
		addresses, _ := row["to_BusinessPartnerAddress"].([]map[string]any)
		for i, a := range addresses {
			a["Number"] = i + 1
		}
	}
	return rows
}

func capBatches(n int, at time.Time) []map[string]any {
	var out []map[string]any
	for i := range n {
		row := batch(i, at)
		row["CreationDateTime"] = at
		out = append(out, row)
	}
	return out
}

// The simulator is a true double: what the connector makes of the same rows does not depend on which of the two gave them.
func TestSAPsOwnServerGivesTheSameRows(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		v4 := protocol == "v4"
		sim := start(t, v4, nil)
		sets := map[string]any{}
		for _, set := range sandbox.SAPSets(connectortest.SmallWorld(t), world.ERP, v4) {
			for stream, names := range capSets {
				if sandbox.SAPPath(stream, v4) == set.Service+"/"+set.Name {
					sets[names[1]] = forCAP(set.Rows())
				}
			}
		}
		require.Len(t, sets, len(capSets))
		s.Replace(t, sets)
		src := openCAP(t, s, protocol, nil)
		found, err := src.Check(t.Context())
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, "connectors.check_ok", found[0].Code, "%v", found)
		for stream := range capSets {
			want, _, _ := connectortest.Drain(t, open(t, sim, nil), stream, nil)
			got, pages, _ := connectortest.Drain(t, src, stream, nil)
			require.Greater(t, len(pages), 1, stream)
			requireSameRows(t, stream, want, got)
			keys, err := src.Keys(t.Context(), stream)
			require.NoError(t, err)
			require.Len(t, keys, len(got), stream)
		}
	})
}

func requireSameRows(t *testing.T, stream string, want, got []connectors.Row) {
	t.Helper()
	byKey := func(a, b connectors.Row) int { return cmp.Compare(a.Key, b.Key) }
	if stream == "stock" { // the day of the snapshot differs, the clocks do
		for _, rows := range [][]connectors.Row{want, got} {
			for i := range rows {
				_, rows[i].Key, _ = strings.Cut(rows[i].Key, "|")
				delete(rows[i].Fields, "snapshot_date")
			}
		}
	}
	slices.SortFunc(want, byKey)
	slices.SortFunc(got, byKey)
	require.Equal(t, len(want), len(got), stream)
	for i := range want {
		require.Equal(t, want[i].Key, got[i].Key, stream)
		require.Equal(t, want[i].Op, got[i].Op, stream)
		require.Equal(t, want[i].SourceTime, got[i].SourceTime, stream)
		for name := range want[i].Fields {
			w, g := want[i].Fields[name], got[i].Fields[name]
			require.True(t, same(w, g), "%s %s: %s is %#v, want %#v", stream, want[i].Key, name, g, w)
		}
	}
}

// same takes nothing and an empty text for the same, as do decimals of the same value.
func same(a, b any) bool {
	as, bs := fmt.Sprint(cmp.Or(a, any(""))), fmt.Sprint(cmp.Or(b, any("")))
	if as == bs {
		return true
	}
	x, ok := new(big.Rat).SetString(as)
	y, oky := new(big.Rat).SetString(bs)
	return ok && oky && x.Cmp(y) == 0
}

// What changed is found, once, and what did not change is not read again; a row that went is no key any more.
func TestSAPsOwnServerTellsWhatChanged(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		rows := capBatches(250, connectortest.Start)
		s.Replace(t, map[string]any{capSets["batches"][1]: rows})
		src := openCAP(t, s, protocol, nil)
		got, pages, last := connectortest.Drain(t, src, "batches", nil)
		require.Len(t, got, 250)
		for _, p := range pages {
			require.LessOrEqual(t, len(p.Rows), capPage)
		}
		got, _, last = connectortest.Drain(t, src, "batches", last)
		require.Empty(t, got)

		rows[70]["LastChangeDateTime"], rows[70]["BatchBySupplier"] = time.Now().Add(-10*time.Second), "O'Neil & 贝"
		rows = slices.Delete(rows, 3, 4)
		s.Replace(t, map[string]any{capSets["batches"][1]: rows})
		got, _, _ = connectortest.Drain(t, src, "batches", last)
		require.Len(t, got, 1)
		require.Equal(t, "M2||00000070", got[0].Key)
		require.Equal(t, "O'Neil & 贝", got[0].Fields["BatchBySupplier"])
		keys, err := src.Keys(t.Context(), "batches")
		require.NoError(t, err)
		require.Len(t, keys, 249)
		require.NotContains(t, keys, "M1||00000003")
	})
}

// A run that ends anywhere goes on from where it ended.
func TestSAPsOwnServerResumes(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		s.Replace(t, map[string]any{capSets["batches"][1]: capBatches(250, connectortest.Start)})
		_, pages, _ := connectortest.Drain(t, openCAP(t, s, protocol, map[string]any{"page_size": 60}), "batches", nil)
		met := map[string]bool{}
		for _, p := range pages {
			for _, r := range p.Rows {
				met[r.Key] = true
			}
			whole := maps.Clone(met)
			rest, _, _ := connectortest.Drain(t, openCAP(t, s, protocol, map[string]any{"page_size": 60}), "batches", p.Position)
			for _, r := range rest {
				whole[r.Key] = true
			}
			require.Len(t, whole, 250, "from %s", p.Position)
			require.LessOrEqual(t, len(rest), 250-len(met), "from %s", p.Position)
		}
	})
}

// The server's links count rows: one that vanishes between two pages would take another with it.
func TestRowsThatVanishBetweenPagesTakeNoOtherWithThem(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		rows := capBatches(250, connectortest.Start)
		s.Replace(t, map[string]any{capSets["batches"][1]: rows})
		src := openCAP(t, s, protocol, nil)
		require.NoError(t, src.Open(t.Context(), "batches", nil))
		first, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Len(t, first.Rows, capPage)
		s.Replace(t, map[string]any{capSets["batches"][1]: rows[5:]})
		rest, _, _ := connectortest.Drain(t, src, "batches", first.Position)
		require.Len(t, rest, 150)
	})
}

func TestSAPsOwnServerRefuses(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		err := openCAP(t, s, protocol, map[string]any{"password": "wrong"}).Open(t.Context(), "batches", nil)
		require.Equal(t, "connectors.credentials", errs.CodeOf(err))

		src := openCAP(t, s, protocol, map[string]any{"services": map[string]any{"returns": "/odata/" + protocol + "/api_nothing/A_Set", "stock": "/odata/" + protocol + "/api_material_stock/A_Nothing"}})
		for _, stream := range []string{"returns", "stock"} {
			err := src.Open(t.Context(), stream, nil)
			require.Equal(t, "connectors.refused", errs.CodeOf(err), stream)
		}
	})
}

// The catalogue comes from the server's own metadata.
func TestSAPsOwnServerIsDiscovered(t *testing.T) {
	byServer(t, func(t *testing.T, s servers.CAPServer, protocol string) {
		streams, err := openCAP(t, s, protocol, nil).Discover(t.Context())
		require.NoError(t, err)
		require.Len(t, streams, len(capSets))
		types := map[string]string{}
		for _, f := range streams[slices.IndexFunc(streams, func(i connectors.StreamInfo) bool { return i.Name == "batches" })].Fields {
			types[f.Name] = f.Type
		}
		require.Equal(t, "Edm.String", types["Material"])
		require.Equal(t, "Edm.DateTimeOffset", types["LastChangeDateTime"])
		require.Equal(t, map[string]string{"v2": "Edm.DateTime", "v4": "Edm.Date"}[protocol], types["ManufactureDate"])
	})
}
