package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/internal/config"
	"tributary/test/secrets"
)

const (
	promised = 3 * time.Second
	crowd    = 2 * time.Second // many checks at once on a small machine
)

// Whatever is connected: a check ends within the time in which people look at a screen, or says within it whom it waits
// for; a system that is merely slow is found good, and one that says nothing keeps nobody who gives up.
func TestEveryConnectorAnswersACheckSoonOrSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	away := "  - {name: away, connector: files, settings: {url: \"ftp://127.0.0.1:1/in\", user: u, password: p}}\n"
	slow, silent := &cables{t: t, wait: promised + 500*time.Millisecond}, &cables{t: t, wait: time.Hour}
	type trial struct {
		how, name string
		here      installation
		checked
	}
	var trials []*trial
	for how, text := range map[string]string{"at once": sb.Config(), "slowly": slow.throughout(sb.Config()), "never": silent.throughout(sb.Config() + away)} {
		var connected []string
		conf, err := config.Parse("tributary.yaml", []byte(text), config.References{})
		require.NoError(t, err)
		for _, c := range conf.Connections {
			here := newInstallation(t)
			here.configure(text)
			trials, connected = append(trials, &trial{how: how, name: c.Name, here: here}), append(connected, c.Connector)
		}
		registry, err := builtin.Registry()
		require.NoError(t, err)
		require.Subset(t, connected, registry.Names(), "every connector is connected to something here")
	}
	var running sync.WaitGroup
	for _, r := range trials { // they wait, mostly
		running.Go(func() { r.checked = r.here.check(t.Context(), r.name, r.how != "never") })
	}
	running.Wait()
	for _, r := range trials {
		secrets.Check(t, r.name, r.out+r.err)
		require.Less(t, r.heard, promised+crowd, "%s %s: passed in silence\n%s%s", r.name, r.how, r.out, r.err)
		require.Equal(t, r.how != "never" || !r.said, r.code == 0, "%s %s: %s%s", r.name, r.how, r.out, r.err)
	}
}

// checked is what a check printed and how it went.
type checked struct {
	answer
	said  bool          // that an answer is waited for
	heard time.Duration // until that was said, or the check ended
}

// check checks a connection; without patience it ends when it is said that an answer is waited for.
func (i installation) check(ctx context.Context, name string, patience bool) (r checked) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var out bytes.Buffer
	began := time.Now()
	errOut := &watched{text: "waiting for an answer from " + name, seen: func() {
		if r.said, r.heard = true, time.Since(began); !patience {
			cancel()
		}
	}}
	r.code = run(ctx, []string{"--data", filepath.Join(i.dir, "data"), "--config", filepath.Join(i.dir, "tributary.yaml"), "--lang", "en", "connectors", "check", name}, strings.NewReader(""), &out, errOut)
	r.out, r.err = out.String(), errOut.String()
	if !r.said {
		r.heard = time.Since(began)
	}
	return r
}

// watched is an output that tells when a text was written to it.
type watched struct {
	bytes.Buffer
	text string
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(string(p), w.text) {
		w.seen()
	}
	return n, err
}

// cables stand between the hub and systems, and keep back what these say first on each connection.
type cables struct {
	t    *testing.T
	wait time.Duration
	by   map[string]string // where each system is reached through a cable
}

var addresses = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// throughout puts a cable before every system of a configuration.
func (c *cables) throughout(text string) string {
	c.by = map[string]string{}
	return addresses.ReplaceAllStringFunc(text, func(system string) string {
		if c.by[system] == "" {
			c.by[system] = c.before(system)
		}
		return c.by[system]
	})
}

func (c *cables) before(system string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(c.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	open.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() { c.carry(ctx, client, system) })
		}
	})
	c.t.Cleanup(func() {
		require.NoError(c.t, l.Close())
		cancel()
		open.Wait()
	})
	return l.Addr().String()
}

func (c *cables) carry(ctx context.Context, client net.Conn, system string) {
	defer client.Close()
	server, err := net.Dial("tcp", system)
	if err != nil { // nobody is there: the line is silent all the same
		<-ctx.Done()
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() { client.Close(); server.Close() })
	defer stop()
	var there sync.WaitGroup
	defer there.Wait()
	there.Go(func() { // what the hub says, until it hangs up
		_, _ = io.Copy(server, client)
		server.Close()
	})
	select {
	case <-time.After(c.wait):
	case <-ctx.Done():
	}
	_, _ = io.Copy(client, server)
	client.Close()
}

// Systems that say nothing are waited for beside each other, and hold up no report of the others.
func TestConnectionsAreCheckedBesideEachOther(t *testing.T) {
	t.Parallel()
	slow := &cables{t: t, wait: time.Second}
	sb, err := sandbox.Start(t.Context(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	here := newInstallation(t)
	here.configure(slow.throughout(sb.Config()))
	conf, err := config.Parse("tributary.yaml", []byte(sb.Config()), config.References{})
	require.NoError(t, err)
	began := time.Now()
	var got struct {
		Checks []struct {
			Connection string
			OK         bool
		}
	}
	r := here.run("connectors", "check", "--json")
	took := time.Since(began)
	require.NoError(t, json.Unmarshal([]byte(r.out), &got))
	require.Len(t, got.Checks, len(conf.Connections))
	for i, c := range got.Checks {
		require.Equal(t, conf.Connections[i].Name, c.Connection, "in the order of the configuration")
		require.True(t, c.OK, "%s: %s%s", c.Connection, r.out, r.err)
	}
	require.Less(t, took, time.Duration(len(got.Checks))*slow.wait/2, "one after the other")
}
