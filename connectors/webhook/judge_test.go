package webhook_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/webhook"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

const (
	secret = "s3cret-of-the-sender"
	body   = `{"id":"1"}`
)

// signedAt is the time of signing of the deliveries that openssl signed.
var signedAt = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// Signatures of body by openssl.
const (
	ofTimeAndBody = "5c36f590a460a0e2edaa8f987e7a5407d25228456f98053b508a88c497025f6f"
	ofBody        = "7d0e5f0082312d03b1f87de05af8f1aa4b3da6e7a62f67c5a2d8d634aa8ad05b"
	ofBodyBase64  = "fQ5fAIIxLQOx+H3gWvjxqks9puemL2fFotjWNKqK0Fs="
	ofSlack       = "f19b87a0a16a43eb2db39155a7cb9f111542dbbf339c5b5ff8a14e1ada1f1df5"
	ofID          = "tdbeMEZfJcDF86pyqbwmp0xH+oEdPNhlyIQzd75qACI=" // of msg_1.TIME.body by the bytes 0 to 15
)

func source(t *testing.T, change map[string]any) *webhook.Source {
	t.Helper()
	spec, err := connectors.SpecOf(webhook.Settings{})
	require.NoError(t, err)
	raw := map[string]any{"secret": secret, "streams": map[string]any{"orders": map[string]any{"key": []any{"id"}}}}
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := webhook.New(settings.(webhook.Settings), connectors.Env{Now: func() time.Time { return signedAt }})
	require.NoError(t, err)
	return src
}

// posted is a delivery with headers, "NAME: VALUE".
func posted(text string, headers ...string) connectors.Posted {
	h := http.Header{"Content-Type": {"application/json"}}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		h.Set(name, value)
	}
	return connectors.Posted{Header: h, Body: []byte(text), At: signedAt}
}

