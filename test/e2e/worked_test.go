package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// answer is the part of `trace lot --json` that the worked example fixes.
type answer struct {
	Released string `json:"released"`
	Unit     string `json:"unit"`
	Parties  []struct {
		Customer struct {
			Code     string `json:"code"`
			Name     string `json:"name"`
			Resolved bool   `json:"resolved"`
		} `json:"customer"`
		Tier         int    `json:"tier"`
		EndCustomer  bool   `json:"end_customer"`
		Received     string `json:"received"`
		ReceivedLow  string `json:"received_low"`
		ReceivedHigh string `json:"received_high"`
		Forwarded    string `json:"forwarded"`
		Returned     string `json:"returned"`
		Used         string `json:"used"`
		Sampled      string `json:"sampled"`
		Stock        string `json:"stock"`
		Gap          string `json:"gap"`
		Grade        string `json:"grade"`
		Possible     bool   `json:"possible"`
		Paths        []struct {
			Via      []string `json:"via"`
			Quantity string   `json:"quantity"`
		} `json:"paths"`
	} `json:"parties"`
	Totals map[string]string `json:"totals"`
	Gaps   []struct {
		Customer any    `json:"customer"`
		Quantity string `json:"quantity"`
		Reason   string `json:"reason"`
	} `json:"gaps"`
}

// file is one to import: its name, the kind of its rows, the party whose ledger it is.
type file struct{ name, as, party string }

var worked = []file{
	{"M_sales.csv", "sales", "self"}, {"M_usage.csv", "usage", "self"}, {"M_stock.csv", "stock", "self"},
	{"D1_sales.csv", "sales", "D1"}, {"D1_purchases.csv", "purchases", "D1"}, {"D1_stock.csv", "stock", "D1"},
	{"D2_sales.csv", "sales", "D2"}, {"D2_purchases.csv", "purchases", "D2"}, {"D2_stock.csv", "stock", "D2"},
	{"D3_sales.csv", "sales", "D3"}, {"D3_purchases.csv", "purchases", "D3"}, {"D3_stock.csv", "stock", "D3"},
	{"H1_stock.csv", "stock", "H1"}, {"H2_stock.csv", "stock", "H2"}, {"P1_stock.csv", "stock", "P1"},
	{"P2_stock.csv", "stock", "P2"}, {"C1_stock.csv", "stock", "C1"},
}

var masters = []file{
	{"customers.csv", "customers", ""}, {"products.csv", "products", ""}, {"lots.csv", "lots", ""},
}

// importWorked imports a file of the worked example and returns the accounting of its rows.
func importWorked(h *harness.Hub, f file) harness.Counts {
	h.T.Helper()
	return importFile(h, f, workedFile(f.name)).Totals
}

func importFile(h *harness.Hub, f file, path string) harness.Report {
	h.T.Helper()
	args := []string{"import", path, "--as", f.as, "--source", "erp", "--quiet"}
	if f.party != "" {
		args = append(args, "--party", f.party)
	}
	report, r := h.Report(args...)
	require.Zero(h.T, r.Code, "%s\n%s%s", f.name, r.Stdout, r.Stderr)
	report.AddsUp(h.T)
	return report
}

func workedFile(name string) string {
	return filepath.Join(harness.Root(), "test", "e2e", "testdata", "worked", name)
}

func TestTheWorkedExampleComesOutExactly(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{}, func(t *testing.T, h *harness.Hub) {
		for _, f := range append(slices.Clone(masters), worked...) {
			c := importWorked(h, f)
			require.Equal(t, harness.Counts{Read: c.Read, Canonical: c.Read}, c, f.name)
		}
		checkWorked(t, h)
		checkWorkedRecall(t, h)
	})
}

func TestTheWorkedExampleComesOutExactlyInAnyOrderOfArrival(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{}, func(t *testing.T, h *harness.Hub) {
		all := append(slices.Clone(masters), worked...)
		rand.New(rand.NewPCG(20261124, uint64(len(t.Name())))).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, f := range all {
			importWorked(h, f)
		}
		checkWorked(t, h)
	})
}

