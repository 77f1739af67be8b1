package httpsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/sony/gobreaker"
	"golang.org/x/time/rate"

	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/internal/trust"
)

// Options shape a client. Name, BaseURL and Now are needed; zero values of the rest are the defaults named.
type Options struct {
	Name     string // of the system, for messages
	BaseURL  string // http or https
	Now      func() time.Time
	Auth     Auth             // nil: none
	Timeout  time.Duration    // of one try; 60 s
	MaxBody  int              // bytes of one answer; 64 MiB
	Retry    RetryPolicy      //
	Breaker  BreakerPolicy    //
	Limits   map[string]Limit // calls per scope; the scope "" is for requests that name none; no entry: no limit
	CAFile   string           // PEM bundle to trust beside the system's
	Cookies  bool             // keep a cookie jar
	Redirect int              // redirects followed on the same host; 0: none

	Waited  func(time.Duration) // hears how long a call waited for its limit; nil: nobody
	Circuit func(open bool)     // hears that the circuit opens, or closes; nil: nobody
	Shared  *connectors.Shared  // clients of one base address that have it share limits and circuit; nil: its own
}

// Limit bounds the calls of a scope.
type Limit struct {
	PerSecond float64
	Burst     int // at least 1
}

// BreakerPolicy opens the circuit after Failures failed tries in a row (10) and probes again after Open (30 s).
type BreakerPolicy struct {
	Failures uint32
	Open     time.Duration
}

// Auth adds credentials to a request and hears when they were refused.
type Auth interface {
	// Apply completes a request. The stamp names the credentials used, so that Refused drops these and not newer ones.
	Apply(ctx context.Context, out *Outgoing) (stamp string, err error)
	// Refused forgets the credentials with the stamp.
	Refused(stamp string)
}

// Request is one call. Path is relative to the base URL, or absolute on the same host.
type Request struct {
	Op     string // for messages: "query BD_Customer"
	Method string
	Path   string
	Query  url.Values
	Header http.Header
	Body   []byte
	Scope  string // of the rate limit
	NoAuth bool   // login itself
	Once   bool   // a failure that may have done something is not followed by a second try
	// Judge looks at an answer with status 2xx and returns nil when it is a success. It sees bodies that carry an error
	// inside HTTP 200.
	Judge func(*Response) *Error
	// JudgeStatus replaces the default class of a status that is not 2xx; nil keeps the default.
	JudgeStatus func(*Response) *Error
}

// Response is an answer read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Client is one connection to one system.
type Client struct {
	opts    Options
	base    atomic.Pointer[url.URL]
	http    *resty.Client
	breaker *gobreaker.CircuitBreaker
	limits  map[string]*rate.Limiter
	stopped atomic.Pointer[Error]
	skew    atomic.Int64 // source clock − ours, nanoseconds
	skewed  atomic.Bool
}

// New makes a client. It does no I/O but reading the CA file.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if err != nil || base.Host == "" || (base.Scheme != "http" && base.Scheme != "https") {
		return nil, errs.New(errs.Invalid, "connectors.base_url", errs.Args{"source": o.Name})
	}
	tlsConfig, err := secure(o.CAFile)
	if err != nil {
		return nil, err
	}
	o.setDefaults()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = tlsConfig
	transport.MaxIdleConnsPerHost = 4
	rc := resty.New().SetTransport(transport).SetTimeout(o.Timeout).SetResponseBodyLimit(o.MaxBody).
		SetLogger(silent{}).SetDisableWarn(true).SetRedirectPolicy(sameHost(o.Redirect))
	rc.SetCookieJar(nil)
	if o.Cookies {
		jar, err := cookiejar.New(nil)
		if err != nil {
			return nil, fmt.Errorf("cookie jar: %w", err)
		}
		rc.SetCookieJar(jar)
	}
	c := &Client{opts: o, http: rc, limits: map[string]*rate.Limiter{}}
	c.base.Store(base)
	for scope, l := range o.Limits {
		c.limits[scope] = o.Shared.Get("limit "+o.BaseURL+" "+scope, func() any { return rate.NewLimiter(rate.Limit(l.PerSecond), max(l.Burst, 1)) }).(*rate.Limiter)
	}
	c.breaker = o.Shared.Get("circuit "+o.BaseURL, func() any { return newBreaker(o) }).(*gobreaker.CircuitBreaker)
	return c, nil
}