func TestSignaturesAsSendersWriteThem(t *testing.T) {
	t.Parallel()
	stripe := map[string]any{"signature": map[string]any{"header": "Stripe-Signature", "prefix": "v1=", "timestamp_prefix": "t="}}
	hubStyle := map[string]any{"signature": map[string]any{"header": "X-Hub-Signature-256", "prefix": "sha256=", "signed": "{body}"}}
	standard := map[string]any{"secret": "whsec_AAECAwQFBgcICQoLDA0ODw==", "id_header": "webhook-id",
		"signature": map[string]any{"header": "webhook-signature", "prefix": "v1,", "encoding": "base64", "signed": "{id}.{timestamp}.{body}", "timestamp_header": "webhook-timestamp", "secret_encoding": "base64"}}
	for name, c := range map[string]struct {
		settings map[string]any
		headers  []string
		good     bool
	}{
		"plain":                         {nil, []string{"X-Timestamp: 1741608000", "X-Signature: " + ofTimeAndBody}, true},
		"upper case":                    {nil, []string{"X-Timestamp: 1741608000", "X-Signature: " + strings.ToUpper(ofTimeAndBody)}, true},
		"another secret":                {map[string]any{"secret": "x"}, []string{"X-Timestamp: 1741608000", "X-Signature: " + ofTimeAndBody}, false},
		"the secret before":             {map[string]any{"secret": "x", "previous_secret": secret}, []string{"X-Timestamp: 1741608000", "X-Signature: " + ofTimeAndBody}, true},
		"another time":                  {nil, []string{"X-Timestamp: 1741608001", "X-Signature: " + ofTimeAndBody}, false},
		"no time":                       {nil, []string{"X-Signature: " + ofTimeAndBody}, false},
		"a time that is none":           {nil, []string{"X-Timestamp: noon", "X-Signature: " + ofTimeAndBody}, false},
		"no signature":                  {nil, []string{"X-Timestamp: 1741608000"}, false},
		"half a signature":              {nil, []string{"X-Timestamp: 1741608000", "X-Signature: " + ofTimeAndBody[:32]}, false},
		"not hex":                       {nil, []string{"X-Timestamp: 1741608000", "X-Signature: " + ofBodyBase64}, false},
		"sha256= over the body":         {hubStyle, []string{"X-Hub-Signature-256: sha256=" + ofBody}, true},
		"without its prefix":            {hubStyle, []string{"X-Hub-Signature-256: " + ofBody}, false},
		"t=,v1=":                        {stripe, []string{"Stripe-Signature: t=1741608000,v1=" + ofTimeAndBody + ",v0=00"}, true},
		"t=,v1= of two secrets":         {stripe, []string{"Stripe-Signature: t=1741608000,v1=" + ofBody + ",v1=" + ofTimeAndBody}, true},
		"v1= before t=":                 {stripe, []string{"Stripe-Signature: v1=" + ofTimeAndBody + ", t=1741608000"}, true},
		"t= missing":                    {stripe, []string{"Stripe-Signature: v1=" + ofTimeAndBody}, false},
		"v0= with colons":               {map[string]any{"signature": map[string]any{"header": "X-Slack-Signature", "prefix": "v0=", "signed": "v0:{timestamp}:{body}", "timestamp_header": "X-Slack-Request-Timestamp"}}, []string{"X-Slack-Request-Timestamp: 1741608000", "X-Slack-Signature: v0=" + ofSlack}, true},
		"standard webhooks":             {standard, []string{"webhook-id: msg_1", "webhook-timestamp: 1741608000", "webhook-signature: v1," + ofID}, true},
		"standard webhooks, two":        {standard, []string{"webhook-id: msg_1", "webhook-timestamp: 1741608000", "webhook-signature: v1," + ofBodyBase64 + " v1a,x v1," + ofID}, true},
		"standard webhooks, another id": {standard, []string{"webhook-id: msg_2", "webhook-timestamp: 1741608000", "webhook-signature: v1," + ofID}, false},
		"standard webhooks, no id":      {standard, []string{"webhook-timestamp: 1741608000", "webhook-signature: v1," + ofID}, false},
		"base64 of the body":            {map[string]any{"signature": map[string]any{"encoding": "base64", "signed": "{body}"}}, []string{"X-Signature: " + ofBodyBase64}, true},
		"base64 of the URL's alphabet":  {map[string]any{"signature": map[string]any{"encoding": "base64", "signed": "{body}"}}, []string{"X-Signature: " + strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(ofBodyBase64)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := source(t, c.settings).Judge(posted(body, c.headers...))
			if c.good {
				require.NoError(t, err)
				return
			}
			require.Equal(t, "webhook.signature", errs.CodeOf(err))
			_, err = source(t, c.settings).Judge(posted(body+" ", c.headers...))
			require.Equal(t, "webhook.signature", errs.CodeOf(err), "another body")
		})
	}
}

// A delivery is taken while its time of signing is within the tolerance of our clock, whichever of the two is fast.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	for off, good := range map[time.Duration]bool{0: true, 5 * time.Minute: true, -5 * time.Minute: true, 5*time.Minute + time.Second: false, -10 * time.Minute: false, 24 * 365 * time.Hour: false} {
		p := posted(body, "X-Timestamp: 1741608000", "X-Signature: "+ofTimeAndBody)
		p.At = signedAt.Add(off)
		_, err := source(t, nil).Judge(p)
		require.Equal(t, good, err == nil, off)
	}
}

// judge judges a delivery with the signature that it needs.
func judge(t *testing.T, settings map[string]any, p connectors.Posted) (connectors.Accepted, error) {
	t.Helper()
	sign(&p, secret)
	return source(t, settings).Judge(p)
}

