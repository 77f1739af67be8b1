// Package api serves the hub over HTTP: health, metrics, and JSON reads of customers, traces and runs.
//
// Guarantees: handlers call only hub; personal fields are masked; a failure is application/problem+json with the
// catalogue code, its text and remedy in the reader's language (Accept-Language), never a library's message; /livez says
// that the process answers, /readyz that store and broker do.
//
//	handler := api.New(h, []api.Check{{Name: "store", Do: h.DB.Ping}}, metrics)
package api
