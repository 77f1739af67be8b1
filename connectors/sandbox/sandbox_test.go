package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/filesource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
	"tributary/mapping"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2025, 4, 1, 4, 0, 0, 0, time.UTC)

func start(t *testing.T, faults string) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.1, Faults: faults, Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	return sb
}

type connection struct {
	Name      string
	Connector string
	Settings  map[string]any
	Streams   []struct{ Stream, Every string }
}

func connectionsOf(t *testing.T, sb *sandbox.Sandbox) []connection {
	t.Helper()
	var file struct {
		Company     map[string]string
		Connections []connection
	}
	require.NoError(t, yaml.Unmarshal([]byte(sb.Config()), &file), sb.Config())
	require.Equal(t, "erp", file.Company["source"])
	return file.Connections
}

// pulled is everything a connection gives through its built-in maps.
type pulled struct {
	values map[string][]any // per stream
	keys   map[string][]string
	rows   int
}

func pull(t *testing.T, c connection) pulled {
	t.Helper()
	registry, err := builtin.Registry()
	require.NoError(t, err)
	driver, _, err := registry.Driver(c.Connector)
	require.NoError(t, err)
	c.Settings["retry_first"] = "1ms"
	src, err := registry.New(c.Connector, "connections."+c.Name+".settings", c.Settings, connectors.Env{Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer func() { require.NoError(t, src.Close()) }()
	out := pulled{values: map[string][]any{}, keys: map[string][]string{}}
	for _, s := range c.Streams {
		m, err := mapping.Parse(s.Stream, driver.Maps[s.Stream])
		require.NoError(t, err)
		require.NoError(t, src.Open(t.Context(), s.Stream, nil))
		for {
			b, err := src.Read(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			for _, row := range b.Rows {
				r := m.Apply(row.Fields)
				out.rows++
				if r.Filtered {
					continue
				}
				if len(r.Issues) > 0 {
					raw, _ := json.Marshal(row.Fields)
					require.Empty(t, r.Issues, "%s %s: %s", c.Name, s.Stream, raw)
				}
				out.values[s.Stream] = append(out.values[s.Stream], r.Value)
				out.keys[s.Stream] = append(out.keys[s.Stream], r.Key)
			}
		}
	}
	return out
}

func TestEverySystemReadsThroughItsBuiltInMaps(t *testing.T) {
	sb := start(t, "")
	w := sb.World()
	truth := map[canonical.RecordKey]world.Record{}
	for _, sys := range []world.System{world.ERP, world.SFA, world.Chain} {
		for r := range w.Records(sys) {
			truth[canonical.RecordKey{Source: string(sys), ID: r.ID}] = r
		}
	}
	met := 0
	for _, c := range connectionsOf(t, sb)[:3] {
		got := pull(t, c)
		for stream, values := range got.values {
			for i, v := range values {
				customer, ok := v.(*canonical.Customer)
				if !ok {
					continue
				}
				want, known := truth[canonical.RecordKey{Source: c.Name, ID: got.keys[stream][i]}]
				require.True(t, known, "%s %s", stream, got.keys[stream][i])
				require.Equal(t, want.Customer.Kind, customer.Kind, "%s %s", stream, want.ID)
				require.Equal(t, want.Customer.USCC, customer.USCC)
				require.Equal(t, want.Customer.BirthDate, customer.BirthDate)
				require.Equal(t, want.Customer.Title, customer.Title)
				require.Equal(t, want.Customer.Department, customer.Department)
				met++
			}
		}
	}
	require.Equal(t, len(truth), met, "every record of the truth arrives once")
}

// The maker's books add up through connector and map: released − shipped + returned = stock, in boxes.
func TestTheMakersBooksBalanceThroughTheConnector(t *testing.T) {
	sb := start(t, "")
	got := pull(t, connectionsOf(t, sb)[0])
	factor := map[string]canonical.Quantity{}
	for _, v := range got.values["BD_MATERIAL"] {
		p := v.(*canonical.Product)
		factor[p.Code] = p.CaseFactor
		require.NotEmpty(t, p.ApprovalNo)
	}
	balance := map[string]canonical.Quantity{}
	for _, v := range got.values["BD_BatchMainFile"] {
		l := v.(*canonical.Lot)
		require.Positive(t, l.Quantity)
		balance[l.Product+"|"+l.Lot] += l.Quantity
	}
	boxes := func(l *canonical.FlowLine) canonical.Quantity {
		if l.Product.Unit == "件" {
			q, err := l.Quantity.MulDiv(factor[l.Product.Code], one(t))
			require.NoError(t, err)
			return q
		}
		return l.Quantity
	}
	for stream, sign := range map[string]canonical.Quantity{"SAL_OUTSTOCK": -1, "SAL_RETURNSTOCK": 1, "STK_Inventory": -1} {
		require.NotEmpty(t, got.values[stream], stream)
		for _, v := range got.values[stream] {
			l := v.(*canonical.FlowLine)
			balance[l.Product.Code+"|"+l.Lot] += sign * boxes(l)
			if stream == "SAL_RETURNSTOCK" {
				require.Equal(t, canonical.Return, l.Kind)
			}
		}
	}
	for lot, rest := range balance {
		require.Zero(t, rest, lot)
	}
}

func one(t *testing.T) canonical.Quantity {
	t.Helper()
	q, err := canonical.ParseQuantity("1")
	require.NoError(t, err)
	return q
}

func TestFilesAreReadWithNothingUnknown(t *testing.T) {
	sb := start(t, "")
	dir := connectionsOf(t, sb)[3].Settings["folder"].(string)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	rows := map[string]int{}
	for _, e := range entries {
		name, ok := filesource.ParseName(e.Name())
		require.True(t, ok, e.Name())
		kind, err := mapping.ParseKind(string(name.Ledger))
		require.NoError(t, err)
		table, err := filesource.Open(t.Context(), filepath.Join(dir, e.Name()), filesource.Options{Known: mapping.Known(kind)})
		require.NoError(t, err, e.Name())
		apply, report, err := mapping.CompileFlow(kind, table.Headers())
		require.NoError(t, err, e.Name())
		require.Empty(t, report.Unknown, e.Name())
		for {
			r, err := table.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Nil(t, r.Bad)
			var line canonical.FlowLine
			require.Empty(t, apply(r.Cells, &line), "%s row %d: %v", e.Name(), r.Number, r.Cells)
			rows[name.Code+" "+string(name.Ledger)]++
		}
		require.NoError(t, table.Close())
	}
	l := sb.World().Ledgers
	for d, code := range sandbox.DistributorCode {
		require.Equal(t, len(l.DistributorSales[d]), rows[code+" sales"])
		require.Equal(t, len(l.DistributorPurchases[d]), rows[code+" purchases"])
		require.Equal(t, len(l.DistributorStock[d]), rows[code+" stock"])
	}
}

func TestMasterSpreadsheetsAreUnderstood(t *testing.T) {
	sb := start(t, "")
	dir := filepath.Join(filepath.Dir(connectionsOf(t, sb)[3].Settings["folder"].(string)), sandbox.MasterFolder)
	for file, kind := range map[string]mapping.Kind{"emr": "customers", "events": "customers", "terminals": "customers", "aliases": "aliases"} {
		table, err := filesource.Open(t.Context(), filepath.Join(dir, file+".csv"), filesource.Options{Known: mapping.Known(kind)})
		require.NoError(t, err)
		m, report, err := mapping.FromHeaders(kind, table.Headers(), mapping.Defaults{})
		require.NoError(t, err)
		require.Empty(t, report.Unknown, file)
		n := 0
		for {
			r, err := table.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Empty(t, m.Apply(table.Fields(r)).Issues, "%s: %v", file, r.Cells)
			n++
		}
		require.Positive(t, n)
		require.NoError(t, table.Close())
	}
}

func TestFaultsDoNotChangeWhatArrives(t *testing.T) {
	calm, rough := start(t, ""), start(t, "html_502/5,cut_body/7,session_expiry/6,throttle/11,short_page/4")
	for i, c := range connectionsOf(t, calm)[:3] {
		want, got := pull(t, c), pull(t, connectionsOf(t, rough)[i])
		require.Equal(t, want.keys, got.keys, c.Name)
	}
}

func TestWhatCannotStart(t *testing.T) {
	clock := func() time.Time { return now }
	for code, c := range map[string]sandbox.Config{
		"connectors.faults":       {Faults: "gremlins", Now: clock},
		"connectors.world":        {Scale: -1, Now: clock},
		"connectors.sandbox_port": {Scale: 0.02, Listen: "203.0.113.1:1", Now: clock},
	} {
		c.Dir = t.TempDir()
		_, err := sandbox.Start(t.Context(), c)
		require.Equal(t, code, errs.CodeOf(err), "%v", err)
		require.NotRegexp(t, `\{[a-z_]+\}`, errs.Render(err, "zh"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sandbox.Start(ctx, sandbox.Config{Dir: t.TempDir(), Scale: 0.02, Now: clock})
	require.ErrorIs(t, err, context.Canceled)
}

// The systems that Config leaves out read through their built-in maps as well: every row becomes something, with the right
// kind.
func TestTheOtherSystemsReadThroughTheirBuiltInMaps(t *testing.T) {
	sb := start(t, "")
	registry, err := builtin.Registry()
	require.NoError(t, err)
	_, err = sb.Other("kingdee")
	require.ErrorContains(t, err, "yonyou")
	for _, name := range sandbox.Others() {
		driver, _, err := registry.Driver(name)
		require.NoError(t, err)
		text, err := sb.Other(name)
		require.NoError(t, err)
		var printed struct{ Connections []connection }
		require.NoError(t, yaml.Unmarshal([]byte("connections:\n"+text), &printed))
		require.Len(t, printed.Connections, 1)
		c := printed.Connections[0]
		for _, s := range driver.Streams {
			c.Streams = append(c.Streams, struct{ Stream, Every string }{Stream: s.Name})
		}
		got := pull(t, c)
		kinds := map[canonical.CustomerKind]int{}
		for _, s := range driver.Streams {
			require.NotEmpty(t, got.values[s.Name], "%s %s", name, s.Name)
			for _, v := range got.values[s.Name] {
				switch v := v.(type) {
				case *canonical.Customer:
					kinds[v.Kind]++
				case *canonical.Complaint:
					require.NotEmpty(t, v.Lot, name)
					require.NotEqual(t, "unspecified", v.Product, name)
				}
			}
		}
		require.Positive(t, kinds[canonical.Hospital], name)
		if slices.ContainsFunc(driver.Streams, func(s connectors.StreamInfo) bool { return s.Personal }) {
			require.Positive(t, kinds[canonical.HCP], name)
		}
		require.Zero(t, kinds["unknown"], name)
		require.Zero(t, kinds[""], name)
	}
}
