package rest_test

import (
	"testing"

	"go.uber.org/goleak"

	"tributary/connectors/connectortest"
	"tributary/connectors/rest"
	"tributary/connectors/sandbox/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Every kind of paging and every kind of login passes the whole suite.
func TestConnector(t *testing.T) {
	for _, kind := range []struct{ paging, auth string }{{"link", "bearer"}, {"token", "login"}, {"page", "basic"}, {"offset", "oauth2"}, {"keyset", "header"}, {"link", "query"}} {
		t.Run(kind.paging+" "+kind.auth, func(t *testing.T) {
			passing := []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ClockFast, fault.ClockSlow}
			failing := []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.BadCredentials}
			switch kind.paging {
			case "link", "token":
				failing = append(failing, fault.DeadLocator)
			}
			if kind.paging != "page" {
				passing = append(passing, fault.ShortPage)
			}
			right := start(t, kind.paging, kind.auth).settings()["auth"].(map[string]any)
			wrong := map[string]any{}
			for k, v := range right {
				if k == "token" || k == "password" || k == "client_secret" {
					v = "wrong"
				}
				wrong[k] = v
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: rest.Driver, Stream: "items", BaseURL: []string{"base_url"}, Wrong: map[string]any{"auth": wrong}, PageSize: "page_size",
				Start:   func(t *testing.T) *connectortest.System { return start(t, kind.paging, kind.auth).system() },
				Passing: passing, Failing: failing,
			})
		})
	}
}
