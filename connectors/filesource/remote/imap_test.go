package remote_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"
	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/connectors/filesource/remote"
	"tributary/internal/errs"
	"tributary/test/servers"
)

// mail is a fresh mailbox and a client of its owner.
type mail struct {
	cfg    remote.Config
	client *client.Client
}

func newMail(t *testing.T) mail {
	t.Helper()
	s, user := servers.IMAP(t), servers.Name(t)
	pem, err := os.ReadFile(s.CA)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	c, err := client.DialTLS(s.TLS, &tls.Config{RootCAs: pool})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Logout()) })
	require.NoError(t, c.Login(user, s.Password))
	require.NoError(t, c.Create("Done"))
	return mail{remote.Config{URL: "imaps://" + s.TLS + "/INBOX", User: user, Password: connectors.NewSecret(s.Password), CAFile: s.CA}, c}
}

// part is one part of a mail: header lines and body, as they stand in it.
type part struct{ header, body string }

func file(name, content string) part {
	return part{"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=" + name, base64.StdEncoding.EncodeToString([]byte(content))}
}

func (m mail) send(t *testing.T, from string, parts ...part) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "From: %s\r\nSubject: monthly\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=b\"\r\n\r\n--=b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n", from)
	for _, p := range parts {
		fmt.Fprintf(&b, "--=b\r\n%s\r\n\r\n%s\r\n", p.header, p.body)
	}
	b.WriteString("--=b--\r\n")
	require.NoError(t, m.client.Append("INBOX", nil, longAgo, strings.NewReader(b.String())))
}

func (m mail) count(t *testing.T, folder string) uint32 {
	t.Helper()
	status, err := m.client.Status(folder, []imap.StatusItem{imap.StatusMessages})
	require.NoError(t, err)
	return status.Messages
}

func bases(files []filesource.RemoteFile) []string {
	out := names(files)
	for i, n := range out {
		out[i] = n[strings.Index(n, "/")+1:]
	}
	return out
}

func TestMailAttachments(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	m.send(t, "ddi@partner.example", file("SM_D1_n_20250331.csv", "first"), file("SM_D1_n_20250331.csv", "second"), part{"Content-Type: image/png; name=logo.png\r\nContent-Transfer-Encoding: base64", "AAAA"})
	m.send(t, "Boss <boss@other.example>", file(`"=?gbk?B?z/rK2y5jc3Y=?="`, "third"))
	d := drop(t, site{cfg: m.cfg}, "Done")
	require.NoError(t, d.Probe(t.Context()))
	files := list(t, d)
	require.Equal(t, []string{"SM_D1_n_20250331.csv", "SM_D1_n_20250331.csv", "销售.csv"}, bases(files))
	require.NotEqual(t, files[0].Name, files[1].Name)
	require.Equal(t, []string{"first", "second", "third"}, []string{fetched(t, d, files[0]), fetched(t, d, files[1]), fetched(t, d, files[2])})

	require.NoError(t, d.Done(t.Context(), files[2]))
	require.NoError(t, d.Done(t.Context(), files[2]), "a lost answer may be asked for again")
	require.EqualValues(t, 1, m.count(t, "Done"))
	require.NoError(t, d.Done(t.Context(), files[0]))
	require.EqualValues(t, 1, m.count(t, "Done"), "the other attachment of the mail is not stored yet")
	require.Equal(t, "second", fetched(t, d, files[1]))
	require.NoError(t, d.Done(t.Context(), files[1]))
	require.EqualValues(t, 2, m.count(t, "Done"))
	require.Zero(t, m.count(t, "INBOX"))
	require.Empty(t, list(t, d))

	m.send(t, "ddi@partner.example", file("late.csv", "x"))
	require.Equal(t, []string{"late.csv"}, bases(list(t, d)), "mail that comes later is seen over the same connection")
}

