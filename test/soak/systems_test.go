package soak

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/world"
)

// systems are the simulated systems that speak HTTP.
var systems = []struct {
	connector string
	path      string                                                // where it is served
	start     func(t *testing.T, s *site) (http.Handler, []changer) // the simulator, and what changes in it
}{
	{"kingdee", "/kingdee/", kingdee},
	{"neocrm", "/neocrm/", neocrm},
	{"pharmacy", "/pharmacy/", pharmacy},
	{"dynamics365", "/dynamics/", dynamics},
	{"fxiaoke", "/fxiaoke/", fxiaoke},
	{"salesforce", "/salesforce/", salesforce},
	{"sap", "/s4hana/", sap},
	{"yonyou", "/yonbip/", yonyou},
	{"yonyou-u8", "/u8/", u8},
	{"fhir", "/fhir/", fhir},
	{"veeva-vault", "/vault/", vault},
	{"veeva-network", "/network/", network},
	{"rest", "/registry/", rest},
	{"epcis", "/epcis/", epcis},
	{"msfx", "/msfx/", msfx},
}

// site is what a simulator is made for. What stands behind the line, its start may set.
type site struct {
	world  *world.World
	now    func() time.Time // the system's clock
	clock  func() time.Time // the same, for simulators that put their clocks off themselves
	faults *fault.Set

	settings map[string]any    // of the connection: as the cast is reached
	maps     map[string]string // of streams that the connector has no map for
	mended   func()            // what people there do once a fault is over; nil: nothing
	buyer    string            // a customer to whom orders go; "": the system takes none
	orders   func() []string   // keys of the orders there
}

// takes says that the system takes orders of a customer.
func (s *site) takes(customer string, orders func() []string) { s.buyer, s.orders = customer, orders }

// among tells the rows that were there from the beginning, for lists of parties that report.
func among(key string, rows []row) func(row) bool {
	known := map[any]bool{}
	for _, r := range rows {
		known[r[key]] = true
	}
	return func(r row) bool { return known[r[key]] }
}

// holds tells the rows with one value in a column.
func holds(column string, value any) func(row) bool {
	return func(r row) bool { return r[column] == value }
}

// missing are the rows of a list that another has not.
func missing(before, after []row, key string) (out []row) {
	there := map[any]bool{}
	for _, r := range after {
		there[r[key]] = true
	}
	for _, r := range before {
		if !there[r[key]] {
			out = append(out, r)
		}
	}
	return out
}

// secret is a setting by which the cast is reached.
func secret(connector, setting string) string {
	return sandbox.Settings(connector, "")[setting].(string)
}

const milliseconds = "2006-01-02T15:04:05.000Z"

var china = time.FixedZone("+08:00", 8*3600)

func rowsOf(n int, row func(int) map[string]any) (out []map[string]any) {
	for i := range n {
		out = append(out, row(i))
	}
	return out
}

func quantity(r *rand.Rand, _ []row) any { return 1 + r.IntN(400) }

// in stamps rows in one column.
func in(column string, form func(time.Time) any) func(row, time.Time) {
	return func(r row, at time.Time) { r[column] = form(at) }
}

func text(layout string) func(time.Time) any {
	return func(at time.Time) any { return at.In(china).Format(layout) }
}

func utc(layout string) func(time.Time) any {
	return func(at time.Time) any { return at.UTC().Format(layout) }
}

func millis(at time.Time) any { return at.UnixMilli() }

// flag marks deleted rows in one column.
func flag(column string, value any) func(row) {
	return func(r row) { r[column] = value }
}
