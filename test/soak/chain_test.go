package soak

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simfhir"
	"tributary/connectors/sandbox/simpharmacy"
	"tributary/connectors/sandbox/simrest"
	"tributary/connectors/sandbox/world"
)

func pharmacy(_ *testing.T, s *site) (http.Handler, []changer) {
	server := sandbox.NewPharmacy(s.world, s.now, s.faults)
	all := sandbox.PharmacyLists(s.world)
	made := func(name string) *list {
		return &list{name: name, rows: rowsOf(all[name].Len(), all[name].Row), publish: func(rows []row) { server.SetList(name, simpharmacy.List(rows)) }}
	}
	stores, sales := made("stores"), made("sales")
	stores.key, stores.vary, stores.stamp, stores.fixed = "code", "name", func(row, time.Time) {}, among("code", stores.rows)
	sales.key, sales.own, sales.vary, sales.stamp, sales.gone = "id", []string{"doc_no"}, "quantity", in("updated_at", text(time.RFC3339)), flag("deleted", true)
	return server, []changer{stores, sales}
}

func fhir(t *testing.T, s *site) (http.Handler, []changer) {
	_, key, err := sandbox.FHIRKey()
	require.NoError(t, err)
	server := simfhir.New(sandbox.FHIRServer("/fhir", key, s.now, s.faults), sandbox.FHIRTypes(s.world, world.SFA)...)
	var lists []changer
	for _, of := range sandbox.FHIRTypes(s.world, world.SFA) {
		if of.Name != "Organization" && of.Name != "MedicationDispense" {
			continue
		}
		l := &list{name: of.Name, rows: of.Rows(), key: "id", vary: "name", publish: func(rows []row) { server.SetRows(of.Name, rows) }}
		l.stamp = func(r row, at time.Time) {
			r["meta"] = row{"lastUpdated": at.In(china).Format("2006-01-02T15:04:05.000Z07:00"), "versionId": "2"}
		}
		if of.Name == "MedicationDispense" {
			l.vary, l.as = "quantity", func(r *rand.Rand, _ []row) any { return row{"unit": "盒", "value": 1 + r.IntN(9)} }
		}
		lists = append(lists, l)
	}
	return server, lists
}

// rest is the register of the cast behind a login: one without would never open again once its token changed.
func rest(_ *testing.T, s *site) (http.Handler, []changer) {
	server := simrest.New("token", "login", s.now())
	server.Faults = s.faults
	const password = "planted-secret-password-1"
	s.settings["auth"] = map[string]any{"kind": "login", "path": "/login", "username": "u", "password": password, "params": map[string]any{"usr": "{username}", "pwd": "{password}"}}
	s.maps = sandbox.Maps("rest")
	l := &list{name: "licences", rows: sandbox.RegistryRows(s.world), key: "id", vary: "holder", stamp: in("updated", utc(time.DateTime)), gone: flag("gone", 1), publish: server.SetRows}
	server.SetRows(l.rows)
	return http.StripPrefix("/registry", server), []changer{l}
}
