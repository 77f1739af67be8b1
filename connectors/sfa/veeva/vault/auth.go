package vault

import (
	"context"
	"net/url"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/sfa/veeva"
)

// credentials are what calls carry, and the clients of the other hosts that a login needs.
func credentials(client *httpsource.Client, s Settings, env connectors.Env) (httpsource.Auth, []*httpsource.Client, error) {
	switch s.Auth {
	case "token":
		return httpsource.Fixed{Secret: s.AccessToken, Place: httpsource.Bearer}, nil, nil
	case "oauth":
		tokens, tokenPath := httpsource.Endpoint(s.TokenURL)
		idp, err := httpsource.New(s.options(tokens, env))
		if err != nil {
			return nil, nil, err
		}
		login, err := httpsource.New(s.options(s.LoginURL, env))
		if err != nil {
			return nil, nil, err
		}
		return holder(s, env.Now, func(ctx context.Context) (veeva.Session, error) {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret.Reveal()}, "scope": {s.Scope}}
			answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: idp, Path: tokenPath, Form: form, Now: env.Now})
			if err != nil {
				return veeva.Session{}, err
			}
			return veeva.LogIn(ctx, veeva.LoginRequest{
				Client: login, Path: "/auth/oauth/session/" + url.PathEscape(s.Profile), Bearer: answer.Value,
				Form: url.Values{"vaultDNS": {s.host()}, "client_id": {s.ClientID}},
			})
		}), []*httpsource.Client{idp, login}, nil
	}
	return holder(s, env.Now, func(ctx context.Context) (veeva.Session, error) {
		return veeva.LogIn(ctx, veeva.LoginRequest{
			Client: client, Path: "/api/" + s.Version + "/auth",
			Form: url.Values{"username": {s.User}, "password": {s.Password.Reveal()}, "vaultDNS": {s.host()}},
		})
	}), nil, nil
}

// holder keeps one session, of the vault that is configured: a user of several may be put into another one.
func holder(s Settings, now func() time.Time, logIn func(context.Context) (veeva.Session, error)) httpsource.Auth {
	return httpsource.Holder{Session: httpsource.NewSession(now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		session, err := logIn(ctx)
		if err != nil {
			return httpsource.Token{}, err
		}
		if where := elsewhere(s, session); where != "" {
			return httpsource.Token{}, &httpsource.Error{Class: httpsource.ConfigStop, Op: "login", Source: "Veeva Vault", Host: s.host(), Message: "the session is in another vault: " + where}
		}
		return httpsource.Token{Value: session.ID}, nil
	})}
}

// elsewhere names the vault that a session is in when it is not the one configured.
func elsewhere(s Settings, session veeva.Session) string {
	for _, p := range session.Places {
		if p.ID != session.Place {
			continue
		}
		u, err := url.Parse(p.URL)
		if s.VaultID == "" && err == nil && u.Host != "" && !strings.EqualFold(u.Host, s.host()) {
			return strings.TrimSpace(p.ID + " " + p.Name)
		}
	}
	if s.VaultID != "" && session.Place != s.VaultID {
		return session.Place
	}
	return ""
}

// host is the vault's DNS name.
func (s Settings) host() string {
	u, err := url.Parse(s.BaseURL)
	if err != nil {
		return ""
	}
	return u.Host
}
