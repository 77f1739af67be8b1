package remote

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"tributary/internal/errs"
)

// sftpFiles keeps one connection between calls and makes it anew when it broke.
type sftpFiles struct {
	place
	ssh    *ssh.Client
	client *sftp.Client
}

// use runs one call over the connection; a cancelled context breaks it off.
func (s *sftpFiles) use(ctx context.Context, call func(c *sftp.Client) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.client == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	conn := s.ssh
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	return s.judge(ctx, call(s.client))
}

// judge tells answers of the server from a broken connection, which it drops.
func (s *sftpFiles) judge(ctx context.Context, err error) error {
	var status *sftp.StatusError
	switch {
	case ctx.Err() != nil:
		s.drop()
		return ctx.Err()
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return err
	case errors.As(err, &status) && status.FxCode() != sftp.ErrSSHFxConnectionLost && status.FxCode() != sftp.ErrSSHFxNoConnection:
		return s.fail(errs.Denied, "files.remote_refused", err, nil)
	}
	s.drop()
	return s.failed(err)
}

func (s *sftpFiles) connect(ctx context.Context) error {
	login, err := s.login()
	if err != nil {
		return err
	}
	client, err := s.handshake(ctx, login)
	if err != nil {
		return err
	}
	files, err := sftp.NewClient(client)
	if err != nil {
		return errors.Join(s.fail(errs.Invalid, "files.remote_no_sftp", err, nil), client.Close())
	}
	s.ssh, s.client = client, files
	return nil
}

// login is what the account proves itself with.
func (s *sftpFiles) login() ([]ssh.AuthMethod, error) {
	var out []ssh.AuthMethod
	password := s.cfg.Password.Reveal()
	if !s.cfg.PrivateKey.IsZero() {
		pem := []byte(s.cfg.PrivateKey.Reveal())
		signer, err := ssh.ParsePrivateKey(pem)
		var locked *ssh.PassphraseMissingError
		if errors.As(err, &locked) && password != "" {
			signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, []byte(password))
			password = ""
		}
		if err != nil { // the library's reason may quote the key
			return nil, s.fail(errs.Invalid, "files.remote_private_key", nil, nil)
		}
		out = append(out, ssh.PublicKeys(signer))
	}
	if password != "" {
		out = append(out, ssh.Password(password), ssh.KeyboardInteractive(func(_, _ string, questions []string, echos []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range questions {
				if !echos[i] { // a hidden answer is the password; nothing else is known
					answers[i] = password
				}
			}
			return answers, nil
		}))
	}
	return out, nil
}

func (s *sftpFiles) list(ctx context.Context, dir string) (out []node, err error) {
	err = s.use(ctx, func(c *sftp.Client) error {
		infos, err := c.ReadDirContext(ctx, dir)
		for _, i := range infos {
			out = append(out, sftpNode(i))
		}
		return err
	})
	return out, err
}

func sftpNode(i os.FileInfo) node {
	name := i.Name()
	if strings.Contains(name, "/") { // a server that lies; SafeName refuses it
		name = "../" + name
	}
	return node{name: name, dir: i.IsDir(), regular: i.Mode().IsRegular(), size: i.Size(), mod: i.ModTime().UTC(), exact: true}
}

func (s *sftpFiles) stat(ctx context.Context, name string) (n node, err error) {
	err = s.use(ctx, func(c *sftp.Client) error {
		i, err := c.Lstat(name)
		if err == nil {
			n = sftpNode(i)
		}
		return err
	})
	return n, err
}

func (s *sftpFiles) open(ctx context.Context, name string, from int64) (io.ReadCloser, error) {
	var f *sftp.File
	err := s.use(ctx, func(c *sftp.Client) (err error) {
		if f, err = c.Open(name); err == nil {
			_, err = f.Seek(from, io.SeekStart)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	conn := s.ssh
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	// Large reads are cut into many requests at once, so that distance does not slow them down.
	return &sftpReader{Reader: bufio.NewReaderSize(f, 1<<20), file: f, owner: s, ctx: ctx, stop: stop}, nil
}

type sftpReader struct {
	*bufio.Reader
	file  *sftp.File
	owner *sftpFiles
	ctx   context.Context
	stop  func() bool
}

func (r *sftpReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	return n, r.owner.judge(r.ctx, err)
}

// WriteTo hides bufio's, which would pass the errors by.
func (r *sftpReader) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

func (r *sftpReader) Close() error {
	r.stop()
	return r.owner.judge(r.ctx, r.file.Close())
}

func (s *sftpFiles) rename(ctx context.Context, from, to string) error {
	return s.use(ctx, func(c *sftp.Client) error { return c.Rename(from, to) }) // fails when the target exists
}

func (s *sftpFiles) mkdir(ctx context.Context, dir string) error {
	return s.use(ctx, func(c *sftp.Client) error { return c.MkdirAll(dir) })
}

func (s *sftpFiles) create(ctx context.Context, name string) error {
	return s.use(ctx, func(c *sftp.Client) error {
		f, err := c.Create(name)
		if err != nil {
			return err
		}
		return f.Close()
	})
}

func (s *sftpFiles) remove(ctx context.Context, name string) error {
	return s.use(ctx, func(c *sftp.Client) error { return c.Remove(name) })
}

func (s *sftpFiles) drop() {
	if s.client != nil {
		_ = s.ssh.Close() // first, else the client waits for answers that never come
		_ = s.client.Close()
		s.ssh, s.client = nil, nil
	}
}

func (s *sftpFiles) close() error {
	s.drop()
	return nil
}
