// Package harness drives the built binary the way a person or a script does: an installation in a folder of its own,
// commands, background processes, what lies in Kafka, and the state that a consumer rebuilds from it.
//
//	harness.OnBothProfiles(t, harness.Options{}, func(t *testing.T, h *harness.Hub) {
//		h.OK("import", file, "--as", "customers", "--source", "erp")
//		h.OK("relay", "--once")
//		state := h.Log().State(t)
//	})
//
// The binary is bin/tributary of this checkout (make build), or the one that TRIBUTARY_BIN names.
package harness
