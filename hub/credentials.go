package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
)

// Every stream of a connection, every process and every sender logs in with the same credentials. Once its system has
// refused them, no one tries them again: a strict system locks the account after a few tries. A command or service that is
// started later does so once, for somebody may have mended the account, but after maxTries only a person's word counts
// (CheckConnection, PauseStreams). What was refused is kept as a fingerprint of the settings, with the secrets in them, so
// that mended settings or a mended secret go on at once.

// credentials is what is known of the settings of a connection.
type credentials struct {
	Proven  string    `json:"proven,omitempty"`  // fingerprint of the settings with which the system last answered
	Refused []refusal `json:"refused,omitempty"` // settings that it refused, newest last; processes may have different ones
}

// refusal is an answer of a system to settings.
type refusal struct {
	Settings string    `json:"settings"` // their fingerprint
	At       time.Time `json:"at"`
	Tries    int       `json:"tries"` // how often they were refused
	Why      string    `json:"why"`   // in the system's words
}

const (
	credentialsName = "credentials." // of a setting of the store, before the connection's name
	maxRefusals     = 8
	maxTries        = 3               // fewer than the five after which strict systems lock an account
	loginTurn       = 5 * time.Minute // how long a process may take to hear whether unproven settings are good
)

func (c credentials) refused(settings string) *refusal {
	if i := slices.IndexFunc(c.Refused, func(r refusal) bool { return r.Settings == settings }); i >= 0 {
		return &c.Refused[i]
	}
	return nil
}

// stands reports whether a process that began at a time has to believe the refusal.
func (r *refusal) stands(began time.Time) bool {
	return r != nil && (r.Tries >= maxTries || !r.At.Before(began))
}

// without is what is known but for the refusal of settings.
func (c credentials) without(settings string) credentials {
	c.Refused = slices.DeleteFunc(slices.Clone(c.Refused), func(r refusal) bool { return r.Settings == settings })
	return c
}

// login is the leave to log in to the system of a connection. It is not safe for concurrent use.
type login struct {
	config.Connection // with the settings that hold now
	hub               *Hub
	settings          string       // their fingerprint
	turn              *store.Lease // while it is not known whether they are good; nil: they were
}

// logIn gives leave to log in, or says that the system has refused the settings of the connection as they are. As long as
// nobody knows whether they are good, one process at a time tries them. The caller leaves.
func (h *Hub) logIn(ctx context.Context, c config.Connection) (*login, error) {
	l := &login{Connection: c, hub: h}
	if h.DB == nil {
		return l, nil
	}
	for {
		known, err := h.credentialsOf(ctx, c.Name)
		if err == nil {
			l.settings, err = h.fingerprint(l.Connection)
		}
		var refused *refusal
		if err == nil {
			refused, err = l.refused(known)
		}
		switch {
		case err != nil:
			return nil, errors.Join(err, l.giveBack(ctx))
		case refused != nil:
			return nil, errors.Join(errs.New(errs.Invalid, "connection.refused", errs.Args{"name": c.Name, "since": refused.At.UTC().Format(time.RFC3339), "why": refused.Why}), l.giveBack(ctx))
		case known.Proven == l.settings || l.turn != nil:
			return l, nil
		}
		if l.turn, err = h.DB.AcquireWait(ctx, "login/"+c.Name, loginTurn, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// refused finds the refusal of the settings. Before it believes it, it reads them again: a secret may have been changed
// where the configuration refers to.
func (l *login) refused(known credentials) (*refusal, error) {
	r := known.refused(l.settings)
	file := l.hub.Config.File()
	if !r.stands(l.hub.Began) {
		return nil, nil
	}
	if file == "" {
		return r, nil
	}
	fresh, err := config.Load(file)
	if err != nil { // half written, perhaps; what was read last still holds
		return r, nil
	}
	for _, c := range fresh.Connections {
		if c.Name == l.Name && c.Connector == l.Connector {
			l.Settings = c.Settings
		}
	}
	if l.settings, err = l.hub.fingerprint(l.Connection); err != nil {
		return nil, err
	}
	if r = known.refused(l.settings); !r.stands(l.hub.Began) {
		return nil, nil
	}
	return r, nil
}

// answered notes that the system has taken the settings.
func (l *login) answered(ctx context.Context) error {
	if l.turn == nil {
		return nil
	}
	if err := l.hub.noteAccepted(ctx, l.Name, l.settings); err != nil {
		return err
	}
	return l.giveBack(ctx)
}

// leave ends it with what came of it, and keeps that the settings were refused.
func (l *login) leave(ctx context.Context, err error) error {
	if l.hub.DB == nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if connectors.CredentialsRefused(errs.CodeOf(err)) {
		err = errors.Join(err, l.hub.noteRefused(ctx, l.Name, l.settings, whyOf(err)))
	}
	return errors.Join(err, l.giveBack(ctx))
}

func (l *login) giveBack(ctx context.Context) error {
	if l.turn == nil {
		return nil
	}
	turn := l.turn
	l.turn = nil
	return l.hub.DB.Release(ctx, turn)
}

// whyOf is why a system refused, in its own words.
func whyOf(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		if why, ok := e.Args["why"].(string); ok {
			return why
		}
	}
	return ""
}

// fingerprint tells settings apart without holding them: a keyed hash, whose key is not in the database.
func (h *Hub) fingerprint(c config.Connection) (string, error) {
	text, err := json.Marshal(c.Settings)
	if err != nil {
		return "", fmt.Errorf("fingerprint of the settings of %s: %w", c.Name, err)
	}
	return h.DB.Fingerprint(c.Connector, string(text)), nil
}

func (h *Hub) credentialsOf(ctx context.Context, connection string) (credentials, error) {
	text, err := h.DB.Setting(ctx, credentialsName+connection)
	if err != nil {
		return credentials{}, err
	}
	return parseCredentials(connection, text)
}

func parseCredentials(connection, text string) (out credentials, err error) {
	if text == "" {
		return out, nil
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return out, fmt.Errorf("read what is known of the credentials of %s: %w", connection, err)
	}
	return out, nil
}

// keepCredentials changes what is known of the settings of a connection.
func (h *Hub) keepCredentials(ctx context.Context, connection string, change func(credentials) credentials) error {
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		text, err := tx.Setting(ctx, credentialsName+connection)
		if err != nil {
			return err
		}
		known, err := parseCredentials(connection, text)
		if err != nil {
			return err
		}
		out, err := json.Marshal(change(known))
		if err != nil {
			return fmt.Errorf("keep what is known of the credentials of %s: %w", connection, err)
		}
		return tx.SetSetting(ctx, credentialsName+connection, string(out))
	})
}

