package connectortest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/rest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simrest"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// broken is a good source with one fault in it.
type broken struct {
	connectors.Source
	fault   string
	secret  string
	address *url.URL
	reads   int
	newest  time.Time
}

// kept holds what was forgotten, so that the garbage collector does not close it.
var kept []io.Closer

func (b *broken) Check(ctx context.Context) ([]connectors.Finding, error) {
	if b.fault == "ignores the caller" {
		ctx = context.WithoutCancel(ctx)
	}
	found, err := b.Source.Check(ctx)
	if b.fault == "two verdicts" {
		found = append(found, found...)
	}
	return found, err
}

func (b *broken) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	found, err := b.Source.Discover(ctx)
	for i := range found {
		switch b.fault {
		case "a field twice":
			found[i].Fields = append(found[i].Fields, found[i].Fields[0])
		case "a field less":
			found[i].Fields = slices.DeleteFunc(found[i].Fields, func(f connectors.Field) bool { return f.Name == "name" })
		}
	}
	return found, err
}

func (b *broken) Open(ctx context.Context, stream string, position json.RawMessage) error {
	b.reads = 0
	switch {
	case b.fault == "forgets a goroutine":
		go func() { select {} }()
	case b.fault == "forgets a file":
		f, err := os.Open(os.DevNull)
		if err != nil {
			return err
		}
		kept = append(kept, f)
	case b.fault == "forgets a connection":
		conn, err := net.Dial("tcp", b.address.Host)
		if err != nil {
			return err
		}
		kept = append(kept, conn)
	case b.fault == "takes any stream" && stream != "items":
		return nil
	case b.fault == "reads all again":
		position = nil
	case b.fault == "any position is the beginning":
		if err := b.Source.Open(ctx, stream, position); err == nil {
			return nil
		}
		position = nil
	}
	return b.Source.Open(ctx, stream, position)
}

func (b *broken) Read(ctx context.Context) (connectors.Batch, error) {
	switch b.fault {
	case "ignores the caller":
		ctx = context.WithoutCancel(ctx)
	case "an empty stream":
		return connectors.Batch{}, io.EOF
	}
	batch, err := b.Source.Read(ctx)
	b.reads++
	if err != nil && !errors.Is(err, io.EOF) {
		switch b.fault {
		case "leaks the password in errors":
			return batch, fmt.Errorf("login with %s: %w", b.secret, err)
		case "a failure is no rows":
			return batch, io.EOF
		}
		return batch, err
	}
	for i := range batch.Rows {
		row := &batch.Rows[i]
		if row.SourceTime.After(b.newest) {
			b.newest = row.SourceTime
		}
		switch name, _ := row.Fields["name"].(string); b.fault {
		case "one key for all rows":
			row.Key = "1"
		case "a field that nobody declared":
			row.Fields["surprise"] = "1"
		case "floats":
			row.Fields["gone"] = 0.5
		case "never the same":
			row.Fields["name"] = fmt.Sprint(time.Now().UnixNano())
		case "cuts long texts":
			row.Fields["name"] = name[:min(len(name), 4000)]
		case "deletes are passed over":
			row.Op = connectors.Upsert
		}
	}
	if b.fault == "follows the newest time" && err == nil {
		batch.Position = fmt.Appendf(nil, `{"v":1,"to":%q,"done":true}`, b.newest.Add(time.Hour).Format(time.RFC3339))
	}
	switch n := len(batch.Rows); {
	case b.fault == "positions ahead of rows" && n > 1:
		batch.Rows = batch.Rows[:n-1]
	case b.fault == "a page for each time" && b.reads > 1:
		return connectors.Batch{}, io.EOF
	case b.fault == "complete whatever happens":
		batch.SnapshotEnd = true
	}
	return batch, err
}

func (b *broken) Backfill(stream string, from, to time.Time) (json.RawMessage, error) {
	if b.fault == "a backfill reads on" {
		to = to.Add(24 * time.Hour)
	}
	return b.Source.(connectors.Backfiller).Backfill(stream, from, to)
}

