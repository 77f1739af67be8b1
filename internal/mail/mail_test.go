package mail_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
	"tributary/internal/mail"
	"tributary/internal/mail/mailtest"
)

func config(s *mailtest.Server) mail.Config {
	return mail.Config{Server: s.Addr, TLS: "none", From: "Recall desk <recall@maker.example>", Timeout: 2 * time.Second}
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	m := mail.Message{To: "qa@d1.example", Subject: "药品召回通知 R-2026-0001", Text: "停售。\n", ID: "1@tributary", Date: time.Unix(1, 0)}
	outcome, err := mail.Send(t.Context(), config(s), m)
	require.NoError(t, err)
	require.Equal(t, mail.Sent, outcome)
	require.Equal(t, "qa@d1.example", s.Mails()[0].To)
	require.Contains(t, s.Mails()[0].Text, "Message-ID: <1@tributary>")

	s.Refuse("no@d1.example")
	m.To = "no@d1.example"
	outcome, err = mail.Send(t.Context(), config(s), m)
	require.Error(t, err)
	require.Equal(t, mail.NotSent, outcome, "turned down before the text")

	s.Mute(true)
	m.To = "qa@d1.example"
	outcome, err = mail.Send(t.Context(), config(s), m)
	require.Error(t, err)
	require.Equal(t, mail.Unsure, outcome, "the text went out and no answer came")

	s.Silent(true)
	began := time.Now()
	c := config(s)
	c.Timeout = 200 * time.Millisecond
	outcome, err = mail.Send(t.Context(), c, m)
	require.Error(t, err)
	require.Equal(t, mail.NotSent, outcome)
	require.Less(t, time.Since(began), 20*time.Second)

	c.Server = "127.0.0.1:1"
	outcome, err = mail.Send(t.Context(), c, m)
	require.Error(t, err)
	require.Equal(t, mail.NotSent, outcome, "nobody is there")

	c = config(s)
	c.TLS = "starttls"
	s.Silent(false)
	outcome, err = mail.Send(t.Context(), c, m)
	require.Error(t, err)
	require.Equal(t, mail.NotSent, outcome, "a server without STARTTLS gets nothing in clear")
}

// Over TLS, with an authority of the house and a login, both ways of beginning.
func TestTLSAndLogin(t *testing.T) {
	t.Parallel()
	const right = "planted-secret-mail"
	for _, begins := range []string{"tls", "starttls"} {
		s := mailtest.Start(t)
		ca := s.Secure(t, begins)
		s.Admit("recall", right)
		good := mail.Config{Server: s.Addr, TLS: begins, From: "recall@maker.example", Username: "recall", Password: right, CAFile: ca, Timeout: 5 * time.Second}
		m := mail.Message{To: "qa@d1.example", Subject: "召回", Text: "停售。\n", ID: "1@tributary", Date: time.Unix(1, 0)}
		outcome, err := mail.Send(t.Context(), good, m)
		require.NoError(t, err, begins)
		require.Equal(t, mail.Sent, outcome)
		require.Len(t, s.Mails(), 1)
		require.Equal(t, 1, s.Logins())

		junk := filepath.Join(t.TempDir(), "junk.pem")
		require.NoError(t, os.WriteFile(junk, []byte("no certificate"), 0o600))
		_, port, err := net.SplitHostPort(s.Addr)
		require.NoError(t, err)
		for name, c := range map[string]struct {
			change func(*mail.Config)
			code   string
			kind   errs.Kind
			logins int
		}{
			"unknown authority": {func(c *mail.Config) { c.CAFile = "" }, "mail.certificate", errs.Invalid, 0},
			"another's name":    {func(c *mail.Config) { c.Server = "localhost:" + port }, "mail.certificate", errs.Invalid, 0},
			"no such file":      {func(c *mail.Config) { c.CAFile += "x" }, "connectors.ca_file", errs.Invalid, 0},
			"no PEM":            {func(c *mail.Config) { c.CAFile = junk }, "connectors.ca_file", errs.Invalid, 0},
			"wrong password":    {func(c *mail.Config) { c.Password = "wrong-secret" }, "mail.credentials", errs.Denied, 1},
		} {
			bad, before := good, s.Logins()
			c.change(&bad)
			outcome, err := mail.Send(t.Context(), bad, m)
			require.Equal(t, mail.NotSent, outcome, "%s, %s", begins, name)
			require.Equal(t, c.code, errs.CodeOf(err), "%s, %s: %v", begins, name, err)
			require.Equal(t, c.kind, errs.KindOf(err))
			require.Equal(t, c.logins, s.Logins()-before, "%s, %s: a login is tried once, and never over a line that nobody vouches for", begins, name)
			for _, lang := range []string{"en", "zh"} {
				require.NotRegexp(t, `\{[a-z_]+\}|secret`, errs.Render(err, lang))
			}
		}
		require.Len(t, s.Mails(), 1)
	}
}

// A server that has no TLS, or asks for no login, gets neither the message nor the password.
func TestServersOfAnotherKind(t *testing.T) {
	t.Parallel()
	m := mail.Message{To: "qa@d1.example", Subject: "召回", ID: "1@tributary", Date: time.Unix(1, 0)}
	for name, c := range map[string]struct{ tls, code string }{
		"no STARTTLS": {"starttls", "mail.no_tls"}, "no TLS": {"tls", "mail.no_tls"}, "no login": {"none", "mail.no_login"},
	} {
		s := mailtest.Start(t)
		bad := config(s)
		bad.TLS, bad.Username, bad.Password = c.tls, "recall", "planted-secret-mail"
		outcome, err := mail.Send(t.Context(), bad, m)
		require.Equal(t, mail.NotSent, outcome)
		require.Equal(t, c.code, errs.CodeOf(err), "%s: %v", name, err)
		require.NotRegexp(t, `\{[a-z_]+\}|secret`, errs.Render(err, "zh"))
		require.Empty(t, s.Mails())
	}
}

func TestHeadersCannotBeInjected(t *testing.T) {
	t.Parallel()
	s := mailtest.Start(t)
	for _, m := range []mail.Message{
		{To: "qa@d1.example", Subject: "notice\r\nBcc: all@d2.example", ID: "1@t"},
		{To: "qa@d1.example", Subject: "notice", ID: "1@t\r\nBcc: all@d2.example"},
		{To: "qa@d1.example\r\nBcc: all@d2.example", Subject: "notice", ID: "1@t"},
		{To: "qa@d1.example, all@d2.example", Subject: "notice", ID: "1@t"},
	} {
		outcome, err := mail.Send(t.Context(), config(s), m)
		require.Error(t, err)
		require.Equal(t, mail.NotSent, outcome)
	}
	require.Empty(t, s.Mails())
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"qa@d1.example", "a@b\r\nBcc: c@d", "Name <a@b.c>", "\"a b\"@c.example", ",", "群@例.中国"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, err := mail.Address(text)
		if err != nil {
			return
		}
		require.False(t, strings.ContainsAny(address, "\r\n"))
		require.Contains(t, address, "@")
	})
}
