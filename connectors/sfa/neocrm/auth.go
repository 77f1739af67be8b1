package neocrm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"tributary/connectors/httpsource"
)

const tokenPath = "/auc/oauth2/token"

// newSession logs in with the login client. A token is renewed by its refresh token once; when that fails, by password.
// The API's address, if the answer names one, goes to moved.
func newSession(login *httpsource.Client, s Settings, now func() time.Time, moved func(string) error) *httpsource.Session {
	return httpsource.NewSession(now, func(ctx context.Context, old httpsource.Token) (httpsource.Token, error) {
		if old.Refresh != "" {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {old.Refresh}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret.Reveal()}}
			if t, err := fetchToken(ctx, login, form, now, moved, httpsource.Permanent); err == nil {
				t.Refresh = "" // worked once; next time by password
				return t, nil
			}
		}
		form := url.Values{
			"grant_type": {"password"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret.Reveal()},
			"username": {s.Username}, "password": {s.Password.Reveal() + s.SecurityToken.Reveal()},
		}
		if s.RedirectURI != "" {
			form.Set("redirect_uri", s.RedirectURI)
		}
		return fetchToken(ctx, login, form, now, moved, httpsource.ConfigStop)
	})
}

// tokenAnswer decides by what it holds, not by its status: pods differ in the status of a refusal.
type tokenAnswer struct {
	AccessToken  string      `json:"access_token"`
	RefreshToken string      `json:"refresh_token"`
	ExpiresIn    json.Number `json:"expires_in"`
	APIBaseURL   string      `json:"api_base_url"`
	Error        string      `json:"error"`
	Description  string      `json:"error_description"`
}

func fetchToken(ctx context.Context, login *httpsource.Client, form url.Values, now func() time.Time, moved func(string) error, refused httpsource.Class) (httpsource.Token, error) {
	var answer tokenAnswer
	judge := func(r *httpsource.Response) *httpsource.Error {
		if e := httpsource.ExpectJSON(r.Body); e != nil {
			return e
		}
		answer = tokenAnswer{}
		if err := httpsource.Decode(r.Body, &answer); err != nil {
			return httpsource.UnknownShape("token answer: %v", err)
		}
		switch {
		case answer.AccessToken != "":
			return nil
		case answer.Error != "":
			return &httpsource.Error{Class: refused, Code: answer.Error, Message: answer.Description}
		}
		return httpsource.UnknownShape("token answer without access_token")
	}
	_, err := login.Do(ctx, httpsource.Request{
		Op: "login", Method: http.MethodPost, Path: tokenPath, Body: []byte(form.Encode()), NoAuth: true,
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Judge:  judge,
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error {
			if r.Status >= 500 || r.Status == http.StatusTooManyRequests {
				return nil
			}
			if e := judge(r); e != nil && e.Code != "" {
				return e
			}
			return nil
		},
	})
	if err != nil {
		return httpsource.Token{}, err
	}
	t := httpsource.Token{Value: answer.AccessToken, Refresh: answer.RefreshToken}
	if seconds, err := answer.ExpiresIn.Int64(); err == nil && seconds > 0 {
		t.Expires = now().Add(time.Duration(seconds) * time.Second)
	}
	if answer.APIBaseURL != "" {
		if err := moved(answer.APIBaseURL); err != nil {
			return httpsource.Token{}, err
		}
	}
	return t, nil
}
