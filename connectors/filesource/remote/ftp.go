package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"path"
	"strings"

	"github.com/jlaffaye/ftp"

	"tributary/internal/errs"
)

// ftpFiles keeps one control connection between calls and makes it anew when it broke.
type ftpFiles struct {
	place
	scheme string // ftp, ftpes, ftps
	conn   *ftp.ServerConn
	wire   net.Conn // below conn, to break it off
}

func (f *ftpFiles) use(ctx context.Context, call func(c *ftp.ServerConn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.conn == nil {
		if err := f.connect(ctx); err != nil {
			return err
		}
	}
	wire := f.wire
	stop := context.AfterFunc(ctx, func() { _ = wire.Close() })
	defer stop()
	return f.judge(ctx, call(f.conn))
}

// judge tells answers of the server from a broken connection, which it drops. 550 stands for "is not there" and for "is
// not allowed"; who asked finds out which.
func (f *ftpFiles) judge(ctx context.Context, err error) error {
	var answer *textproto.Error
	var own *errs.Error
	switch {
	case ctx.Err() != nil:
		f.drop()
		return ctx.Err()
	case err == nil, errors.Is(err, io.EOF), errors.As(err, &own):
		return err
	case errors.As(err, &answer) && answer.Code == ftp.StatusFileUnavailable:
		return fmt.Errorf("%w: %s", fs.ErrNotExist, answer.Msg)
	case errors.As(err, &answer) && answer.Code >= 500:
		return f.fail(errs.Denied, "files.remote_refused", err, nil)
	}
	f.drop() // 4xx too: 421 ends the connection, 425 and 426 lost the data connection
	return f.failed(err)
}

func (f *ftpFiles) connect(ctx context.Context) error {
	var secure *tls.Config
	if f.scheme != "ftp" {
		var err error
		if secure, err = f.tls(); err != nil {
			return err
		}
		// Strict servers demand that data connections go on with the session of the control connection.
		secure.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	}
	options := []ftp.DialOption{ftp.DialWithShutTimeout(f.cfg.Idle)}
	var wire net.Conn
	options = append(options, ftp.DialWithDialFunc(func(network, address string) (net.Conn, error) {
		c, err := f.dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		control := wire == nil
		if control {
			wire = c
		}
		if secure == nil || control && f.scheme == "ftpes" { // the library turns the explicit control connection to TLS
			return c, nil
		}
		return tls.Client(c, secure), nil
	}))
	switch f.scheme {
	case "ftpes":
		options = append(options, ftp.DialWithExplicitTLS(secure))
	case "ftps":
		options = append(options, ftp.DialWithTLS(secure))
	}
	stop := context.AfterFunc(ctx, func() {
		if w := wire; w != nil {
			_ = w.Close()
		}
	})
	defer stop()
	conn, err := ftp.Dial(f.address, options...)
	if err == nil {
		if err = conn.Login(f.user, f.cfg.Password.Reveal()); err != nil {
			err = errors.Join(f.refusedLogin(err), conn.Quit())
		}
	} else {
		err = f.refusedHello(err)
	}
	if err != nil {
		if wire != nil {
			_ = wire.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	f.conn, f.wire = conn, wire
	return nil
}

// refusedHello judges a failure before the login: a server that is full, one that knows no AUTH TLS, or no FTP server.
func (f *ftpFiles) refusedHello(err error) error {
	var answer *textproto.Error
	var protocol textproto.ProtocolError
	if errors.As(err, &answer) && answer.Code >= 500 || errors.As(err, &protocol) {
		return f.fail(errs.Invalid, "files.remote_not_tls", err, nil)
	}
	return f.failed(err)
}

func (f *ftpFiles) refusedLogin(err error) error {
	var own *errs.Error
	var answer *textproto.Error
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &own), errors.As(err, &verify), broken(err), errors.As(err, &answer) && answer.Code < 500:
		return f.failed(err)
	case errors.As(err, &answer) && answer.Code == ftp.StatusNotLoggedIn:
		return f.credentials(answer.Msg)
	}
	return f.fail(errs.Denied, "files.remote_login", err, errs.Args{"user": f.user})
}

func (f *ftpFiles) list(ctx context.Context, dir string) (out []node, err error) {
	err = f.use(ctx, func(c *ftp.ServerConn) error {
		// Changing into the folder is the one answer that tells a missing folder from an empty one.
		if err := c.ChangeDir(dir); err != nil {
			return err
		}
		entries, err := c.List("")
		if err == nil && len(entries) == 0 {
			err = f.surelyEmpty(c)
		}
		for _, e := range entries {
			out = append(out, ftpNode(c, e))
		}
		if dir == "." || err != nil {
			return err
		}
		return f.home(c, dir)
	})
	return out, err
}

// home goes back to where relative paths begin.
func (f *ftpFiles) home(c *ftp.ServerConn, dir string) error {
	if path.IsAbs(dir) {
		return nil
	}
	return c.ChangeDir(strings.TrimSuffix(strings.Repeat("../", strings.Count(path.Clean(dir), "/")+1), "/"))
}

// surelyEmpty asks a second way: a listing in a form the library cannot read comes out empty, and is not.
func (f *ftpFiles) surelyEmpty(c *ftp.ServerConn) error {
	names, err := c.NameList("")
	var answer *textproto.Error
	if errors.As(err, &answer) && answer.Code >= 450 { // many servers answer so for "no files"
		return nil
	}
	if err != nil {
		return err
	}
	for _, n := range names {
		if b := path.Base(n); b != "." && b != ".." {
			return f.fail(errs.Invalid, "files.remote_listing", nil, nil)
		}
	}
	return nil
}

func ftpNode(c *ftp.ServerConn, e *ftp.Entry) node {
	name := e.Name
	if strings.Contains(name, "/") { // a server that lies; SafeName refuses it
		name = "../" + name
	}
	return node{name: name, dir: e.Type == ftp.EntryTypeFolder, regular: e.Type == ftp.EntryTypeFile, size: int64(e.Size), mod: e.Time.UTC(), exact: c.IsTimePreciseInList()}
}

func (f *ftpFiles) stat(ctx context.Context, name string) (n node, err error) {
	precise := false
	err = f.use(ctx, func(c *ftp.ServerConn) error {
		if precise = c.IsTimePreciseInList(); !precise {
			return nil
		}
		e, err := c.GetEntry(name)
		if err == nil {
			n = ftpNode(c, e)
		}
		return err
	})
	if err != nil || precise {
		return n, err
	}
	// Without MLST the only facts that agree with those of the listing are the listing's.
	nodes, err := f.list(ctx, path.Dir(name))
	for _, n := range nodes {
		if n.name == path.Base(name) {
			return n, nil
		}
	}
	if err == nil {
		err = fs.ErrNotExist
	}
	return n, err
}

func (f *ftpFiles) open(ctx context.Context, name string, from int64) (io.ReadCloser, error) {
	var r *ftp.Response
	err := f.use(ctx, func(c *ftp.ServerConn) (err error) {
		r, err = c.RetrFrom(name, uint64(max(from, 0)))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		if _, serr := f.stat(ctx, name); serr == nil {
			err = fs.ErrPermission
		}
	}
	if err != nil {
		return nil, err
	}
	wire := f.wire
	stop := context.AfterFunc(ctx, func() { _ = errors.Join(r.SetDeadline(past), wire.Close()) })
	return &ftpReader{r: r, owner: f, ctx: ctx, stop: stop}, nil
}

type ftpReader struct {
	r     *ftp.Response
	owner *ftpFiles
	ctx   context.Context
	stop  func() bool
	whole bool
}

func (r *ftpReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.whole = r.whole || err == io.EOF
	return n, r.owner.judge(r.ctx, err)
}

// Close hears whether the server sent all it wanted to: the end of the data connection alone does not tell. After a
// transfer that was not read to its end the control connection is of no use.
func (r *ftpReader) Close() error {
	r.stop()
	err := r.r.Close()
	if !r.whole {
		r.owner.drop()
		return nil
	}
	return r.owner.judge(r.ctx, err)
}

func (f *ftpFiles) rename(ctx context.Context, from, to string) error {
	return f.use(ctx, func(c *ftp.ServerConn) error { return c.Rename(from, to) })
}

// mkdir asks only for a folder that is not there: servers have many answers for one that is.
func (f *ftpFiles) mkdir(ctx context.Context, dir string) error {
	return f.use(ctx, func(c *ftp.ServerConn) error {
		err := c.ChangeDir(dir)
		if err == nil {
			return f.home(c, dir)
		}
		return c.MakeDir(dir)
	})
}

func (f *ftpFiles) create(ctx context.Context, name string) error {
	return f.use(ctx, func(c *ftp.ServerConn) error { return c.Stor(name, strings.NewReader("")) })
}

func (f *ftpFiles) remove(ctx context.Context, name string) error {
	return f.use(ctx, func(c *ftp.ServerConn) error { return c.Delete(name) })
}

func (f *ftpFiles) drop() {
	if f.conn != nil {
		_ = f.wire.Close()
		f.conn, f.wire = nil, nil
	}
}

func (f *ftpFiles) close() error {
	if f.conn != nil {
		_ = f.conn.Quit() // a farewell; the connection ends either way
	}
	f.drop()
	return nil
}