// Settings with a mistake.
type (
	clear struct {
		rest.Settings
		Pin string `cfg:"admin_password" doc:"A password that is no Secret." doc_zh:"未按密钥处理的密码。"`
	}
	greedy struct {
		rest.Settings
		Tenant string `cfg:"tenant" doc:"What the released version did not ask for." doc_zh:"已发布版本没有要求的设置。" required:"true"`
	}
	frugal struct {
		Zone string `cfg:"zone" doc:"The only setting." doc_zh:"唯一的设置。"`
	}
)

// harness is that of the rest connector with the seeded fault.
func harness(name string) connectortest.Harness {
	driver := rest.Driver
	switch name {
	case "a password in clear":
		driver.Config = clear{}
	case "asks for more than it did":
		driver.Config = greedy{}
	case "needs nothing":
		driver.Config = frugal{}
	}
	driver.New = func(settings any, env connectors.Env) (connectors.Source, error) {
		s := settings.(rest.Settings)
		switch name {
		case "no overlap":
			s.Overlap = 0
		case "one failure is the end":
			s.Errors.Throttle, s.Errors.Retry, s.RetryBudget = nil, nil, time.Nanosecond
		case "forgets to log in again":
			s.Errors.Reauth = nil
		}
		src, err := rest.New(s, env)
		if err != nil {
			return nil, err
		}
		if name == "" {
			return src, nil
		}
		address, err := url.Parse(s.BaseURL)
		return &broken{Source: src, fault: name, secret: s.Auth.Password.Reveal(), address: address}, err
	}
	return connectortest.Harness{
		Driver: driver, Stream: "items", BaseURL: []string{"base_url"}, PageSize: "page_size", Text: "name",
		Wrong: map[string]any{"auth": map[string]any{"kind": "login", "path": "/login", "username": "u", "password": "wrong", "params": map[string]any{"pwd": "{password}"}}},
		Start: func(t *testing.T) *connectortest.System {
			paging := "keyset"
			if name == "places by number" {
				paging = "numbers"
			}
			s := simrest.New(paging, "login", now)
			srv := httptest.NewServer(fault.Transport{Faults: s.Faults, Now: s.Now, Delay: time.Hour}.Wrap(s))
			t.Cleanup(srv.Close)
			s.At(srv.URL)
			settings := s.Settings()
			if name == "follows the newest time" { // and asks without an upper bound
				delete(settings["streams"].(map[string]any)["items"].(map[string]any)["params"].(map[string]any), "to")
			}
			return &connectortest.System{Settings: settings, Faults: s.Faults, Now: s.Now, Advance: s.Advance, Fill: s.Fill, Touch: s.Touch, Remove: s.Remove, Write: s.Write, Before: s.BeforeQuery,
				Logins: func() int { n, _ := s.Logins(); return n }}
		},
		Passing: []fault.Name{fault.HTTP502, fault.Throttle}, Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.HTTP502},
	}
}

// TestSeeded is the suite over a connector with a fault; alone it runs the good one.
func TestSeeded(t *testing.T) { connectortest.Run(t, harness(connectortest.Seed())) }

// Each part of the suite fails when a connector makes the mistake that it is there to notice.
func TestTheSuiteNoticesEveryFault(t *testing.T) {
	for _, f := range connectortest.FaultsOf("connectors/connectortest") {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			connectortest.RequireNoticed(t, f)
		})
	}
}

// What is proved once for all connectors fails when the hub makes the mistake.
func TestTheProofsNoticeFaultsOfTheHub(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles parts of the product with a fault in each")
	}
	for _, f := range connectortest.Faults() {
		if f.Change.File != "" {
			t.Run(f.Name, func(t *testing.T) {
				t.Parallel()
				connectortest.RequireNoticed(t, f)
			})
		}
	}
}

// Each item was shown to fail, by a fault that its own proof notices.
func TestEveryItemHasASeededFault(t *testing.T) {
	shown := map[int]bool{}
	for _, f := range connectortest.Faults() {
		shown[f.Item] = true
		if f.Change.File == "" {
			continue
		}
		item := connectortest.Items()[f.Item-1]
		folder, test, _ := strings.Cut(f.Test, ".")
		test, _, _ = strings.Cut(test, "/")
		require.Equal(t, f.Item, item.Number)
		require.Contains(t, item.Tests, folder+"."+test, "%s: noticed by a test that does not prove the item", f.Name)
	}
	for _, item := range connectortest.Items() {
		require.True(t, shown[item.Number], "item %d was never shown to fail", item.Number)
	}
}
