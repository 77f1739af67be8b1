package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/filesource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/mapping"
)

func TestMain(m *testing.M) { leak.Main(m) }

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
	Party     string
	Settings  map[string]any
	Streams   []struct{ Stream, Every, Map string }
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

func connectionNamed(t *testing.T, sb *sandbox.Sandbox, name string) connection {
	t.Helper()
	all := connectionsOf(t, sb)
	i := slices.IndexFunc(all, func(c connection) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return all[i]
}

// asked tells connections whose system answers, from those that leave files or post by themselves.
func asked(c connection) bool { return c.Connector != "files" && c.Connector != "webhook" }

// pulled is everything a connection gives through its built-in maps.
type pulled struct {
	values map[string][]any // per stream
	keys   map[string][]string
	rows   int
}

// source opens a connection.
func source(t *testing.T, c connection) connectors.Source {
	t.Helper()
	registry, err := builtin.Registry()
	require.NoError(t, err)
	if _, web := c.Settings["calls_per_second"]; web {
		c.Settings["retry_first"] = "1ms"
	}
	src, err := registry.New(c.Connector, "connections."+c.Name+".settings", c.Settings, connectors.Env{Now: func() time.Time { return now }})
	require.NoError(t, err)
	return src
}

func pull(t *testing.T, c connection) pulled {
	t.Helper()
	registry, err := builtin.Registry()
	require.NoError(t, err)
	driver, _, err := registry.Driver(c.Connector)
	require.NoError(t, err)
	src := source(t, c)
	defer func() { require.NoError(t, src.Close()) }()
	out := pulled{values: map[string][]any{}, keys: map[string][]string{}}
	for _, s := range c.Streams {
		text := driver.Maps[s.Stream]
		if s.Map != "" {
			text, err = os.ReadFile(s.Map)
			require.NoError(t, err)
		}
		m, err := mapping.Parse(s.Stream, text)
		require.NoError(t, err)
		for _, b := range batches(t, src, s.Stream) {
			for _, row := range b.Rows {
				r := m.Apply(row.Fields)
				out.rows++
				if r.Filtered || r.Deleted || row.Op == connectors.Delete {
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

// batches are what a stream gives. After a failure that passes it is opened again where it stood, as the hub does.
func batches(t *testing.T, src connectors.Source, stream string) (out []connectors.Batch) {
	t.Helper()
	var position json.RawMessage
	for tries := 0; ; tries++ {
		err := src.Open(t.Context(), stream, position)
		for err == nil {
			var b connectors.Batch
			if b, err = src.Read(t.Context()); err == nil {
				out, position = append(out, b), b.Position
			}
		}
		if errors.Is(err, io.EOF) {
			return out
		}
		require.True(t, errs.Is(err, errs.Unavailable) && tries < 20, "%v", err)
	}
}

// Every record of every system arrives once, under the key that the truth knows it by, and means what the world says.
func TestEverySystemReadsThroughItsBuiltInMaps(t *testing.T) {
	sb := start(t, "")
	w := sb.World()
	truth := map[canonical.RecordKey]int{}
	for key, customer := range sb.Truth() {
		truth[key] = customer
	}
	for _, c := range connectionsOf(t, sb) {
		if !asked(c) {
			continue
		}
		got, met := pull(t, c), map[canonical.RecordKey]bool{}
		for stream, values := range got.values {
			for i, v := range values {
				customer, ok := v.(*canonical.Customer)
				if !ok {
					continue
				}
				key := canonical.RecordKey{Source: c.Name, ID: got.keys[stream][i]}
				at, known := truth[key]
				require.True(t, known, "%s %s", stream, key)
				require.False(t, met[key], "%s came twice", key)
				require.Equal(t, w.Customers[at].Kind, customer.Kind, "%s %s", stream, key)
				met[key] = true
			}
		}
		n := 0
		for key := range truth {
			if key.Source == c.Name {
				n++
			}
		}
		require.Len(t, met, n, "every record of %s arrives", c.Name)
		require.Equal(t, !slices.Contains([]string{"direct", "msfx", "partner"}, c.Name), n > 0, "%s knows customers", c.Name)
		require.Positive(t, got.rows, c.Name)
	}
}

func TestRecordsArriveWithTheirFields(t *testing.T) {
	sb := start(t, "")
	truth := map[canonical.RecordKey]world.Record{}
	for _, sys := range []world.System{world.ERP, world.SFA, world.Chain} {
		for r := range sb.World().Records(sys) {
			truth[canonical.RecordKey{Source: string(sys), ID: r.ID}] = r
		}
	}
	for _, c := range connectionsOf(t, sb) {
		got := pulled{}
		if c.Name == "erp" || c.Name == "sfa" || c.Name == "pharmacy" {
			got = pull(t, c)
		}
		for stream, values := range got.values {
			for i, v := range values {
				customer, ok := v.(*canonical.Customer)
				if !ok {
					continue
				}
				want := truth[canonical.RecordKey{Source: c.Name, ID: got.keys[stream][i]}]
				require.Equal(t, want.Customer.USCC, customer.USCC)
				require.Equal(t, want.Customer.BirthDate, customer.BirthDate)
				require.Equal(t, want.Customer.Title, customer.Title)
				require.Equal(t, want.Customer.Department, customer.Department)
			}
		}
	}
}

// Who complains does so about a lot that he received, and what the hospital hands out it has bought: the other systems tell
// of no goods that the ledgers do not account for.
func TestTheOtherSystemsFitTheLedgers(t *testing.T) {
	sb := start(t, "")
	w := sb.World()
	received := map[string]int{}
	for _, m := range w.Movements {
		if m.To >= 0 {
			received[w.Products[m.Product].Code+"|"+w.Lots[m.Lot].Number] += m.Quantity
		}
	}
	bought := map[string]canonical.Quantity{}
	for _, m := range w.Movements {
		lot := w.Products[m.Product].Code + "|" + w.Lots[m.Lot].Number
		if m.To == w.Hospital {
			bought[lot] += canonical.Units(int64(m.Quantity))
		}
	}
	complaints, used := 0, 0
	for _, c := range connectionsOf(t, sb) {
		if !asked(c) || slices.Contains([]string{"erp", "sfa", "pharmacy", "direct"}, c.Name) {
			continue
		}
		for stream, values := range pull(t, c).values {
			for _, v := range values {
				switch v := v.(type) {
				case *canonical.Complaint:
					complaints++
					require.Positive(t, received[v.Product+"|"+v.Lot], "%s %s", c.Name, stream)
				case *canonical.FlowLine:
					used++
					require.Equal(t, "hospital", c.Name, "no other system keeps books of the maker's goods")
					if v.Lot != "" {
						bought[v.Product.Code+"|"+v.Lot] -= v.Quantity
						require.GreaterOrEqual(t, bought[v.Product.Code+"|"+v.Lot], canonical.Quantity(0))
					}
				}
			}
		}
	}
	require.Positive(t, complaints)
	require.Positive(t, used)
}

// What the distributor with the database bought less what it sold is what lies in its stock, and every customer that it
// names is one that it may be told by.
func TestTheDatabaseBalances(t *testing.T) {
	sb := start(t, "")
	got := pull(t, connectionNamed(t, sb, "direct"))
	balance, last := map[string]canonical.Quantity{}, map[string]canonical.Quantity{}
	truth := map[canonical.RecordKey]int{}
	for key, customer := range sb.Truth() {
		truth[key] = customer
	}
	party := canonical.FlowSource(connectionNamed(t, sb, "direct").Party)
	for stream, sign := range map[string]canonical.Quantity{"purchases": 1, "sales": -1, "stock": 0} {
		require.NotEmpty(t, got.values[stream], stream)
		for _, v := range got.values[stream] {
			l := v.(*canonical.FlowLine)
			lot := l.Product.Code + "|" + l.Lot
			if l.Kind == canonical.Return {
				balance[lot] -= sign * l.Quantity
			} else {
				balance[lot] += sign * l.Quantity
			}
			if stream == "sales" {
				require.Contains(t, truth, canonical.RecordKey{Source: party, ID: l.Partner.Code})
			}
			if stream == "stock" && l.Date == sb.World().Config.Until {
				last[lot] = l.Quantity
			}
		}
	}
	for lot, rest := range balance {
		require.Equal(t, rest, last[lot], lot)
	}
}

// Every pack that is sent was made before, every pack that is booked in was sent to who books it in, what leaves the partner
// had come there, and all of that bears the lot that the ledgers tell.
func TestPacksGoWhereTheGoodsGo(t *testing.T) {
	sb := start(t, "")
	w := sb.World()
	lots := map[string]bool{}
	for _, l := range w.Lots {
		lots[w.Products[l.Product].Code+"|"+l.Number] = true
	}
	var all []*epcis.Event
	for name, stream := range map[string]string{"msfx": "codes", "partner": "events"} {
		for _, v := range pull(t, connectionNamed(t, sb, name)).values[stream] {
			all = append(all, v.(*epcis.Event))
		}
	}
	slices.SortStableFunc(all, func(a, b *epcis.Event) int { return a.Time.Compare(b.Time) })
	made, sent, came, seen := map[string]string{}, map[string]int{}, map[string]bool{}, map[string]int{}
	for _, e := range all {
		seen[e.BizStep]++
		inHouse := strings.Contains(string(e.Body), "distributor.example")
		for _, item := range e.Items {
			code, err := epcis.ParseCode(item.URI[max(0, len(item.URI)-20):])
			require.NoError(t, err)
			switch e.BizStep {
			case "commissioning":
				require.NotContains(t, made, code.Key)
				made[code.Key] = e.Lot
			case "shipping":
				if inHouse {
					require.True(t, came[code.Key], "%s left the partner", code.Key)
					continue
				}
				require.Equal(t, made[code.Key], e.Lot)
				sent[code.Key]++
				require.Equal(t, 1, sent[code.Key], "the maker sends a pack once")
			case "receiving":
				require.Equal(t, 1, sent[code.Key])
				came[code.Key] = came[code.Key] || inHouse
			}
		}
	}
	for _, step := range []string{"commissioning", "shipping", "receiving", "packing"} {
		require.Positive(t, seen[step], step)
	}
	boxes := 0
	for i, l := range w.Ledgers.MakerSales {
		packs, n := w.Packs(i), 0
		for _, p := range packs {
			require.Equal(t, 1, sent[p.Code], p.Code)
			n += p.Boxes
		}
		if w.Coded(l.Lot) {
			require.Equal(t, l.Quantity, n)
		}
		boxes += n
	}
	require.Positive(t, boxes)
}

// The support line posts every caller once, signed as the connection wants it; what is posted again is known.
func TestTheHotlinePosts(t *testing.T) {
	sb := start(t, "")
	c := connectionNamed(t, sb, "hotline")
	src := source(t, c)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	text, err := os.ReadFile(c.Streams[0].Map)
	require.NoError(t, err)
	m, err := mapping.Parse("callers", text)
	require.NoError(t, err)
	met, marks, refuse := map[string]int{}, map[string]bool{}, 2
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || refuse > 0 {
			refuse--
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		accepted, err := src.(connectors.Receiver).Judge(connectors.Posted{Header: r.Header, Body: body, At: now})
		if err != nil || r.URL.Path != "/in/hotline" {
			t.Errorf("%s: %v", r.URL.Path, err)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		known := false
		for _, mark := range accepted.Marks {
			known = known || marks[string(mark)]
			marks[string(mark)] = true
		}
		var rows []map[string]any
		if err := json.Unmarshal(body, &rows); err != nil || known {
			return
		}
		for _, row := range rows {
			res := m.Apply(row)
			if len(res.Issues) > 0 {
				t.Error(res.Issues)
				continue
			}
			met[res.Value.(*canonical.Customer).Code]++
		}
	}))
	defer hub.Close()
	require.NoError(t, sb.Push(t.Context(), hub.URL))
	require.NoError(t, sb.Push(t.Context(), hub.URL, "hotline"))
	require.NoError(t, sb.Push(t.Context(), "http://127.0.0.1:1", "erp"), "who is asked posts nothing")
	n := 0
	for key := range sb.Truth() {
		if key.Source == "hotline" {
			require.Equal(t, 1, met[key.ID], key)
			n++
		}
	}
	require.Len(t, met, n)
	require.Positive(t, n)
	hub.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.Error(t, sb.Push(ctx, hub.URL))
}

// The ERP keeps its orders from one start to the next.
func TestTheERPKeepsItsOrders(t *testing.T) {
	conf := sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Only: []string{"erp"}, Now: func() time.Time { return now }}
	first, err := sandbox.Start(t.Context(), conf)
	require.NoError(t, err)
	orders := first.Orders()
	require.Len(t, orders, 3)
	for _, o := range orders {
		require.Empty(t, o.Validate())
	}
	step := func(sb *sandbox.Sandbox, o canonical.OrderRequest) *connectors.Placed {
		src := source(t, connectionNamed(t, sb, "erp"))
		defer func() { require.NoError(t, src.Close()) }()
		pusher := src.(connectors.OrderTaker).Orders()
		at, err := pusher.FindOrder(t.Context(), o.Key)
		require.NoError(t, err)
		if at != nil && at.Done {
			return at
		}
		at, err = pusher.PushOrder(t.Context(), &o, at)
		require.NoError(t, err)
		return at
	}
	step(first, orders[0])
	require.NoError(t, first.Close())
	second, err := sandbox.Start(t.Context(), conf)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, second.Close()) })
	require.Equal(t, orders, second.Orders())
	for n := 0; !step(second, orders[0]).Done; n++ {
		require.Less(t, n, 3)
	}
	step(second, orders[1])
	bills, err := second.Bills()
	require.NoError(t, err)
	require.Len(t, bills, 2)
	require.Equal(t, []string{orders[0].Key, orders[1].Key}, []string{bills[0].Key, bills[1].Key})
	require.NotEqual(t, bills[0].Number, bills[1].Number)
}

func TestOnlyTheChosenSystemsRun(t *testing.T) {
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Only: []string{"county", "erp"}, Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	var names []string
	for _, c := range connectionsOf(t, sb) {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"erp", "county"}, names)
	answer, err := http.Get(sb.URL() + "/pharmacy/v1/stores")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
}

// The maker's books add up through connector and map: released − shipped + returned = stock, in boxes.
func TestTheMakersBooksBalanceThroughTheConnector(t *testing.T) {
	sb := start(t, "")
	got := pull(t, connectionNamed(t, sb, "erp"))
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
	dir := connectionNamed(t, sb, "flow").Settings["folder"].(string)
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
	dir := filepath.Join(filepath.Dir(connectionNamed(t, sb, "flow").Settings["folder"].(string)), sandbox.MasterFolder)
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
	for _, c := range connectionsOf(t, calm) {
		if !asked(c) {
			continue
		}
		want, got := pull(t, c), pull(t, connectionNamed(t, rough, c.Name))
		require.Equal(t, want.keys, got.keys, c.Name)
	}
}

func TestWhatCannotStart(t *testing.T) {
	clock := func() time.Time { return now }
	for code, c := range map[string]sandbox.Config{
		"connectors.faults":         {Faults: "gremlins", Now: clock},
		"connectors.world":          {Scale: -1, Now: clock},
		"connectors.sandbox_port":   {Scale: 0.02, Listen: "203.0.113.1:1", Now: clock},
		"connectors.sandbox_system": {Scale: 0.02, Only: []string{"erp", "kingdee"}, Now: clock},
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
