package hub

import "time"

// Sample gives every figure a value, so that all of them are shown.
func (m *Metrics) Sample() {
	at := time.Unix(0, 0)
	m.pulled(IngestReport{Runs: []RunReport{{Connection: "erp", Stream: "BD_Customer", Status: "done", FinishedAt: &at}}})
	m.settled(SettleReport{})
}
