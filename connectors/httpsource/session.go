package httpsource

import (
	"context"
	"time"
)

// Session holds the session or token of one connection. However many calls need a new one at once, one login is made.
type Session struct {
	login func(ctx context.Context, old Token) (Token, error)
	now   func() time.Time
	slot  chan struct{} // a mutex that a context can give up on
	token Token
}

// Token is what a login gave.
type Token struct {
	Value   string
	Refresh string    // to renew with; may be empty
	Expires time.Time // zero: unknown
}

// NewSession makes a holder. login gets the dropped or expired token (zero at first) and makes a new one; it must return
// an *Error of class ConfigStop when the credentials are wrong.
func NewSession(now func() time.Time, login func(ctx context.Context, old Token) (Token, error)) *Session {
	return &Session{login: login, now: now, slot: make(chan struct{}, 1)}
}

// Get is the token, made now if there is none. A token about to expire within 30 s is replaced.
func (s *Session) Get(ctx context.Context) (Token, error) {
	if err := s.lock(ctx); err != nil {
		return Token{}, err
	}
	defer s.unlock()
	if s.token.Value != "" && (s.token.Expires.IsZero() || s.now().Add(30*time.Second).Before(s.token.Expires)) {
		return s.token, nil
	}
	old := s.token
	fresh, err := s.login(ctx, old)
	if err != nil {
		return Token{}, err
	}
	s.token = fresh
	return fresh, nil
}

// Drop forgets the token with the value; a newer one stays. What can renew it is kept.
func (s *Session) Drop(value string) {
	s.slot <- struct{}{}
	defer s.unlock()
	if s.token.Value == value {
		s.token = Token{Refresh: s.token.Refresh}
	}
}

func (s *Session) lock(ctx context.Context) error {
	select {
	case s.slot <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Session) unlock() { <-s.slot }
