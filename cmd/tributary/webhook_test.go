package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/servers"
)

const webhookConfig = `
connections:
  - name: crm
    connector: webhook
    settings:
      secret: planted-secret-webhook
      max_body: 4096
      streams:
        customers: {key: [id], time: updated_at, op: op}
    streams:
      - {stream: customers, map: customers.yaml}
`

const webhookMap = "entity: customer\nkey: [id]\nfields:\n  code: id\n  name: name\n  kind: {const: hospital}\n"

// webhookHub is an installation with a connection that receives.
func webhookHub(t *testing.T, config string) installation {
	here := newInstallation(t)
	here.write("customers.yaml", webhookMap)
	here.configure(config)
	return here
}

// serving starts the service and tells where it receives.
func (i installation) serving() (*process, string) {
	p := i.start("serve")
	return p, "http://" + p.line(`^API +http://([^/]+)/`) + "/in/crm"
}

// delivery is a request of a sender.
type delivery struct {
	url, body, media, id, secret string
	late                         time.Duration
}

func (d delivery) request(t *testing.T) *http.Request {
	stamp := strconv.FormatInt(time.Now().Add(-d.late).Unix(), 10)
	mac := hmac.New(sha256.New, []byte(d.secret))
	mac.Write([]byte(stamp + "." + d.body))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.url, strings.NewReader(d.body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", d.media)
	req.Header.Set("X-Timestamp", stamp)
	req.Header.Set("X-Signature", hex.EncodeToString(mac.Sum(nil)))
	if d.id != "" {
		req.Header.Set("X-Delivery-Id", d.id)
	}
	return req
}

func (d delivery) send(t *testing.T) (int, http.Header, string) {
	res, err := http.DefaultClient.Do(d.request(t))
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res.StatusCode, res.Header, string(body)
}

// good is a delivery of one customer.
func good(url string, i int) delivery {
	return delivery{url: url, media: "application/json", id: fmt.Sprint("d", i), secret: "planted-secret-webhook",
		body: fmt.Sprintf(`{"id":"C%d","updated_at":"2026-01-31T08:00:00Z","op":"updated","name":"第%d人民医院"}`, i, i)}
}

// arrived waits until the rows of so many customers are stored, and tells how many rows were read for them.
func (i installation) arrived(want int) (read int) {
	i.t.Helper()
	limit := time.Now().Add(patience)
	for {
		var runs struct {
			Runs []struct{ Read, Canonical int }
		}
		require.NoError(i.t, json.Unmarshal([]byte(i.ok("runs", "list", "--json").out), &runs))
		stored := 0
		read = 0
		for _, r := range runs.Runs {
			read, stored = read+r.Read, stored+r.Canonical
		}
		if stored >= want {
			require.Equal(i.t, want, stored)
			return read
		}
		require.True(i.t, time.Now().Before(limit), "only %d of %d rows arrived", stored, want)
		time.Sleep(200 * time.Millisecond)
	}
}

// The sender that the guide of the connector shows works as it stands there, in either language.
func TestTheSenderOfTheGuideWorks(t *testing.T) {
	t.Parallel()
	here := webhookHub(t, webhookConfig)
	a := here.run("connectors", "check", "crm")
	require.Zero(t, a.code, a.err)
	require.Contains(t, a.out, "Nothing has come to http://")
	p, url := here.serving()
	for _, lang := range []string{"en", "zh"} {
		guide, err := os.ReadFile("../../connectors/webhook/setup." + lang + ".md")
		require.NoError(t, err)
		script := regexp.MustCompile("(?s)```sh\n(.*?)```").FindSubmatch(guide)
		require.NotNil(t, script)
		text := strings.ReplaceAll(string(script[1]), `"id":"42"`, `"id":"`+lang+`"`)
		cmd := exec.Command("sh", "-e", "-c", text)
		cmd.Env = append(os.Environ(), "URL="+url, "SECRET=planted-secret-webhook")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
		time.Sleep(1100 * time.Millisecond) // its id has the second in it
	}
	require.Equal(t, 2, here.arrived(2))
	require.Contains(t, here.ok("connectors", "check", "crm").out, "✓ Senders post to")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
}

func TestWhatSendersAreAnswered(t *testing.T) {
	t.Parallel()
	here := webhookHub(t, strings.Replace(webhookConfig, "max_body: 4096", "max_body: 4096\n      max_waiting: 3", 1))
	here.ok("connectors", "pause", "crm") // what comes waits
	p, url := here.serving()
	change := func(f func(*delivery)) delivery {
		d := good(url, 1)
		f(&d)
		return d
	}
	for name, c := range map[string]struct {
		d      delivery
		status int
		code   string
	}{
		"another secret":       {change(func(d *delivery) { d.secret = "x" }), 401, "webhook.signature"},
		"a clock that is late": {change(func(d *delivery) { d.late = 10 * time.Minute }), 401, "webhook.signature"},
		"a clock that is fast": {change(func(d *delivery) { d.late = -10 * time.Minute }), 401, "webhook.signature"},
		"unsigned and large":   {change(func(d *delivery) { d.body, d.secret = strings.Repeat("x", 5000), "x" }), 413, "webhook.too_large"},
		"XML":                  {change(func(d *delivery) { d.media = "text/xml" }), 415, "webhook.media_type"},
		"no row":               {change(func(d *delivery) { d.body = "[]" }), 400, "webhook.empty"},
		"no such stream":       {change(func(d *delivery) { d.url += "/orders" }), 422, "webhook.no_stream"},
		"no such connection":   {change(func(d *delivery) { d.url += "x" }), 404, "api.no_route"},
	} {
		status, header, body := c.d.send(t)
		require.Equal(t, c.status, status, "%s: %s", name, body)
		require.Equal(t, "application/problem+json", header.Get("Content-Type"), name)
		require.Contains(t, body, c.code, name)
		if status == http.StatusUnauthorized {
			require.NotRegexp(t, `(?i)time|clock is|fits|off by|secrets`, strings.Split(body, `"hint"`)[0], "nothing about why")
		}
	}
	res, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)

	for i := range 3 {
		status, _, _ := good(url+"/customers", i).send(t)
		require.Equal(t, http.StatusAccepted, status)
	}
	status, header, _ := good(url, 3).send(t)
	require.Equal(t, http.StatusTooManyRequests, status, "so much waits")
	require.NotEmpty(t, header.Get("Retry-After"))
	status, _, _ = good(url, 2).send(t)
	require.Equal(t, http.StatusOK, status, "a repetition is no burden")
	here.ok("connectors", "resume", "crm")
	here.arrived(3)
	status, _, _ = good(url, 3).send(t)
	require.Equal(t, http.StatusAccepted, status, "once there is room again")
	here.arrived(4)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
	require.Contains(t, p.stderr(), "the time of signing is off by", "the log says what the sender is not told")
	require.NotContains(t, p.stderr(), "planted-secret-webhook")
}

