package sap

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// authorise gives the client its credentials. login is the client of the token endpoint, nil where there is none.
func authorise(client *httpsource.Client, s Settings, env connectors.Env) (login *httpsource.Client, err error) {
	switch s.Auth {
	case "basic":
		client.SetAuth(httpsource.Fixed{Secret: connectors.NewSecret(pair(s.User, s.Password)), Place: httpsource.Place{Prefix: "Basic "}})
		return nil, nil
	case "api_key":
		client.SetAuth(httpsource.Fixed{Secret: s.APIKey, Place: httpsource.Place{Header: "APIKey"}})
		return nil, nil
	}
	host, path := httpsource.Endpoint(s.TokenURL)
	if login, err = httpsource.New(s.Options("SAP", host, env)); err != nil {
		return nil, err
	}
	client.SetAuth(httpsource.Holder{Place: httpsource.Bearer, Session: httpsource.NewSession(env.Now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{
			Client: login, Path: path, Form: url.Values{"grant_type": {"client_credentials"}}, Now: env.Now,
			Header: http.Header{"Authorization": {"Basic " + pair(s.ClientID, s.ClientSecret)}},
		})
		return answer.Token, err
	})})
	return login, nil
}

func pair(user string, secret connectors.Secret) string {
	return base64.StdEncoding.EncodeToString([]byte(user + ":" + secret.Reveal()))
}
