package sap

import (
	"context"
	"net/http"
	"strings"

	"tributary/connectors/httpsource"
)

// csrf is the header that carries the token against forged calls. The token is good only with the cookies that came with
// it, which the client's jar keeps.
const csrf = "X-Csrf-Token"

// fetchToken asks the service for a token. The answer may refuse the call and carry one all the same.
func (c *connection) fetchToken(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
	root, _ := cut(c.settings.Orders.EntitySet)
	h := c.header("application/json")
	h.Set(csrf, "Fetch")
	token := ""
	keep := func(r *httpsource.Response) {
		if given := r.Header.Get(csrf); given != "" && !strings.EqualFold(given, "Required") {
			token = given
		}
	}
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "fetch a CSRF token", Method: http.MethodGet, Path: root + "/", Header: h,
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error {
			if r.Status < 500 && r.Status != http.StatusUnauthorized {
				keep(r)
			}
			return failure(r)
		},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if keep(r); token == "" {
				return httpsource.UnknownShape("an answer without the CSRF token that was asked for")
			}
			return nil
		},
	})
	if token != "" {
		err = nil
	}
	return httpsource.Token{Value: token}, err
}

// write makes a call that changes something, with a fresh token once when SAP does not know the one it has.
func (c *connection) write(ctx context.Context, req httpsource.Request) error {
	for again := false; ; again = true {
		token, err := c.forms.Get(ctx)
		if err != nil {
			return httpsource.NotBegun(err)
		}
		required := false
		req.Header = c.header("application/json")
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(csrf, token.Value)
		req.JudgeStatus = func(r *httpsource.Response) *httpsource.Error {
			if r.Status == http.StatusForbidden && strings.EqualFold(r.Header.Get(csrf), "Required") {
				required = true
				return &httpsource.Error{Class: httpsource.Permanent, Message: "CSRF token validation failed", Unsent: true}
			}
			return failure(r)
		}
		_, err = c.client.Do(ctx, req)
		if !required {
			return err
		}
		c.forms.Drop(token.Value)
		if again {
			return err
		}
	}
}
