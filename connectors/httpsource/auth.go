package httpsource

import (
	"context"
	"net/http"
	"net/url"

	"tributary/connectors"
)

// Outgoing is a request about to be sent, for an Auth to complete.
type Outgoing struct {
	Method string
	Path   string // escaped, with the base address's
	Header http.Header
	Query  url.Values // added to the URL; never shown in messages
	Body   []byte     // what is sent, for systems that want their credentials or a signature in it
}

// Place is where a token goes.
type Place struct {
	Header string // "Authorization" when both are empty
	Param  string // a parameter of the URL instead of a header
	Prefix string // before the token, as "Bearer "
}

func (p Place) put(out *Outgoing, token string) {
	switch {
	case p.Param != "":
		out.Query.Set(p.Param, p.Prefix+token)
	case p.Header != "":
		out.Header.Set(p.Header, p.Prefix+token)
	default:
		out.Header.Set("Authorization", p.Prefix+token)
	}
}

// Bearer is the usual place of a token.
var Bearer = Place{Prefix: "Bearer "}

// Holder sends the token of a session with every request.
type Holder struct {
	Session *Session
	Place
}

// Apply adds the token, logging in when there is none.
func (a Holder) Apply(ctx context.Context, out *Outgoing) (string, error) {
	t, err := a.Session.Get(ctx)
	if err != nil {
		return "", err
	}
	a.put(out, t.Value)
	return t.Value, nil
}

// Refused drops the token.
func (a Holder) Refused(stamp string) { a.Session.Drop(stamp) }

// Fixed sends a secret that never changes: refused once, refused for good.
type Fixed struct {
	Secret connectors.Secret
	Place
}

// Apply adds the secret.
func (a Fixed) Apply(_ context.Context, out *Outgoing) (string, error) {
	a.put(out, a.Secret.Reveal())
	return "fixed", nil
}

// Refused has nothing to drop.
func (Fixed) Refused(string) {}
