package neocrm

import (
	"context"
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

func fetchToken(ctx context.Context, login *httpsource.Client, form url.Values, now func() time.Time, moved func(string) error, refused httpsource.Class) (httpsource.Token, error) {
	answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: login, Path: tokenPath, Form: form, Now: now, Refused: refused})
	if err != nil {
		return httpsource.Token{}, err
	}
	if address, ok := answer.Rest["api_base_url"].(string); ok && address != "" {
		if err := moved(address); err != nil {
			return httpsource.Token{}, err
		}
	}
	return answer.Token, nil
}
