package httpsource

import (
	"context"
	"net/http"

	"tributary/connectors"
)

// Holder carries the token of a session in a header of every request.
type Holder struct {
	Session *Session
	Header  string // "Authorization" when empty
	Prefix  string // before the token, as "Bearer "
}

// Apply sets the header, logging in when there is no token.
func (a Holder) Apply(ctx context.Context, _, _ string, header http.Header) (string, error) {
	t, err := a.Session.Get(ctx)
	if err != nil {
		return "", err
	}
	name := a.Header
	if name == "" {
		name = "Authorization"
	}
	header.Set(name, a.Prefix+t.Value)
	return t.Value, nil
}

// Refused drops the token.
func (a Holder) Refused(stamp string) { a.Session.Drop(stamp) }

// Fixed carries a secret that never changes: refused once, refused for good.
type Fixed struct {
	Header string // "Authorization" when empty
	Prefix string // before the secret, as "Bearer "
	Secret connectors.Secret
}

// Apply sets the header.
func (a Fixed) Apply(_ context.Context, _, _ string, header http.Header) (string, error) {
	name := a.Header
	if name == "" {
		name = "Authorization"
	}
	header.Set(name, a.Prefix+a.Secret.Reveal())
	return "fixed", nil
}

// Refused has nothing to drop.
func (Fixed) Refused(string) {}
