package httpsource

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/go-resty/resty/v2"
	"github.com/sony/gobreaker"
)

// Do makes the call, again as the classes of its failures ask for, within the retry budget. The error is an *Error, or
// the context's own.
func (c *Client) Do(ctx context.Context, req Request) (*Response, error) {
	pause := c.opts.Retry.within(ctx).pause(c.opts.Now)
	var resp *Response
	reauthed := false
	var attempt func() error
	attempt = func() error {
		if s := c.stopped.Load(); s != nil {
			return backoff.Permanent(s)
		}
		r, stamp, err := c.once(ctx, req)
		if err == nil {
			resp = r
			return nil
		}
		if ctx.Err() != nil {
			return backoff.Permanent(ctx.Err())
		}
		var e *Error
		if !errors.As(err, &e) {
			return backoff.Permanent(err)
		}
		var login loginError
		if errors.As(err, &login) {
			e.Unsent = true
		}
		if errors.As(err, &login) && e.Class != ConfigStop {
			return backoff.Permanent(e) // the login has had its own retries
		}
		switch e.Class {
		case Retry, Throttle:
			if e.Kind == CircuitOpen || req.Once && e.Class == Retry && !e.Unsent {
				return backoff.Permanent(e)
			}
			pause.hint = e.Wait
			return e
		case ReauthOnce:
			if !reauthed && !req.NoAuth && c.opts.Auth != nil {
				reauthed = true
				c.opts.Auth.Refused(stamp)
				return attempt()
			}
			e.Class = ConfigStop // fresh credentials were refused as well
		}
		if e.Class == ConfigStop {
			c.stopped.CompareAndSwap(nil, e)
		}
		return backoff.Permanent(e)
	}
	if err := backoff.Retry(attempt, backoff.WithContext(pause, ctx)); err != nil {
		return nil, err
	}
	return resp, nil
}

// loginError marks a failure to get credentials, as against one of the call itself.
type loginError struct{ error }

func (e loginError) Unwrap() error { return e.error }

// once is a single try: limit, credentials, breaker, transport, verdict.
func (c *Client) once(ctx context.Context, req Request) (*Response, string, error) {
	if l := c.limits[req.Scope]; l != nil {
		began := time.Now()
		err := l.Wait(ctx)
		c.opts.Waited(time.Since(began))
		if err != nil {
			if ctx.Err() != nil {
				return nil, "", ctx.Err()
			}
			e := c.fail(Throttle, Plain, req, "the configured rate leaves no room before the deadline", nil)
			e.Unsent = true
			return nil, "", e
		}
	}
	header := http.Header{}
	for k, v := range req.Header {
		header[k] = v
	}
	path, err := c.resolve(req)
	if err != nil {
		return nil, "", err
	}
	stamp := ""
	if c.opts.Auth != nil && !req.NoAuth {
		out := &Outgoing{Method: req.Method, Path: path.EscapedPath(), Header: header, Query: url.Values{}, Body: req.Body}
		if stamp, err = c.opts.Auth.Apply(ctx, out); err != nil {
			return nil, "", loginError{err}
		}
		if len(out.Query) > 0 {
			path = withQuery(path, out.Query)
		}
		req.Body = out.Body
	}
	out, err := c.breaker.Execute(func() (any, error) {
		resp, err := c.send(ctx, req, path, header)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err() // a caller's impatience says nothing about the source
			}
			return nil, err
		}
		if e := c.judge(req, resp); e != nil {
			return nil, e
		}
		return resp, nil
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		e := c.fail(Retry, CircuitOpen, req, "", nil)
		e.Unsent = true
		return nil, stamp, e
	}
	if err != nil {
		return nil, stamp, err
	}
	return out.(*Response), stamp, nil
}

