package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