func TestMailWithoutArchive(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	m.send(t, "a@b.example", file("a.csv", "first"))
	m.cfg.URL = strings.Replace("imap://"+servers.IMAP(t).StartTLS, "localhost", "127.0.0.1", 1)
	d := drop(t, site{cfg: m.cfg}, "")
	first := list(t, d)
	require.Len(t, first, 1)
	_, err := m.client.Select("INBOX", false)
	require.NoError(t, err)
	unseen := imap.NewSearchCriteria()
	unseen.WithoutFlags = []string{imap.SeenFlag}
	found, err := m.client.Search(unseen)
	require.NoError(t, err)
	require.Len(t, found, 1, "reading leaves no trace")
	require.NoError(t, d.Done(t.Context(), first[0]))
	_, err = m.client.Select("INBOX", false)
	require.NoError(t, err)
	found, err = m.client.Search(unseen)
	require.NoError(t, err)
	require.Empty(t, found)
	again := list(t, d)
	require.Len(t, again, 1, "a mail that somebody opened is still read")
	require.True(t, again[0].Same(first[0]))
}

func TestMailOfSenders(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	m.send(t, "ddi@partner.example", file("a.csv", "1"))
	m.send(t, "DDI@Other.example", file("b.csv", "1"))
	m.send(t, "ddi@evil-partner.example", file("c.csv", "1"))
	for senders, want := range map[string][]string{"partner.example": {"a.csv"}, "@partner.example": {"a.csv"}, "ddi@other.example": {"b.csv"}, "x@partner.example": {}} {
		m.cfg.Senders = []string{senders}
		files, err := look(t, m.cfg)
		require.NoError(t, err)
		require.Equal(t, want, bases(files), senders)
	}
}

func TestNamesOfAttachments(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	for _, disposition := range []string{
		`attachment; filename*=utf-8''%E9%94%80%E5%94%AE.csv`,
		`attachment; filename*=gbk''%CF%FA%CA%DB.csv`,
		`attachment; filename*0*=utf-8''%E9%94%80; filename*1*=%E5%94%AE; filename*2=".csv"`,
		`attachment; filename="=?utf-8?Q?=E9=94=80=E5=94=AE.csv?="`,
		`attachment; filename="../../销售.csv"`,
		`attachment; filename="C:\\tmp\\销售.csv"`,
		`attachment; filename=".."`, // is none
	} {
		m.send(t, "a@b.example", part{"Content-Type: text/csv\r\nContent-Disposition: " + disposition, "1"})
	}
	files, err := look(t, m.cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"销售.csv", "销售.csv", "销售.csv", "销售.csv", "销售.csv", "销售.csv"}, bases(files))
}

func TestMailMistakes(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	m.send(t, "a@b.example", part{"Content-Type: text/csv\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.csv", "!!!! not base64"}, file("b.csv", "1"))
	d := drop(t, site{cfg: m.cfg}, "Nowhere")
	require.Equal(t, "files.remote_archive", errs.CodeOf(d.Probe(t.Context())))
	files := list(t, d)
	_, err := d.Fetch(t.Context(), files[0])
	require.Equal(t, "files.remote_attachment", errs.CodeOf(err), "%v", err)
	require.Equal(t, "1", fetched(t, d, files[1]))

	wrong := m.cfg
	wrong.Password = connectors.NewSecret("wrong")
	_, err = look(t, wrong)
	require.Equal(t, "files.remote_credentials", errs.CodeOf(err), "%v", err)
	wrong = m.cfg
	wrong.URL = strings.Replace(wrong.URL, "INBOX", "Nowhere", 1)
	_, err = look(t, wrong)
	require.Equal(t, "files.remote_folder", errs.CodeOf(err), "%v", err)

	// The numbers of a mailbox that was made anew mean other messages.
	require.NoError(t, m.client.Create("Other"))
	old := files[1]
	old.Ref = "1" + old.Ref
	_, err = d.Fetch(t.Context(), old)
	require.Equal(t, "files.missing", errs.CodeOf(err), "%v", err)
}

func TestMailLostMidDownload(t *testing.T) {
	t.Parallel()
	m := newMail(t)
	content := strings.Repeat("2025-04-01,D001,250301,12\n", 40_000)
	m.send(t, "a@b.example", file("big.csv", content))
	cut := &cutter{}
	cut.after.Store(500 << 10)
	m.cfg.Dial = cut.dial
	d := drop(t, site{cfg: m.cfg}, "")
	files := list(t, d)
	cut.times.Store(2)
	require.True(t, fetched(t, d, files[0]) == content)
	require.Zero(t, cut.times.Load())
}
