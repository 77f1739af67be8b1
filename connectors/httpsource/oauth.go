package httpsource

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// TokenRequest asks an OAuth 2 token endpoint.
type TokenRequest struct {
	Client  *Client
	Path    string
	Form    url.Values
	Header  http.Header // Authorization of clients that do not send their secret in the form
	Sign    bool        // the client's Auth completes every try, for assertions that must not be sent twice
	Now     func() time.Time
	Refused Class // of a refusal; ConfigStop when empty
}

// TokenAnswer is what such an endpoint says; Rest is what standards do not name.
type TokenAnswer struct {
	Token
	Rest map[string]any
}

// Endpoint cuts an address into the base for a client and the path for a request.
func Endpoint(address string) (base, path string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address, "" // a client says what is wrong with it
	}
	return u.Scheme + "://" + u.Host, u.EscapedPath()
}

// FetchToken gets a token. It decides by what the answer holds and not by its status: servers differ in the status of a
// refusal.
func FetchToken(ctx context.Context, r TokenRequest) (TokenAnswer, error) {
	if r.Refused == "" {
		r.Refused = ConfigStop
	}
	var answer map[string]any
	text := func(key string) string { s, _ := answer[key].(string); return s }
	judge := func(resp *Response) *Error {
		if e := ExpectJSON(resp.Body); e != nil {
			return e
		}
		answer = nil
		if err := Decode(resp.Body, &answer); err != nil {
			return UnknownShape("token answer: %v", err)
		}
		switch {
		case text("access_token") != "":
			return nil
		case text("error") != "":
			return &Error{Class: r.Refused, Code: text("error"), Message: text("error_description")}
		}
		return UnknownShape("token answer without access_token")
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	for k, v := range r.Header {
		header[k] = v
	}
	_, err := r.Client.Do(ctx, Request{
		Op: "login", Method: http.MethodPost, Path: r.Path, Body: []byte(r.Form.Encode()), NoAuth: !r.Sign, Header: header, Judge: judge,
		JudgeStatus: func(resp *Response) *Error {
			if resp.Status >= 500 || resp.Status == http.StatusTooManyRequests {
				return nil
			}
			if e := judge(resp); e != nil && e.Code != "" {
				return e
			}
			return nil
		},
	})
	if err != nil {
		return TokenAnswer{}, err
	}
	out := TokenAnswer{Token: Token{Value: text("access_token"), Refresh: text("refresh_token")}, Rest: answer}
	if n, ok := answer["expires_in"].(json.Number); ok {
		if seconds, err := n.Int64(); err == nil && seconds > 0 {
			out.Expires = r.Now().Add(time.Duration(seconds) * time.Second)
		}
	}
	return out, nil
}

// clockLeeway is how far clocks may differ without a proof that bears the time being refused for it.
const clockLeeway = 30 * time.Second

// ByItsClock calls a login whose proof bears the time. When it is refused, and the refusal is what told that the source's
// clock is another than was known, it is called once more: the credentials may be right and the time wrong.
func ByItsClock(c *Client, login func() (Token, error)) (Token, error) {
	known, _ := c.Skew()
	token, err := login()
	if told, _ := c.Skew(); ClassOf(err) == ConfigStop && (told-known).Abs() > clockLeeway {
		c.stopped.Store(nil)
		return login()
	}
	return token, err
}
