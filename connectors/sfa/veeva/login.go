package veeva

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// loginPause is the window in which logins of a user are counted.
const loginPause = time.Minute

// LoginRequest asks for a session.
type LoginRequest struct {
	Client *httpsource.Client
	Path   string
	Form   url.Values
	Bearer string // a token of an identity provider, to be exchanged for a session
}

// Session is the answer to a login. Places are the vaults or Network instances that the user may enter.
type Session struct {
	ID     string
	Place  string // the id of the one that the session is in; "" where the answer does not say
	Places []Place
}

// Place is a vault or a Network instance.
type Place struct {
	ID, Name string
	URL      string // of its API
}

// LogIn makes a session. Whatever a login is refused for, another try would be refused as well, and counts against the user:
// only limits and passing trouble are waited for.
func LogIn(ctx context.Context, r LoginRequest) (Session, error) {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	if r.Bearer != "" {
		header.Set("Authorization", "Bearer "+r.Bearer)
	}
	var out Session
	_, err := r.Client.Do(ctx, httpsource.Request{
		Op: "login", Method: http.MethodPost, Path: r.Path, Body: []byte(r.Form.Encode()), Header: header, NoAuth: true,
		Judge: func(resp *httpsource.Response) (e *httpsource.Error) {
			out, e = readSession(resp.Body)
			return e
		},
		JudgeStatus: func(resp *httpsource.Response) *httpsource.Error {
			if e := JudgeStatus(resp); e != nil {
				return refusedLogin(e)
			}
			if resp.Status == http.StatusUnauthorized || resp.Status == http.StatusForbidden {
				return &httpsource.Error{Class: httpsource.ConfigStop, Message: http.StatusText(resp.Status)}
			}
			return nil
		},
	})
	return out, err
}

func refusedLogin(e *httpsource.Error) *httpsource.Error {
	switch {
	case e.Class == httpsource.Throttle && e.Wait == 0:
		e.Wait = loginPause
	case e.Class == httpsource.Permanent && e.Kind == httpsource.Plain, e.Class == httpsource.Forbidden, e.Class == httpsource.ReauthOnce:
		e.Class = httpsource.ConfigStop
	}
	return e
}

func readSession(body []byte) (Session, *httpsource.Error) {
	if e := Judge(body); e != nil {
		return Session{}, refusedLogin(e)
	}
	type place struct {
		ID   any    `json:"id"`
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	var answer struct {
		SessionID  string  `json:"sessionId"`
		VaultID    any     `json:"vaultId"`
		VaultIDs   []place `json:"vaultIds"`
		NetworkID  any     `json:"networkId"`
		NetworkIDs []place `json:"networkIds"`
	}
	if err := httpsource.Decode(body, &answer); err != nil || answer.SessionID == "" {
		return Session{}, httpsource.UnknownShape("a login answer without sessionId")
	}
	out := Session{ID: answer.SessionID, Place: objectsource.Text(answer.VaultID) + objectsource.Text(answer.NetworkID)}
	for _, p := range append(answer.VaultIDs, answer.NetworkIDs...) {
		out.Places = append(out.Places, Place{ID: objectsource.Text(p.ID), Name: p.Name, URL: p.URL})
	}
	return out, nil
}