func TestWhereADeliveryBelongs(t *testing.T) {
	t.Parallel()
	stream := func(values ...any) map[string]any { return map[string]any{"key": []any{"id"}, "values": values} }
	byField := map[string]any{"stream_field": "event.type", "ignore": []any{"ping", "test.*"}, "streams": map[string]any{"orders": stream("order.*"), "customers": stream("customer.created", "customer.updated"), "other": map[string]any{"key": []any{"id"}}}}
	byHeader := map[string]any{"stream_header": "X-Event", "streams": byField["streams"]}
	event := func(types ...string) string {
		var out []string
		for _, one := range types {
			out = append(out, `{"id":1,"event":{"type":"`+one+`"}}`)
		}
		return "[" + strings.Join(out, ",") + "]"
	}
	for name, c := range map[string]struct {
		settings map[string]any
		path     string
		headers  []string
		body     string
		streams  []string
		code     string
	}{
		"the only stream":            {body: body, streams: []string{"orders"}},
		"by address":                 {settings: byField, path: "customers", body: `{"id":1}`, streams: []string{"customers"}},
		"an address of no stream":    {settings: byField, path: "nothing", body: body, code: "webhook.no_stream"},
		"by field":                   {settings: byField, body: `{"event":{"type":"order.paid"}}`, streams: []string{"orders"}},
		"by its own name":            {settings: byField, body: `{"event":{"type":"other"}}`, streams: []string{"other"}},
		"of several streams":         {settings: byField, body: event("order.paid", "customer.updated", "order.sent", "ping"), streams: []string{"customers", "orders"}},
		"ignored":                    {settings: byField, body: event("ping", "test.hello")},
		"a value that nobody takes":  {settings: byField, body: event("order.paid", "customer.deleted"), code: "webhook.no_stream"},
		"without the field":          {settings: byField, body: body, code: "webhook.no_stream"},
		"by header":                  {settings: byHeader, headers: []string{"X-Event: customer.created"}, body: "not even JSON", streams: []string{"customers"}},
		"without the header":         {settings: byHeader, body: body, code: "webhook.no_stream"},
		"damaged, of the only one":   {body: `{"id":`, streams: []string{"orders"}},
		"damaged, of nobody":         {settings: byField, body: `{"id":`, code: "webhook.body"},
		"one good line among others": {settings: byField, headers: []string{"Content-Type: application/x-ndjson"}, body: "{\"id\n" + `{"event":{"type":"order.paid"}}` + "\n", streams: []string{"orders"}},
		"empty":                      {headers: []string{"Content-Type: application/x-ndjson"}, body: "\n \n", code: "webhook.empty"},
		"an empty list":              {body: "[]", code: "webhook.empty"},
		"a form":                     {headers: []string{"Content-Type: application/x-www-form-urlencoded"}, body: "payload=%7B%22id%22%3A1%7D&x=1", streams: []string{"orders"}},
		"JSON by another name":       {headers: []string{"Content-Type: application/cloudevents+json; charset=UTF-8"}, body: body, streams: []string{"orders"}},
		"XML":                        {headers: []string{"Content-Type: application/xml"}, body: body, code: "webhook.media_type"},
		"GBK":                        {headers: []string{"Content-Type: application/json; charset=gbk"}, body: body, code: "webhook.media_type"},
		"no media type":              {headers: []string{"Content-Type: "}, body: body, code: "webhook.media_type"},
		"compressed":                 {headers: []string{"Content-Encoding: gzip"}, body: body, code: "webhook.media_type"},
	} {
		t.Run(name, func(t *testing.T) {
			p := posted(c.body, c.headers...)
			p.Path = c.path
			got, err := judge(t, c.settings, p)
			require.Equal(t, c.code, errs.CodeOf(err), "%v", err)
			require.Equal(t, c.streams, got.Streams)
		})
	}
}

