package rest_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/rest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simrest"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

func system(t *testing.T, paging, auth string) *connectortest.System {
	t.Helper()
	s := simrest.New(paging, auth, now)
	srv := httptest.NewServer(fault.Transport{Faults: s.Faults, Now: s.Now, Delay: time.Hour}.Wrap(s))
	t.Cleanup(srv.Close)
	s.At(srv.URL)
	out := &connectortest.System{Settings: s.Settings(), Faults: s.Faults, Now: s.Now, Advance: s.Advance, Fill: s.Fill, Touch: s.Touch, Remove: s.Remove, Write: s.Write, Before: s.BeforeQuery}
	if _, has := s.Logins(); has {
		out.Logins = func() int { n, _ := s.Logins(); return n }
	}
	return out
}

// Every kind of paging and every kind of login passes the whole suite.
func TestConnector(t *testing.T) {
	for _, kind := range []struct{ paging, auth string }{{"link", "bearer"}, {"token", "login"}, {"page", "basic"}, {"offset", "oauth2"}, {"keyset", "header"}, {"link", "query"}} {
		t.Run(kind.paging+" "+kind.auth, func(t *testing.T) {
			passing := []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.ClockFast, fault.ClockSlow}
			failing := []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.BadCredentials}
			switch kind.paging {
			case "link", "token":
				failing = append(failing, fault.DeadLocator, fault.SamePage)
			}
			if kind.paging != "page" {
				passing = append(passing, fault.ShortPage)
			}
			right := system(t, kind.paging, kind.auth).Settings["auth"].(map[string]any)
			wrong := map[string]any{}
			for k, v := range right {
				if k == "token" || k == "password" || k == "client_secret" {
					v = "wrong"
				}
				wrong[k] = v
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: rest.Driver, Stream: "items", BaseURL: []string{"base_url"}, Wrong: map[string]any{"auth": wrong}, PageSize: "page_size",
				Start:   func(t *testing.T) *connectortest.System { return system(t, kind.paging, kind.auth) },
				Passing: passing, Failing: failing, Text: "name",
			})
		})
	}
}
