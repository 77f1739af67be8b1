package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
)

// slowServer says on asked that a request came, and answers none of them.
func slowServer(t *testing.T, asked chan<- struct{}) string {
	var once sync.Once
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		once.Do(func() { close(asked) })
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// taken is an address where somebody else listens.
func taken(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l.Addr().String()
}

func TestConfiguredPortThatIsTakenIsNamed(t *testing.T) {
	address := taken(t)
	for key, text := range map[string]string{"http.listen": "http: {listen: \"" + address + "\"}", "kafka.listen": "kafka: {listen: \"" + address + "\"}"} {
		here := newInstallation(t)
		here.configure(text)
		for _, lang := range languages {
			a := here.run("serve", "--lang", lang)
			require.Equal(t, 3, a.code, a.err)
			for _, part := range []string{address, key} {
				require.Contains(t, a.err, part)
			}
		}
	}
}

func TestPortThatNobodyConfiguredGivesWay(t *testing.T) {
	address := taken(t)
	l, err := (&app{}).listen(context.Background(), address, true)
	require.NoError(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	got := l.Addr().(*net.TCPAddr).Port
	require.Greater(t, got, n)
	require.LessOrEqual(t, got, n+portTries)
}

func TestAddressesToListenOn(t *testing.T) {
	for address, code := range map[string]string{
		"127.0.0.1:0": "", "localhost:0": "", "[::1]:port": "hub.listen_address", "8080": "hub.listen_address", "127.0.0.1:70000": "hub.listen_address",
		"127.0.0.1:-1": "hub.listen_address", "0.0.0.0:0": "hub.not_loopback", ":0": "hub.not_loopback", "example.com:0": "hub.not_loopback",
	} {
		l, err := (&app{}).listen(context.Background(), address, false)
		require.Equal(t, code, errs.CodeOf(err), "%s: %v", address, err)
		if err == nil {
			require.NoError(t, l.Close())
		}
	}
	l, err := (&app{behindProxy: true}).listen(context.Background(), "0.0.0.0:0", false)
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = (&app{behindProxy: true}).listen(context.Background(), "192.0.2.1:0", false)
	require.Equal(t, "hub.cannot_listen", errs.CodeOf(err), "an address of another machine")
	require.Equal(t, 3, exitCode(err))
}

func TestServiceThatIsStoppedWhileItStartsEndsWithSuccess(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	here := newInstallation(t)
	here.configure("")
	a := here.runIn(ctx, "", "serve")
	require.Zero(t, a.code, a.err)
	a = here.runIn(ctx, "", "relay", "--once")
	require.Equal(t, 1, a.code, "a one-shot that was interrupted did not do its work")
}