func newBreaker(o Options) *gobreaker.CircuitBreaker {
	return gobreaker.NewCircuitBreaker(gobreaker.Settings{
		Name: o.Name, MaxRequests: 1, Timeout: o.Breaker.Open,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= o.Breaker.Failures },
		IsSuccessful: func(err error) bool { return err == nil || ClassOf(err) != Retry },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to != gobreaker.StateHalfOpen {
				o.Circuit(to == gobreaker.StateOpen)
			}
		},
	})
}

func (o *Options) setDefaults() {
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.MaxBody == 0 {
		o.MaxBody = 64 << 20
	}
	if o.Breaker.Failures == 0 {
		o.Breaker.Failures = 10
	}
	if o.Breaker.Open == 0 {
		o.Breaker.Open = 30 * time.Second
	}
	if o.Waited == nil {
		o.Waited = func(time.Duration) {}
	}
	if o.Circuit == nil {
		o.Circuit = func(bool) {}
	}
	o.Retry.setDefaults()
}

// SetAuth sets the credentials of later requests; it is for authenticators that need the client to log in.
func (c *Client) SetAuth(a Auth) { c.opts.Auth = a }

// Host is host and port of the system.
func (c *Client) Host() string { return c.base.Load().Host }

// Rebase moves later calls to the address that the source named in answer to a login. It must lie in the site of the
// address configured (the same host, or a host under the same parent domain) or under one of the domains that belong to
// the system's maker.
func (c *Client) Rebase(address string, domains ...string) error {
	u, err := url.Parse(address)
	base := c.base.Load()
	inside := err == nil && sameSite(u.Hostname(), base.Hostname())
	for _, d := range domains {
		inside = inside || err == nil && strings.HasSuffix(u.Hostname(), "."+d) && strings.HasSuffix(base.Hostname(), "."+d)
	}
	if !inside || u.Host == "" || u.Scheme != base.Scheme {
		return c.fail(Permanent, Shape, Request{Op: "login"}, "the answer names an address outside the configured site", nil)
	}
	c.base.Store(u)
	return nil
}

func sameSite(a, b string) bool {
	if a == b {
		return true
	}
	if net.ParseIP(a) != nil || net.ParseIP(b) != nil {
		return false
	}
	_, parentA, _ := strings.Cut(a, ".")
	_, parentB, _ := strings.Cut(b, ".")
	return parentA == parentB && strings.Contains(parentA, ".")
}

// Close frees the idle connections.
func (c *Client) Close() { c.http.GetClient().CloseIdleConnections() }

// SourceNow is the time on the source's clock as its last answer told it, or our own before any answer. Upper bounds of
// runs come from it: with our clock ahead of the source's, rows would be stamped below a bound already passed.
func (c *Client) SourceNow() time.Time {
	return c.opts.Now().Add(time.Duration(c.skew.Load()))
}

// Skew is the source's clock minus ours, at a second's precision, once an answer carried a date.
func (c *Client) Skew() (time.Duration, bool) {
	return time.Duration(c.skew.Load()), c.skewed.Load()
}

func (c *Client) fail(class Class, kind FailureKind, req Request, message string, cause error) *Error {
	return &Error{Class: class, Kind: kind, Op: req.Op, Source: c.opts.Name, Host: c.Host(), Message: message, Cause: cause}
}

func secure(caFile string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	cfg.RootCAs = pool
	return cfg, trust.Add(pool, caFile)
}

var errRedirect = errors.New("redirect to another host or too often")

// sameHost follows n redirects as long as host and scheme stay: a redirect elsewhere would hand out credentials.
func sameHost(n int) resty.RedirectPolicy {
	return resty.RedirectPolicyFunc(func(r *http.Request, via []*http.Request) error {
		first := via[0].URL
		if len(via) > n || r.URL.Host != first.Host || r.URL.Scheme != first.Scheme {
			return errRedirect
		}
		return nil
	})
}

type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
