package rest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// authenticate gives the client what the settings say.
func (c *connection) authenticate(env connectors.Env) error {
	a := c.api.Settings.Auth
	at := httpsource.Place{Header: a.Header, Param: a.Param, Prefix: a.Prefix}
	if at.Prefix == "" && at.Header == "" && at.Param == "" {
		at = httpsource.Bearer
	}
	switch a.Kind {
	case "basic":
		pair := base64.StdEncoding.EncodeToString([]byte(a.Username + ":" + a.Password.Reveal()))
		c.client.SetAuth(httpsource.Fixed{Secret: connectors.NewSecret(pair), Place: httpsource.Place{Prefix: "Basic "}})
	case "bearer":
		c.client.SetAuth(httpsource.Fixed{Secret: a.Token, Place: at})
	case "header", "query":
		c.client.SetAuth(httpsource.Fixed{Secret: a.Token, Place: httpsource.Place{Header: a.Header, Param: a.Param, Prefix: a.Prefix}})
	case "oauth2", "login":
		login, err := c.loginClient(env)
		if err != nil {
			return err
		}
		get := func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
			return c.login(ctx, login, env.Now)
		}
		c.client.SetAuth(httpsource.Holder{Session: httpsource.NewSession(env.Now, get), Place: at})
	}
	return nil
}

// loginClient is the client of the login: another one when it lies at another host.
func (c *connection) loginClient(env connectors.Env) (*httpsource.Client, error) {
	u, err := url.Parse(c.api.Settings.Auth.Path)
	if err != nil || !u.IsAbs() || u.Host == c.client.Host() {
		return c.client, nil
	}
	login, err := httpsource.New(c.api.Settings.Options(c.api.Name, u.Scheme+"://"+u.Host, env))
	if err == nil {
		c.clients = append(c.clients, login)
	}
	return login, err
}

func (c *connection) login(ctx context.Context, client *httpsource.Client, now func() time.Time) (httpsource.Token, error) {
	a := c.api.Settings.Auth
	if a.Kind == "oauth2" {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.ClientID}, "client_secret": {a.ClientSecret.Reveal()}}
		if a.Scope != "" {
			form.Set("scope", a.Scope)
		}
		answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: client, Path: a.Path, Form: form, Now: now})
		return answer.Token, err
	}
	filled, _ := values{"username": a.Username, "password": a.Password.Reveal(), "client_id": a.ClientID, "client_secret": a.ClientSecret.Reveal()}.fill(a.Params)
	params, _ := filled.(map[string]any)
	req := httpsource.Request{Op: "login", Method: http.MethodPost, Path: a.Path, NoAuth: true, Header: http.Header{"Accept": {"application/json"}}}
	if a.Send == "query" {
		req.Method = http.MethodGet
	}
	send(&req, a.Send, params)
	var token httpsource.Token
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		if e := httpsource.ExpectJSON(r.Body); e != nil {
			return e
		}
		raw, _ := httpsource.Locate(r.Body, a.Answer)
		var text any
		if json.Unmarshal(raw, &text) == nil && connectors.Scalar(text) != "" {
			token.Value = connectors.Scalar(text)
		} else if e := c.api.Settings.Errors.judge(r); e != nil && (e.Class == httpsource.Permanent || e.Class == httpsource.ReauthOnce) && e.Kind == httpsource.Plain {
			e.Class = httpsource.ConfigStop // the login was understood and refused
			return e
		} else if e != nil {
			return e
		} else {
			return httpsource.UnknownShape("a login without %s", a.Answer)
		}
		life, _ := httpsource.Locate(r.Body, a.Expires)
		if seconds, err := json.Number(textOf(life)).Int64(); err == nil && seconds > 0 {
			token.Expires = now().Add(time.Duration(seconds) * time.Second)
		}
		return nil
	}
	req.JudgeStatus = func(r *httpsource.Response) *httpsource.Error {
		switch r.Status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusBadRequest:
			return &httpsource.Error{Class: httpsource.ConfigStop, Message: http.StatusText(r.Status)}
		}
		return c.api.Settings.Errors.judgeStatus(r)
	}
	_, err := client.Do(ctx, req)
	return token, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}
