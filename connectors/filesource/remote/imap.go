package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-imap"
	"github.com/emersion/go-imap/client"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// mailbox shows the attachments of one IMAP folder as files, named VALIDITY-UID-PART/filename: the three numbers tell a
// part of a message from every other for ever, as IMAP promises, also when two mails carry files of one name. Whether a
// person has opened a mail makes no difference to what is read.
type mailbox struct {
	place
	secure bool // TLS from the first byte
	folder string
	client *client.Client
	open   map[uint32]map[string]bool // by message: the attachments listed last that are not stored yet
}

var _ filesource.Transport = (*mailbox)(nil)

const (
	maxAttachment = 128 << 20 // bytes as sent; a part is held in memory while it is fetched
	fetchBatch    = 200       // messages whose structure is asked for at once
)

func newMailbox(p place, u *url.URL) *mailbox {
	folder := strings.Trim(u.Path, "/")
	if folder == "" {
		folder = imap.InboxName
	}
	return &mailbox{place: p, secure: u.Scheme == "imaps", folder: folder}
}

func (m *mailbox) use(ctx context.Context, call func(c *client.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.client == nil {
		if err := m.connect(ctx); err != nil {
			return err
		}
	}
	c := m.client
	stop := context.AfterFunc(ctx, func() { _ = c.Terminate() })
	defer stop()
	err := call(c)
	var own *errs.Error
	switch {
	case ctx.Err() != nil:
		m.drop()
		return ctx.Err()
	case err == nil, errors.As(err, &own) && own.Kind != errs.Unavailable:
		return err
	}
	select {
	case <-c.LoggedOut():
	default:
		if !broken(err) {
			return m.fail(errs.Denied, "files.remote_refused", err, nil)
		}
	}
	m.drop()
	return m.failed(err)
}

func (m *mailbox) connect(ctx context.Context) error {
	secure, err := m.tls()
	if err != nil {
		return err
	}
	conn, err := m.dial(ctx, "tcp", m.address)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	fail := func(err error) error {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return errors.Join(err, conn.Close())
	}
	if m.secure {
		wrapped := tls.Client(conn, secure)
		if err := wrapped.HandshakeContext(ctx); err != nil {
			return fail(m.failed(err))
		}
		conn = wrapped
	}
	c, err := client.New(conn)
	if err != nil {
		return fail(m.failed(err))
	}
	c.ErrorLog = log.New(io.Discard, "", 0)
	c.Timeout = m.cfg.Idle
	if !m.secure { // a password never goes over the open line
		if ok, err := c.SupportStartTLS(); err != nil || !ok {
			return fail(errors.Join(m.fail(errs.Invalid, "files.remote_not_tls", err, nil), c.Terminate()))
		}
		if err := c.StartTLS(secure); err != nil {
			return fail(errors.Join(m.failed(err), c.Terminate()))
		}
	}
	if err := c.Login(m.user, m.cfg.Password.Reveal()); err != nil {
		if !broken(err) {
			err = m.credentials(err.Error())
		}
		return fail(errors.Join(m.failed(err), c.Terminate()))
	}
	if _, err := c.Select(m.folder, false); err != nil {
		if !broken(err) {
			err = m.noFolder(m.folder)
		}
		return fail(errors.Join(m.failed(err), c.Terminate()))
	}
	m.client = c
	return nil
}

// selected opens the folder anew, so that new mail is seen, and gives its validity.
func (m *mailbox) selected(c *client.Client) (*imap.MailboxStatus, error) {
	status, err := c.Select(m.folder, false)
	if err != nil && !broken(err) {
		err = m.noFolder(m.folder)
	}
	return status, err
}

func (m *mailbox) List(ctx context.Context) (out []filesource.RemoteFile, err error) {
	err = m.use(ctx, func(c *client.Client) error {
		out, m.open = nil, map[uint32]map[string]bool{}
		status, err := m.selected(c)
		if err != nil || status.Messages == 0 {
			return err
		}
		criteria := imap.NewSearchCriteria()
		criteria.WithoutFlags = []string{imap.DeletedFlag}
		uids, err := c.UidSearch(criteria)
		if err != nil {
			return err
		}
		for batch := range slices.Chunk(uids, fetchBatch) {
			set := new(imap.SeqSet)
			set.AddNum(batch...)
			found, err := m.fetch(c, set, imap.FetchUid, imap.FetchBodyStructure, imap.FetchInternalDate, imap.FetchEnvelope)
			if err != nil {
				return err
			}
			for _, msg := range found {
				out = append(out, m.attachments(status.UidValidity, msg)...)
			}
		}
		return nil
	})
	return out, err
}

// fetch collects messages; the library hands them over while the command runs.
func (m *mailbox) fetch(c *client.Client, set *imap.SeqSet, items ...imap.FetchItem) ([]*imap.Message, error) {
	messages := make(chan *imap.Message, 16)
	done := make(chan error, 1)
	go func() { done <- c.UidFetch(set, items, messages) }()
	var out []*imap.Message
	for msg := range messages {
		out = append(out, msg)
	}
	return out, <-done
}

func (m *mailbox) attachments(validity uint32, msg *imap.Message) []filesource.RemoteFile {
	if msg.BodyStructure == nil || !m.wanted(msg.Envelope) {
		return nil
	}
	var out []filesource.RemoteFile
	walk(msg.BodyStructure, nil, 0, func(part []int, b *imap.BodyStructure) {
		name := attachmentName(b)
		if name == "" {
			return
		}
		number := strings.Trim(strings.ReplaceAll(fmt.Sprint(part), " ", "."), "[]")
		id := fmt.Sprintf("%d-%d-%s", validity, msg.Uid, number)
		if m.open[msg.Uid] == nil {
			m.open[msg.Uid] = map[string]bool{}
		}
		m.open[msg.Uid][id] = true
		out = append(out, filesource.RemoteFile{
			Name: id + "/" + name, Size: -1, ModTime: msg.InternalDate.UTC(), Remote: true, Tag: strconv.FormatUint(uint64(b.Size), 10), Ref: id + "/" + b.Encoding,
		})
	})
	return out
}

// walk visits the leaves; mails inside mails are not opened. Depth is bounded: whoever writes a mail chooses it.
func walk(b *imap.BodyStructure, at []int, depth int, visit func(part []int, b *imap.BodyStructure)) {
	if len(b.Parts) == 0 {
		if len(at) == 0 {
			at = []int{1}
		}
		visit(at, b)
		return
	}
	if depth > 20 {
		return
	}
	for i, part := range b.Parts {
		walk(part, append(slices.Clone(at), i+1), depth+1, visit)
	}
}

// wanted looks at who says to have sent the mail. That is no proof, only a way to keep other mail out.
func (m *mailbox) wanted(e *imap.Envelope) bool {
	if len(m.cfg.Senders) == 0 {
		return true
	}
	if e == nil {
		return false
	}
	return slices.ContainsFunc(e.From, func(a *imap.Address) bool {
		return slices.ContainsFunc(m.cfg.Senders, func(s string) bool {
			s = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "@")
			return s == strings.ToLower(a.Address()) || s == strings.ToLower(a.HostName)
		})
	})
}

