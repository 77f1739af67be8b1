package fhir

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// assertionLife is how long an assertion is good; servers take none beyond five minutes.
const assertionLife = 4 * time.Minute

// signs reports whether SMART knows signatures of such a key.
func signs(key crypto.Signer) bool {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return true
	case *ecdsa.PrivateKey:
		return key.Curve.Params().BitSize == 384
	}
	return false
}

// authorise gives the client its credentials. login is the client of the token endpoint, nil where there is none.
func authorise(client *httpsource.Client, s Settings, env connectors.Env) (*httpsource.Client, error) {
	switch s.Auth {
	case "basic":
		pair := base64.StdEncoding.EncodeToString([]byte(s.User + ":" + s.Password.Reveal()))
		client.SetAuth(httpsource.Fixed{Secret: connectors.NewSecret(pair), Place: httpsource.Place{Prefix: "Basic "}})
		return nil, nil
	case "bearer":
		client.SetAuth(httpsource.Fixed{Secret: s.Token, Place: httpsource.Bearer})
		return nil, nil
	case "none":
		return nil, nil
	}
	key, err := httpsource.PrivateKey(s.PrivateKey)
	if err != nil {
		return nil, err
	}
	host, _ := httpsource.Endpoint(s.BaseURL)
	if s.TokenURL != "" {
		host, _ = httpsource.Endpoint(s.TokenURL)
	}
	login, err := httpsource.New(s.Options("FHIR", host, env))
	if err != nil {
		return nil, err
	}
	a := &assertor{settings: s, key: key, login: login, endpoint: s.TokenURL}
	login.SetAuth(a)
	client.SetAuth(httpsource.Holder{Place: httpsource.Bearer, Session: httpsource.NewSession(env.Now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		if err := a.find(ctx, client); err != nil {
			return httpsource.Token{}, err
		}
		_, path := httpsource.Endpoint(a.endpoint)
		return httpsource.ByItsClock(login, func() (httpsource.Token, error) {
			answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: login, Path: path, Now: env.Now, Sign: true})
			return answer.Token, err
		})
	})})
	return login, nil
}

// assertor signs every try of a token request anew: an assertion that was seen before is refused.
type assertor struct {
	settings Settings
	key      crypto.Signer
	login    *httpsource.Client
	endpoint string // found by the first login, which the session makes one at a time
}

// find asks the server for its token endpoint.
func (a *assertor) find(ctx context.Context, client *httpsource.Client) error {
	if a.endpoint != "" {
		return nil
	}
	var answer struct {
		Endpoint string `json:"token_endpoint"`
	}
	_, err := client.Do(ctx, httpsource.Request{
		Op: "smart-configuration", Method: http.MethodGet, Path: "/.well-known/smart-configuration", Header: http.Header{"Accept": {"application/json"}}, NoAuth: true,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			if httpsource.Decode(r.Body, &answer) != nil || answer.Endpoint == "" {
				return httpsource.UnknownShape("a smart-configuration without token_endpoint")
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	host, _ := httpsource.Endpoint(answer.Endpoint)
	if err := a.login.Rebase(host); err != nil {
		return err
	}
	a.endpoint = answer.Endpoint
	return nil
}

// Apply writes the form of a token request.
func (a *assertor) Apply(_ context.Context, out *httpsource.Outgoing) (string, error) {
	text, err := httpsource.SignJWT(a.key, crypto.SHA384, a.settings.KeyID, map[string]any{
		"iss": a.settings.ClientID, "sub": a.settings.ClientID, "aud": a.endpoint, "exp": a.login.SourceNow().Add(assertionLife).Unix(), "jti": uuid.NewString(),
	})
	out.Body = []byte(url.Values{
		"grant_type": {"client_credentials"}, "scope": {a.settings.Scope}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {text},
	}.Encode())
	return "assertion", err
}

// Refused has nothing to drop.
func (*assertor) Refused(string) {}