// resolve makes the full URL. An absolute URL (a next link) must stay on the connection's host.
func (c *Client) resolve(req Request) (*url.URL, error) {
	base := c.base.Load()
	ref, err := url.Parse(req.Path)
	if err != nil {
		return nil, c.fail(Permanent, Shape, req, "a link that is not a URL", nil)
	}
	if !ref.IsAbs() && ref.Host == "" {
		joined := *base
		joined.Path = strings.TrimRight(base.Path, "/") + "/" + strings.TrimLeft(ref.Path, "/")
		joined.RawQuery = ref.RawQuery
		ref = &joined
	}
	if ref.Host != base.Host || ref.Scheme != base.Scheme {
		return nil, c.fail(Permanent, Shape, req, "a link to another host ("+ref.Host+")", nil)
	}
	if len(req.Query) > 0 {
		ref = withQuery(ref, req.Query)
	}
	return ref, nil
}

// withQuery is the address with more parameters. Those it has stay as they are written.
func withQuery(u *url.URL, more url.Values) *url.URL {
	out := *u
	if out.RawQuery != "" {
		out.RawQuery += "&"
	}
	out.RawQuery += more.Encode()
	return &out
}

func (c *Client) send(ctx context.Context, req Request, u *url.URL, header http.Header) (*Response, error) {
	r := c.http.R().SetContext(ctx)
	r.Header = header
	if req.Body != nil {
		r.SetBody(req.Body)
	}
	resp, err := r.Execute(req.Method, u.String())
	if err != nil {
		return nil, c.transport(req, err)
	}
	c.observeClock(resp.Header().Get("Date"))
	return &Response{Status: resp.StatusCode(), Header: resp.Header(), Body: resp.Body()}, nil
}

// transport names a failure without an answer. The URL is taken out of the text: its query may carry a token.
func (c *Client) transport(req Request, err error) *Error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		tlsErr  *tls.CertificateVerificationError
	)
	switch {
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return c.fail(Permanent, TooLarge, req, strconv.Itoa(c.opts.MaxBody)+" bytes", nil)
	case errors.Is(err, errRedirect):
		return c.fail(Permanent, Shape, req, err.Error(), nil)
	case errors.As(err, &unknown), errors.As(err, &invalid), errors.As(err, &name), errors.As(err, &tlsErr):
		e := c.fail(Permanent, Certificate, req, "", err)
		e.Unsent = true
		return e
	}
	e := c.fail(Retry, Unreachable, req, "", err)
	var dial *net.OpError
	e.Unsent = errors.As(err, &dial) && dial.Op == "dial"
	return e
}

func (c *Client) judge(req Request, resp *Response) *Error {
	if resp.Status < 200 || resp.Status > 299 {
		if req.JudgeStatus != nil {
			if e := req.JudgeStatus(resp); e != nil {
				return c.fill(e, req, resp)
			}
		}
		return c.fill(c.judgeStatus(resp), req, resp)
	}
	if req.Judge == nil {
		return nil
	}
	if e := req.Judge(resp); e != nil {
		return c.fill(e, req, resp)
	}
	return nil
}

func (c *Client) judgeStatus(resp *Response) *Error {
	e := &Error{Class: Permanent, Message: http.StatusText(resp.Status)}
	switch s := resp.Status; {
	case s == http.StatusUnauthorized:
		e.Class = ReauthOnce
	case s == http.StatusForbidden:
		e.Class = Forbidden
	case s == http.StatusTooManyRequests:
		e.Class, e.Wait = Throttle, RetryAfter(resp.Header, c.opts.Now())
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly:
		e.Class = Retry
	case s == http.StatusServiceUnavailable:
		e.Class, e.Wait = Retry, RetryAfter(resp.Header, c.opts.Now())
	case s >= 500:
		e.Class = Retry
	}
	return e
}

func (c *Client) fill(e *Error, req Request, resp *Response) *Error {
	e.Op, e.Source, e.Host, e.Status = req.Op, c.opts.Name, c.Host(), resp.Status
	return e
}

func (c *Client) observeClock(date string) {
	t, err := http.ParseTime(date)
	if err != nil {
		return
	}
	skew := t.Sub(c.opts.Now())
	if skew < 2*time.Second && skew > -2*time.Second {
		skew = 0 // below the precision of the header
	}
	c.skew.Store(int64(skew))
	c.skewed.Store(true)
}