func (h *Hub) noteAccepted(ctx context.Context, connection, settings string) error {
	return h.keepCredentials(ctx, connection, func(c credentials) credentials {
		c = c.without(settings)
		c.Proven = settings
		return c
	})
}

func (h *Hub) noteRefused(ctx context.Context, connection, settings, why string) error {
	return h.keepCredentials(ctx, connection, func(c credentials) credentials {
		now := refusal{Settings: settings, At: h.Now().UTC(), Tries: 1, Why: why}
		if before := c.refused(settings); before != nil {
			now.Tries += before.Tries
		}
		c = c.without(settings)
		if c.Proven == settings {
			c.Proven = ""
		}
		c.Refused = append(c.Refused, now)
		c.Refused = c.Refused[max(0, len(c.Refused)-maxRefusals):]
		return c
	})
}

// checked keeps what a check, which somebody asked for, has shown of the settings of a connection, and reports whether its
// system refused them.
func (h *Hub) checked(ctx context.Context, c config.Connection, found []connectors.Finding) (refused bool, err error) {
	settings, err := h.fingerprint(c)
	if err != nil {
		return false, err
	}
	fault := false
	for _, f := range found {
		if connectors.CredentialsRefused(f.Code) {
			why, _ := f.Args["why"].(string)
			return true, h.noteRefused(ctx, c.Name, settings, why)
		}
		fault = fault || f.Severity == connectors.Fault
	}
	known, err := h.credentialsOf(ctx, c.Name)
	if fault || err != nil || known.Proven == settings {
		return false, err
	}
	return false, h.noteAccepted(ctx, c.Name, settings)
}

// forgive lets connections whose credentials were refused try them once more, as a person said.
func (h *Hub) forgive(ctx context.Context, states []StreamState) error {
	done := map[string]bool{}
	for _, s := range states {
		if !s.Refused || done[s.Connection] {
			continue
		}
		done[s.Connection] = true
		if err := h.keepCredentials(ctx, s.Connection, func(credentials) credentials { return credentials{} }); err != nil {
			return err
		}
		if err := h.DB.InTx(ctx, func(tx *store.Tx) error {
			return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "connection.resume", Subject: s.Connection})
		}); err != nil {
			return err
		}
	}
	return nil
}

// refusedConnections are the configured connections whose settings, as this process has them, were refused.
func (h *Hub) refusedConnections(ctx context.Context) (map[string]bool, error) {
	known, err := h.DB.Settings(ctx, credentialsName)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	out := map[string]bool{}
	for _, c := range h.Config.Connections {
		text, ok := known[credentialsName+c.Name]
		if !ok {
			continue
		}
		one, err := parseCredentials(c.Name, text)
		if err != nil {
			return nil, err
		}
		settings, err := h.fingerprint(c)
		if err != nil {
			return nil, err
		}
		out[c.Name] = one.refused(settings) != nil
	}
	return out, nil
}