// locate reads the numbers and the encoding back from a file's Ref.
func locate(ref string) (validity, uid uint32, part []int, encoding string, ok bool) {
	id, encoding, _ := strings.Cut(ref, "/")
	fields := strings.SplitN(id, "-", 3)
	if len(fields) != 3 {
		return 0, 0, nil, "", false
	}
	v, verr := strconv.ParseUint(fields[0], 10, 32)
	u, uerr := strconv.ParseUint(fields[1], 10, 32)
	for n := range strings.SplitSeq(fields[2], ".") {
		i, err := strconv.Atoi(n)
		if err != nil {
			return 0, 0, nil, "", false
		}
		part = append(part, i)
	}
	return uint32(v), uint32(u), part, encoding, verr == nil && uerr == nil
}

// message opens the folder and names the message of a file, which must still be of the folder's present validity.
func (m *mailbox) message(c *client.Client, f filesource.RemoteFile) (*imap.SeqSet, []int, string, error) {
	validity, uid, part, encoding, ok := locate(f.Ref)
	status, err := m.selected(c)
	if err != nil {
		return nil, nil, "", err
	}
	if !ok || status.UidValidity != validity {
		return nil, nil, "", m.missing(f.Name)
	}
	set := new(imap.SeqSet)
	set.AddNum(uid)
	return set, part, encoding, nil
}

