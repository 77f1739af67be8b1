package hub

import "time"

// Sample gives every figure a value, so that all of them are shown.
func (m *Metrics) Sample() {
	at := time.Unix(0, 0)
	m.pulled("erp", "BD_Customer", at, IngestReport{Runs: []RunReport{{Connection: "erp", Stream: "BD_Customer", Status: "done", FinishedAt: &at}}}, nil)
	env := m.sources.hub.env("erp")
	env.Waited(time.Second)
	env.Circuit(false)
	m.settled(SettleReport{})
}