// checkWorked compares with the table of the worked example: unit 盒, lot 250301.
func checkWorked(t *testing.T, h *harness.Hub) {
	var a answer
	h.Into(&a, "trace", "lot", "250301", "--product", "AMX24")
	require.Equal(t, "10000", a.Released)
	require.Equal(t, "盒", a.Unit)
	want := map[string][]string{ // received, forwarded, returned, used, sampled, stock, gap
		"M":  {"10300", "9600", "0", "0", "60", "640", "0"},
		"D1": {"6320", "4900", "300", "0", "0", "1120", "0"},
		"D2": {"4100", "3200", "0", "0", "0", "880", "20"},
		"D3": {"2000", "1750", "100", "0", "0", "150", "0"},
		"H1": {"2400", "0", "20", "1900", "0", "480", "0"},
		"P1": {"3000", "0", "0", "2450", "0", "550", "0"},
		"H2": {"900", "0", "0", "700", "0", "200", "0"},
		"P2": {"500", "0", "0", "380", "0", "120", "0"},
		"C1": {"350", "0", "0", "280", "0", "70", "0"},
	}
	got := map[string][]string{}
	for _, p := range a.Parties {
		require.True(t, p.Customer.Resolved, p.Customer.Name)
		got[p.Customer.Code] = []string{p.Received, p.Forwarded, p.Returned, p.Used, p.Sampled, p.Stock, p.Gap}
		switch p.Customer.Code {
		case "C1":
			require.Equal(t, []string{"0", "500", "C"}, []string{p.ReceivedLow, p.ReceivedHigh, p.Grade})
			require.True(t, p.Possible)
		case "P1":
			paths := map[string]string{}
			for _, path := range p.Paths {
				paths[strings.Join(path.Via, " ")] = path.Quantity
			}
			require.Equal(t, map[string]string{"M D2 P1": "2634", "M D1 D2 P1": "366"}, paths)
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, "M", a.Parties[0].Customer.Code, "the company is the first row")
	for name, quantity := range map[string]string{"released": "10000", "net_shipped": "9300", "own_stock": "340", "sampled": "60",
		"quarantined": "300", "channel_stock": "3570", "used": "5710", "recovered": "0", "destroyed": "0", "gap": "20"} {
		require.Equal(t, quantity, a.Totals[name], name)
	}
	require.NotEmpty(t, a.Gaps)
}

// checkWorkedRecall recalls the lot with commands alone and compares with the numbers of the worked example.
func checkWorkedRecall(t *testing.T, h *harness.Hub) {
	var r struct {
		Number   string `json:"number"`
		State    string `json:"state"`
		Affected []struct {
			Customer struct {
				Code string `json:"code"`
			} `json:"customer"`
			Received   string            `json:"received"`
			Attributed map[string]string `json:"attributed"`
			Grade      string            `json:"grade"`
			Possible   bool              `json:"possible"`
		} `json:"affected"`
	}
	h.Into(&r, "recall", "open", "--product", "AMX24", "--lot", "250301", "--class", "II", "--reason", "溶出度不合格")
	got := map[string]string{}
	for _, a := range r.Affected {
		got[a.Customer.Code] = strings.Join([]string{a.Received, a.Attributed["low"], a.Attributed["point"], a.Attributed["high"]}, " ")
		require.Equal(t, a.Customer.Code == "C1", a.Possible, a.Customer.Code)
		if a.Customer.Code == "C1" {
			require.Equal(t, "C", a.Grade)
		} else {
			require.Contains(t, "AB", a.Grade, a.Customer.Code)
		}
	}
	require.Equal(t, map[string]string{"D1": "6320 0 0 0", "D2": "4100 0 0 0", "D3": "2000 0 0 0", "H1": "2400 0 0 0", "H2": "900 0 0 0", "P1": "3000 0 0 0", "P2": "500 0 0 0", "C1": "350 0 350 500"}, got)

	h.OK("recall", "advance", r.Number, "--assessment", "可逆")
	h.OK("recall", "advance", r.Number, "--by", "质量受权人")
	h.OK("recall", "notify", r.Number, "--contact", "质量部 0571-88001122", "--out", filepath.Join(h.Dir, "notices"))
	h.OK("recall", "advance", r.Number, "--to", "noticed", "--reason", "专人送达")
	h.OK("recall", "reply", r.Number, "--party", "P1", "--stage", "quantity", "--held", "510", "--used", "40")
	for party, returned := range map[string]string{"D1": "1120", "D2": "880", "D3": "150", "H1": "480", "P1": "510", "H2": "200", "P2": "120", "C1": "70"} {
		h.OK("recall", "reply", r.Number, "--party", party, "--stage", "completion", "--returned", returned)
	}
	var b struct {
		Lots []struct {
			Totals        map[string]string `json:"totals"`
			Recoverable   string            `json:"recoverable"`
			RecoveryRate  string            `json:"recovery_rate"`
			ExplainedRate string            `json:"explained_rate"`
			GapRate       string            `json:"gap_rate"`
			Gaps          []struct {
				Customer struct {
					Code string `json:"code"`
				} `json:"customer"`
				Quantity string `json:"quantity"`
			} `json:"gaps"`
		} `json:"lots"`
	}
	h.Into(&b, "recall", "reconcile", r.Number)
	lot := b.Lots[0]
	require.Equal(t, map[string]string{"released": "10000", "net_shipped": "9300", "own_stock": "340", "sampled": "60", "quarantined": "300", "channel_stock": "0", "in_transit": "0",
		"used": "5750", "recovered": "3530", "destroyed": "0", "gap": "20"}, lot.Totals)
	require.Equal(t, []string{"3570", "98.88", "99.78", "0.22"}, []string{lot.Recoverable, lot.RecoveryRate, lot.ExplainedRate, lot.GapRate})
	require.Len(t, lot.Gaps, 1)
	require.Equal(t, "D2 20", lot.Gaps[0].Customer.Code+" "+lot.Gaps[0].Quantity)

	for _, wrong := range [][]string{
		{"advance", r.Number, "--to", "closed"},
		{"reply", r.Number, "--party", "D9", "--stage", "completion", "--returned", "1"},
		{"reply", r.Number, "--party", "D1", "--stage", "completion", "--returned", "-1"},
		{"reply", r.Number, "--party", "D1", "--stage", "completion", "--returned", "1,200.50"},
		{"reply", r.Number, "--party", "D1", "--stage", "completion", "--returned", "十"},
		{"open", "--product", "AMX25", "--lot", "250301"}, {"open", "--product", "AMX24", "--lot", "250391"}, {"show", "R-9"},
	} {
		result := h.Run(append([]string{"recall"}, wrong...)...)
		require.Equal(t, 2, result.Code, "%v\n%s%s", wrong, result.Stdout, result.Stderr)
		require.Contains(t, result.Stderr, "→", "%v says what to do next", wrong)
	}
	pack := filepath.Join(h.Dir, "pack")
	h.OK("recall", "pack", r.Number, "--out", pack)
	h.OK("recall", "verify-pack", pack)
	h.OK("audit", "verify")
}
