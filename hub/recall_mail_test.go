package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/internal/mail/mailtest"
	"tributary/store"
)

// mailedRecall is a decided recall of a lot that D1 (two addresses), D2, D3 (a text that is no address) and others have.
func mailedRecall(t *testing.T, kind string) (*hub.Hub, *mailtest.Server, string) {
	h := traceHub(t, "sqlite:hub.db")
	file := filepath.Join(t.TempDir(), "customers.csv")
	require.NoError(t, os.WriteFile(file, []byte("客户编码,客户名称,类型,邮箱\nD1,青河市康泽医药有限公司,经销商,qa@d1.example;gm@d1.example\nD2,临江百信医药有限公司,经销商,qa@d2.example\nD3,安远同和医药有限公司,经销商,无邮箱\n"), 0o600))
	_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "customers", Source: "erp", Lang: "en"})
	require.NoError(t, err)
	_, err = h.Settle(t.Context())
	require.NoError(t, err)
	s := mailtest.Start(t)
	h.Config.Mail = config.Mail{Server: s.Addr, TLS: "none", From: "recall@maker.example", Timeout: config.Duration(2 * time.Second)}
	h.Config.Quality.Contact = "QA Lin, 0571-88001122"
	r, err := h.OpenRecall(t.Context(), hub.OpenRecallRequest{Product: "AMX24", Lots: []string{"250301"}, Kind: kind, Class: "II", Reason: "dissolution\r\nBcc: all@d9.example", Lang: "en"})
	require.NoError(t, err)
	_, err = h.AdvanceRecall(t.Context(), r.Number, hub.AdvanceRecallRequest{Assessment: "reversible harm", Lang: "en"})
	require.NoError(t, err)
	_, err = h.AdvanceRecall(t.Context(), r.Number, hub.AdvanceRecallRequest{By: "QP", Lang: "en"})
	require.NoError(t, err)
	return h, s, r.Number
}

func mailStates(r hub.NotifyReport) map[string]int {
	out := map[string]int{}
	for _, m := range r.Mails {
		out[m.State]++
	}
	return out
}

func TestNoticesGoToEachAddressOnce(t *testing.T) {
	h, s, no := mailedRecall(t, "voluntary")
	s.Refuse("gm@d1.example")
	send := func(req hub.NotifyRecallRequest) hub.NotifyReport {
		t.Helper()
		req.Send, req.Lang, req.OutDir = true, "en", t.TempDir()
		r, err := h.NotifyRecall(t.Context(), no, req)
		require.NoError(t, err)
		return r
	}
	r := send(hub.NotifyRecallRequest{})
	require.Equal(t, map[string]int{"sent": 2, "failed": 1, "no_address": 6}, mailStates(r), "one address is turned down, the others go on; who has none is named")
	require.Len(t, s.Mails(), 2)
	for _, m := range r.Mails {
		require.NotRegexp(t, "qa@|gm@", m.Address+m.Error, "addresses are masked")
	}
	for _, m := range s.Mails() {
		head, _, _ := strings.Cut(m.Text, "\n\n")
		require.NotContains(t, head, "Bcc", "what stands in the recall opens no header")
	}

	require.Equal(t, map[string]int{"sent_before": 2, "failed": 1, "no_address": 6}, mailStates(send(hub.NotifyRecallRequest{})), "only what failed is tried again")
	require.Len(t, s.Mails(), 2)

	shown, err := h.ShowRecall(t.Context(), no, "en")
	require.NoError(t, err)
	for _, a := range shown.Affected {
		if a.Customer.Code == "D2" {
			require.Equal(t, "email", a.Notice.Channel)
		}
	}

	// Killed between handing over and the record: the history knows only that it began.
	require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error {
		row, err := tx.LockCase(t.Context(), store.CaseRecall, no)
		require.NoError(t, err)
		entries, err := tx.CaseEntries(t.Context(), row.ID)
		require.NoError(t, err)
		for i := len(entries) - 1; i >= 0; i-- {
			if entries[i].Kind == "mail_sent" {
				return tx.AddCaseEntries(t.Context(), row.ID, []store.CaseEntry{{Kind: "mail_begun", Party: entries[i].Party, Actor: "os:test", Payload: entries[i].Payload}})
			}
		}
		return nil
	}))
	r = send(hub.NotifyRecallRequest{})
	require.Equal(t, 1, mailStates(r)["perhaps_sent"])
	require.Len(t, s.Mails(), 2, "what was perhaps sent is not sent again by itself")
	require.Contains(t, r.Remarks[len(r.Remarks)-1].Code, "perhaps_sent")
	for _, m := range r.Mails {
		if m.State == "perhaps_sent" {
			send(hub.NotifyRecallRequest{Party: m.Party, Again: true})
		}
	}
	require.Greater(t, len(s.Mails()), 2, "a person asked, and sends it again")
}

// A server that refuses the login would refuse it for every address, and might lock the account.
func TestARefusedLoginEndsTheSending(t *testing.T) {
	h, s, no := mailedRecall(t, "voluntary")
	right := h.Config.Mail
	right.TLS, right.CAFile, right.Username, right.Password = "starttls", s.Secure(t, "starttls"), "recall", "planted-secret-mail"
	s.Admit("recall", right.Password)
	send := func(m config.Mail) (hub.NotifyReport, error) {
		h.Config.Mail = m
		return h.NotifyRecall(t.Context(), no, hub.NotifyRecallRequest{Send: true, OutDir: t.TempDir(), Lang: "en"})
	}
	wrong, untrusted := right, right
	wrong.Password, untrusted.CAFile = "wrong-secret", ""
	_, err := send(untrusted)
	require.Equal(t, "mail.certificate", errs.CodeOf(err), "%v", err)
	require.Zero(t, s.Logins())
	_, err = send(wrong)
	require.Equal(t, "mail.credentials", errs.CodeOf(err), "%v", err)
	require.Equal(t, 1, s.Logins())
	require.Empty(t, s.Mails())
	r, err := send(right)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"sent": 3, "no_address": 6}, mailStates(r), "what was not sent is, when the login is right")
	require.Len(t, s.Mails(), 3)
}

func TestWhatIsNeverSent(t *testing.T) {
	h, s, no := mailedRecall(t, "drill")
	_, err := h.NotifyRecall(t.Context(), no, hub.NotifyRecallRequest{Send: true, OutDir: t.TempDir(), Lang: "en"})
	require.Equal(t, "quality.drill_stays_home", errs.CodeOf(err))
	_, err = h.NotifyRecall(t.Context(), no, hub.NotifyRecallRequest{OutDir: t.TempDir(), Lang: "en"})
	require.NoError(t, err, "its notices are files")
	require.Empty(t, s.Mails())
	real, s, no := mailedRecall(t, "voluntary")
	for _, req := range []hub.NotifyRecallRequest{{Remind: true}, {Channel: "phone"}, {Party: "D1", To: "x"}} {
		req.Send = true
		_, err = real.NotifyRecall(t.Context(), no, req)
		require.Equal(t, "quality.send_alone", errs.CodeOf(err))
	}
	real.Config.Mail.Server = ""
	_, err = real.NotifyRecall(t.Context(), no, hub.NotifyRecallRequest{Send: true})
	require.Equal(t, "quality.no_mail_server", errs.CodeOf(err))
	require.Empty(t, s.Mails())
}
