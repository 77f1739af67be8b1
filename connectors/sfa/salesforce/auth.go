package salesforce

import (
	"context"
	"crypto"
	"net/url"
	"time"

	"tributary/connectors/httpsource"
)

const tokenPath = "/services/oauth2/token"

// assertionLife is how long a JWT is good; Salesforce takes none beyond five minutes.
const assertionLife = 3 * time.Minute

// newSession logs in with the login client; the address of the API, as the answer names it, goes to moved.
func newSession(login *httpsource.Client, s Settings, now func() time.Time, moved func(string) error) *httpsource.Session {
	logIn := func(ctx context.Context) (httpsource.Token, error) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret.Reveal()}}
		if s.Auth == "jwt" {
			text, err := assertion(s, login.SourceNow())
			if err != nil {
				return httpsource.Token{}, err
			}
			form = url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text}}
		}
		answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: login, Path: tokenPath, Form: form, Now: now})
		if err != nil {
			return httpsource.Token{}, err
		}
		if address, ok := answer.Rest["instance_url"].(string); ok && address != "" && s.InstanceURL == "" {
			if err := moved(address); err != nil {
				return httpsource.Token{}, err
			}
		}
		return answer.Token, nil
	}
	return httpsource.NewSession(now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		return httpsource.ByItsClock(login, func() (httpsource.Token, error) { return logIn(ctx) })
	})
}

// assertion is a signed JWT that names the user.
func assertion(s Settings, at time.Time) (string, error) {
	key, err := privateKey(s.PrivateKey)
	if err != nil {
		return "", err
	}
	audience := s.Audience
	if audience == "" {
		audience = s.LoginURL
	}
	return httpsource.SignJWT(key, crypto.SHA256, "", map[string]any{"iss": s.ClientID, "sub": s.Username, "aud": audience, "exp": at.Add(assertionLife).Unix()})
}