// A delivery is known again by what was signed, whichever secret signed it, and by its id in header or body.
func TestMarks(t *testing.T) {
	t.Parallel()
	marks := func(settings map[string]any, key, text string, headers ...string) map[string]bool {
		p := posted(text, headers...)
		sign(&p, key)
		got, err := source(t, settings).Judge(p)
		require.NoError(t, err)
		out := map[string]bool{}
		for _, m := range got.Marks {
			require.Len(t, m, 32)
			out[string(m)] = true
		}
		return out
	}
	shared := func(a, b map[string]bool) (n int) {
		for m := range a {
			if b[m] {
				n++
			}
		}
		return n
	}
	both := map[string]any{"previous_secret": "the one before", "id_field": "event"}
	a := marks(both, secret, `{"id":"1","event":"e1"}`, "X-Delivery-Id: d1")
	require.Len(t, a, 3)
	require.Equal(t, 3, shared(a, marks(both, "the one before", `{"id":"1","event":"e1"}`, "X-Delivery-Id: d1")))
	require.Equal(t, 1, shared(a, marks(both, secret, `{"id":"2","event":"e2"}`, "X-Delivery-Id: d1")), "the header's id")
	require.Equal(t, 1, shared(a, marks(both, secret, `{"id":"2","event":"e1"}`, "X-Delivery-Id: d2")), "the body's id")
	require.Equal(t, 0, shared(a, marks(both, secret, `{"id":"1","event":"d1"}`, "X-Delivery-Id: e1")), "ids of the two kinds are not mixed up")
}

func TestSettingsThatDoNotGoTogether(t *testing.T) {
	t.Parallel()
	spec, err := connectors.SpecOf(webhook.Settings{})
	require.NoError(t, err)
	for path, change := range map[string]map[string]any{
		"p.signature.signed":           {"signature": map[string]any{"signed": "{timestamp}"}},
		"p.signature.timestamp_header": {"signature": map[string]any{"timestamp_header": ""}},
		"p.secret":                     {"secret": "not base64!", "signature": map[string]any{"secret_encoding": "base64"}},
		"p.remember":                   {"remember": "9m"},
		"p.zone":                       {"zone": "Mars"},
		"p.streams":                    {"streams": map[string]any{"a/b": map[string]any{"key": []any{"id"}}}},
		"p.streams.orders.key":         {"streams": map[string]any{"orders": map[string]any{}}},
		"p.streams.orders.time_format": {"streams": map[string]any{"orders": map[string]any{"key": []any{"id"}, "time_format": "noon"}}},
		"p.id_header":                  {"id_header": "", "signature": map[string]any{"signed": "{id}{body}"}},
	} {
		raw := map[string]any{"secret": secret, "streams": map[string]any{"orders": map[string]any{"key": []any{"id"}}}}
		maps.Copy(raw, change)
		_, problems := spec.Parse("p", raw)
		require.Len(t, problems, 1, path)
		require.Equal(t, path, problems[0].Path)
		require.NotRegexp(t, `\{(path|value|name|encoding|tolerance)\}`, problems[0].Err.Text("zh"))
	}
}

// Whatever comes, judging neither fails otherwise than with a message nor takes what is not signed.
func FuzzJudge(f *testing.F) {
	f.Add(`[{"id":1},2,null]`, "application/json", "t=1741608000,v1="+ofTimeAndBody)
	f.Add("{\"id\":1}\n\xff\n", "application/x-ndjson", "")
	f.Add("payload=%7B%22id%22", "application/x-www-form-urlencoded", "v1,"+ofID)
	f.Fuzz(func(t *testing.T, text, media, signature string) {
		src := source(t, map[string]any{"stream_field": "type", "streams": map[string]any{"orders": map[string]any{"key": []any{"id"}, "rows": "data", "values": []any{"*"}}}})
		p := posted(text)
		p.Header.Set("Content-Type", media)
		p.Header.Set("X-Signature", signature)
		p.Header.Set("X-Timestamp", "1741608000")
		if _, err := src.Judge(p); err == nil {
			require.Contains(t, signature, ofTimeAndBody)
		}
		sign(&p, secret)
		if _, err := src.Judge(p); err != nil {
			require.Contains(t, []string{"webhook.media_type", "webhook.empty", "webhook.body", "webhook.no_stream"}, errs.CodeOf(err))
		}
	})
}