// What was answered survives a kill, is known again after it, and arrives once.
func TestADeliverySurvivesAKill(t *testing.T) {
	t.Parallel()
	here := webhookHub(t, webhookConfig)
	for round := range 3 {
		p, url := here.serving()
		var sent []*http.Request
		for i := range 5 {
			d := good(url, 10*round+i)
			sent = append(sent, d.request(t))
			status, _, body := d.send(t)
			require.Equal(t, http.StatusAccepted, status, body)
		}
		time.Sleep(time.Duration(round) * 1200 * time.Millisecond) // before, while and after they are read
		p.signal(syscall.SIGKILL)
		p.wait()
		require.Len(t, sent, 5)
	}
	p, url := here.serving()
	require.Equal(t, 15, here.arrived(15), "each was read once")
	for i := range 5 {
		status, _, _ := good(url, i).send(t)
		require.Equal(t, http.StatusOK, status, "ids are remembered")
	}
	here.arrived(15)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
}

// A storm of repetitions makes each row once.
func TestAStormOfRepetitions(t *testing.T) {
	t.Parallel()
	here := webhookHub(t, webhookConfig)
	p, url := here.serving()
	const deliveries, senders = 20, 8
	var kept, known atomic.Int32
	var all sync.WaitGroup
	for s := range senders {
		all.Go(func() {
			for i := range deliveries {
				req := good(url, (i+s)%deliveries).request(t)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				switch res.StatusCode {
				case http.StatusAccepted:
					kept.Add(1)
				case http.StatusOK:
					known.Add(1)
				default:
					t.Errorf("status %d", res.StatusCode)
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, deliveries, kept.Load())
	require.EqualValues(t, deliveries*(senders-1), known.Load())
	require.Equal(t, deliveries, here.arrived(deliveries), "each was read once")
	bad := good(url, 99)
	bad.body = `[{"id":"C99","updated_at":"2026-01-31T08:00:00Z","name":"好行"},{"name":"无主键"},{"id":"C98","updated_at":"noon","name":"无时间"}]`
	status, _, _ := bad.send(t)
	require.Equal(t, http.StatusAccepted, status)
	require.Equal(t, deliveries+3, here.arrived(deliveries+1))
	quarantine := here.ok("quarantine", "list", "--json").out
	require.Contains(t, quarantine, "无主键")
	require.Contains(t, quarantine, "无时间")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
	require.False(t, bytes.Contains([]byte(p.stderr()), []byte("planted-secret-webhook")))
}

// Two hubs on one database take deliveries for each other: one delivery at both doors is one, and what one of them was told
// before it was killed the other stores.
func TestTwoHubsReceiveForOneAnother(t *testing.T) {
	t.Parallel()
	broker := servers.Kafka(t)
	config := fmt.Sprintf("%s\ncompany: {name: 本公司, code: %s, source: erp}\nstore: {url: %q}\nkafka: {brokers: [%q], partitions: 1}\nauth: {local_role: admin}\n",
		webhookConfig, strings.ToUpper(servers.Name(t)), servers.PostgresSchema(t), broker)
	first, second := webhookHub(t, config), webhookHub(t, config)
	first.ok("runs", "list") // makes the key ring
	ring, err := os.ReadFile(filepath.Join(first.dir, "data", "keyring.json"))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(second.dir, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(second.dir, "data", "keyring.json"), ring, 0o600))
	p1, url1 := first.serving()
	p2, url2 := second.serving()
	const n = 12
	var kept atomic.Int32
	var all sync.WaitGroup
	for i := range n {
		for _, url := range []string{url1, url2} {
			all.Go(func() {
				status, _, body := good(url, i).send(t)
				switch status {
				case http.StatusAccepted:
					kept.Add(1)
				case http.StatusOK:
				default:
					t.Errorf("status %d: %s", status, body)
				}
			})
		}
	}
	all.Wait()
	require.EqualValues(t, n, kept.Load())
	p1.signal(syscall.SIGKILL)
	p1.wait()
	require.Equal(t, n, second.arrived(n), "each was read once")
	p2.signal(syscall.SIGTERM)
	require.Zero(t, p2.wait(), p2.stderr())
}