// Stat looks whether the message is still there; messages never change.
func (m *mailbox) Stat(ctx context.Context, f filesource.RemoteFile) (filesource.RemoteFile, error) {
	return f, m.use(ctx, func(c *client.Client) error {
		set, _, _, err := m.message(c, f)
		if err != nil {
			return err
		}
		found, err := m.fetch(c, set, imap.FetchUid)
		if err == nil && len(found) == 0 {
			err = m.missing(f.Name)
		}
		return err
	})
}

func (m *mailbox) Open(ctx context.Context, f filesource.RemoteFile, from int64) (body io.ReadCloser, err error) {
	if size, err := strconv.ParseInt(f.Tag, 10, 64); err == nil && size > maxAttachment {
		return nil, errs.New(errs.Invalid, "files.remote_too_large", errs.Args{"file": path.Base(f.Name), "limit": fmt.Sprintf("%d MB", maxAttachment>>20)})
	}
	err = m.use(ctx, func(c *client.Client) error {
		set, part, encoding, err := m.message(c, f)
		if err != nil {
			return err
		}
		section := &imap.BodySectionName{BodyPartName: imap.BodyPartName{Path: part}, Peek: true}
		found, err := m.fetch(c, set, section.FetchItem())
		if err != nil {
			return err
		}
		for _, msg := range found {
			if literal := msg.GetBody(section); literal != nil {
				body = io.NopCloser(decoded(literal, encoding))
				_, err := io.CopyN(io.Discard, body, from)
				if err != nil && err != io.EOF {
					return m.fail(errs.Invalid, "files.remote_attachment", err, errs.Args{"file": f.Name})
				}
				return nil
			}
		}
		return m.missing(f.Name)
	})
	if err != nil {
		return nil, err
	}
	return &attachment{ReadCloser: body, owner: m, name: f.Name}, nil
}

// attachment gives a broken encoding its message: the mail came whole, so that trying again is of no use.
type attachment struct {
	io.ReadCloser
	owner *mailbox
	name  string
}

func (a *attachment) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = a.owner.fail(errs.Invalid, "files.remote_attachment", err, errs.Args{"file": a.name})
	}
	return n, err
}

// Archive marks the message as read, for people to see, and moves it to the folder once all of its attachments are
// stored: those that are not must stay where they are read.
func (m *mailbox) Archive(ctx context.Context, f filesource.RemoteFile, folder string) error {
	id, _, _ := strings.Cut(f.Ref, "/")
	_, uid, _, _, _ := locate(f.Ref)
	err := m.use(ctx, func(c *client.Client) error {
		set, _, _, err := m.message(c, f)
		if err != nil {
			return err
		}
		if err := c.UidStore(set, imap.FormatFlagsOp(imap.AddFlags, true), []any{imap.SeenFlag}, nil); err != nil || folder == "" {
			return err
		}
		left, listed := m.open[uid]
		if delete(left, id); !listed || len(left) > 0 {
			return nil
		}
		return c.UidMove(set, folder)
	})
	if errs.CodeOf(err) == "files.remote_refused" && folder != "" {
		return m.noArchive(folder, errors.Unwrap(err))
	}
	if errs.CodeOf(err) == "files.missing" {
		return nil
	}
	return err
}

// Probe looks whether the archive folder exists and whether the mailbox may be changed.
func (m *mailbox) Probe(ctx context.Context, folder string) error {
	err := m.use(ctx, func(c *client.Client) error {
		status, err := m.selected(c)
		if err != nil {
			return err
		}
		if status.ReadOnly {
			return m.noArchive(folder, nil)
		}
		_, err = c.Status(folder, []imap.StatusItem{imap.StatusUidValidity})
		return err
	})
	if errs.CodeOf(err) == "files.remote_refused" {
		return m.noArchive(folder, errors.Unwrap(err))
	}
	return err
}

// Keeps is false: other folders are not listed.
func (m *mailbox) Keeps(string, string) bool { return false }

func (m *mailbox) drop() {
	if m.client != nil {
		_ = m.client.Terminate()
		m.client = nil
	}
}

func (m *mailbox) Close() error {
	if m.client != nil {
		_ = m.client.Logout() // a farewell; the connection ends either way
	}
	m.drop()
	return nil
}
