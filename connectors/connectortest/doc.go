// Package connectortest is the acceptance suite of connectors: whatever speaks to a source system passes it.
//
// A connector's test gives a Harness that starts a simulated system, and calls Run. The suite checks the settings, the
// probe, the catalogue, reading and resuming, and the behaviour under every fault the system can play. A new rule for
// connectors goes in here, so that all of them learn it.
//
//	func TestConnector(t *testing.T) {
//		connectortest.Run(t, connectortest.Harness{Driver: driver, Start: start, Stream: "BD_Customer", …})
//	}
//
// What a released version promised is kept in testdata/released.json beside the connector's tests; `go test -update`
// rewrites it, and the difference is for the reviewer.
package connectortest
