package fxiaoke

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"tributary/connectors/httpsource"
)

// credentials put the token where the transport wants it. The platform asks for one login at a time, which is what a
// session gives, and answers the same token for most of its life.
type credentials struct {
	*httpsource.Session
	settings Settings
	tenant   atomic.Pointer[string] // the enterprise as the login named it: ea, or corpId
}

func newCredentials(c *httpsource.Client, s Settings, now func() time.Time) *credentials {
	a := &credentials{settings: s}
	a.Session = httpsource.NewSession(now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		answer, err := login(ctx, c, s)
		if err != nil {
			return httpsource.Token{}, err
		}
		a.tenant.Store(&answer.Tenant)
		return httpsource.Token{Value: answer.Token, Expires: now().Add(time.Duration(answer.Seconds) * time.Second)}, nil
	})
	return a
}

// Apply adds the token, logging in when there is none.
func (a *credentials) Apply(ctx context.Context, out *httpsource.Outgoing) (string, error) {
	t, err := a.Get(ctx)
	if err != nil {
		return "", err
	}
	trace(out.Query.Set)
	if a.settings.Auth == "corp_token" {
		out.Body, err = withToken(out.Body, t.Value, *a.tenant.Load(), a.settings.User)
		return t.Value, err
	}
	out.Header.Set("Authorization", "Bearer "+t.Value)
	out.Header.Set("X-Fs-Ea", *a.tenant.Load())
	out.Header.Set("X-Fs-Userid", a.settings.User)
	return t.Value, nil
}

// Refused drops the token.
func (a *credentials) Refused(stamp string) { a.Drop(stamp) }

// trace gives a call the id of its own by which the vendor finds it.
func trace(set func(key, value string)) { set("thirdTraceId", uuid.NewString()) }

// withToken adds the credentials to a body, which is a JSON object.
func withToken(body []byte, token, corp, user string) ([]byte, error) {
	head, err := json.Marshal(map[string]string{"corpAccessToken": token, "corpId": corp, "currentOpenUserId": user})
	if err != nil {
		return nil, err
	}
	return append(append(head[:len(head)-1], ','), bytes.TrimPrefix(body, []byte("{"))...), nil
}

// loginAnswer is what either token endpoint says, in one set of words.
type loginAnswer struct {
	Token, Tenant string
	Seconds       int
}

func login(ctx context.Context, c *httpsource.Client, s Settings) (loginAnswer, error) {
	form := map[string]string{"appId": s.AppID, "appSecret": s.AppSecret.Reveal(), "permanentCode": s.PermanentCode.Reveal()}
	path := "/cgi/corpAccessToken/get/V2"
	if s.Auth == "app_secret" {
		form["grantType"], path = "app_secret", "/oauth2.0/token"
	}
	body, err := json.Marshal(form)
	if err != nil {
		return loginAnswer{}, err
	}
	query := map[string][]string{}
	trace(func(key, value string) { query[key] = []string{value} })
	var out loginAnswer
	_, err = c.Do(ctx, httpsource.Request{
		Op: "login", Method: http.MethodPost, Path: path, Query: query, Body: body, Header: jsonHeader(), NoAuth: true,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			var e *httpsource.Error
			out, e = readLogin(r.Body, c.SourceNow())
			return e
		},
	})
	return out, err
}

func readLogin(body []byte, now time.Time) (loginAnswer, *httpsource.Error) {
	_, e := open(body, now)
	if e != nil {
		if e.Class == httpsource.Permanent && e.Kind == httpsource.Plain || e.Class == httpsource.ReauthOnce || e.Class == httpsource.Forbidden {
			e.Class = httpsource.ConfigStop // whatever a login is refused for, another try would be refused as well
		}
		return loginAnswer{}, e
	}
	var answer struct {
		AccessToken     string `json:"accessToken"`
		Ea              string `json:"ea"`
		CorpAccessToken string `json:"corpAccessToken"`
		CorpID          string `json:"corpId"`
		ExpiresIn       int    `json:"expiresIn"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return loginAnswer{}, httpsource.UnknownShape("login answer: %v", err)
	}
	out := loginAnswer{Token: answer.AccessToken + answer.CorpAccessToken, Tenant: answer.Ea + answer.CorpID, Seconds: answer.ExpiresIn}
	if out.Token == "" || out.Tenant == "" || out.Seconds <= 0 {
		return loginAnswer{}, httpsource.UnknownShape("a login answer needs a token, the enterprise and expiresIn")
	}
	return out, nil
}
