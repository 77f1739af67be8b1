package remote

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// web reads one file, or the files that a page links to when the address ends with a slash.
type web struct {
	place
	base   *url.URL
	client *http.Client
	looked string // a tag for files that the server says nothing about: each run takes them again, by content
}

var _ filesource.Transport = (*web)(nil)

const (
	maxPage  = 8 << 20
	maxLinks = 5000
)

func newWeb(p place, u *url.URL) (*web, error) {
	base := *u
	base.User = nil
	w := &web{place: p, base: &base, looked: "looked " + strconv.FormatInt(time.Now().UnixNano(), 36)}
	transport, err := p.roundTripper()
	if err != nil {
		return nil, err
	}
	w.client = &http.Client{Transport: transport, CheckRedirect: w.sameHost}
	return w, nil
}

// roundTripper is HTTP with the limits of the place.
func (p place) roundTripper() (*http.Transport, error) {
	secure, err := p.tls()
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: p.dial, TLSClientConfig: secure, TLSHandshakeTimeout: p.cfg.Idle, ResponseHeaderTimeout: p.cfg.Idle,
		DisableCompression: true, // sizes and offsets are those of the file
		MaxIdleConns:       2, IdleConnTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
	}, nil
}

// sameHost lets redirects go on within the machine, and from http to https on it.
func (w *web) sameHost(req *http.Request, via []*http.Request) error {
	to, from := req.URL, w.base
	if len(via) > 5 || to.Hostname() != from.Hostname() || to.Host != from.Host && (from.Scheme != "http" || to.Scheme != "https") || from.Scheme == "https" && to.Scheme != "https" {
		return w.fail(errs.Invalid, "files.remote_redirect", nil, errs.Args{"target": to.Scheme + "://" + to.Host})
	}
	return nil
}

func (w *web) do(ctx context.Context, method, address string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, w.failed(err)
	}
	if header != nil {
		req.Header = header
	}
	if w.user != "" || !w.cfg.Password.IsZero() {
		req.SetBasicAuth(w.user, w.cfg.Password.Reveal())
	}
	resp, err := w.client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, w.failed(err)
	}
	if err := w.status(resp, path.Base(req.URL.Path)); err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp, nil
}

func (w *web) status(resp *http.Response, name string) error {
	switch s := resp.StatusCode; {
	case s == http.StatusOK, s == http.StatusPartialContent:
		return nil
	case s == http.StatusUnauthorized:
		return w.credentials(resp.Status)
	case s == http.StatusForbidden:
		return w.denied(name)
	case s == http.StatusNotFound, s == http.StatusGone:
		return w.missing(name)
	case s == http.StatusTooManyRequests, s >= 500, s == http.StatusRequestTimeout:
		return w.fail(errs.Unavailable, "files.remote_lost", errors.New(resp.Status), nil)
	}
	return w.fail(errs.Denied, "files.remote_refused", errors.New(resp.Status), nil)
}

func (w *web) List(ctx context.Context) ([]filesource.RemoteFile, error) {
	if !strings.HasSuffix(w.base.Path, "/") && w.base.Path != "" {
		f, err := w.head(ctx, path.Base(w.base.Path), w.base.String())
		if err != nil {
			return nil, err
		}
		return []filesource.RemoteFile{f}, nil
	}
	links, err := w.links(ctx)
	if err != nil {
		return nil, err
	}
	var out []filesource.RemoteFile
	for _, l := range links {
		var f filesource.RemoteFile
		err := filesource.Retry(ctx, func() (err error) { // here, lest one failure in a thousand files begins the list again
			f, err = w.head(ctx, path.Base(l.Path), l.String())
			return err
		})
		if errs.Is(err, errs.NotFound) { // the page is older than the folder
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

// links are the files directly below the address that its page names, each once.
func (w *web) links(ctx context.Context) ([]*url.URL, error) {
	resp, err := w.do(ctx, http.MethodGet, w.base.String(), nil)
	if errs.Is(err, errs.NotFound) {
		return nil, w.noFolder(w.base.Path)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "text/html" && kind != "application/xhtml+xml" {
		return nil, w.fail(errs.Invalid, "files.remote_no_index", nil, errs.Args{"kind": kind})
	}
	var out []*url.URL
	seen := map[string]bool{}
	for z := html.NewTokenizer(io.LimitReader(resp.Body, maxPage)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				return nil, w.failed(z.Err())
			}
			return out, nil
		case html.StartTagToken:
			if u := w.link(z); u != nil && !seen[u.Path] {
				seen[u.Path] = true
				if out = append(out, u); len(out) > maxLinks {
					return nil, w.fail(errs.Invalid, "files.remote_too_many", nil, errs.Args{"limit": maxLinks, "folder": w.base.Path})
				}
			}
		}
	}
}

func (w *web) link(z *html.Tokenizer) *url.URL {
	tag, more := z.TagName()
	if string(tag) != "a" {
		return nil
	}
	for more {
		var key, value []byte
		if key, value, more = z.TagAttr(); string(key) != "href" {
			continue
		}
		ref, err := url.Parse(string(value))
		if err != nil {
			return nil
		}
		u := w.base.ResolveReference(ref)
		name, below := strings.CutPrefix(u.Path, w.base.Path)
		if u.Scheme != w.base.Scheme || u.Host != w.base.Host || !below || name == "" || strings.Contains(name, "/") || u.RawQuery != "" {
			return nil
		}
		u.Fragment, u.User = "", nil
		return u
	}
	return nil
}

func (w *web) head(ctx context.Context, name, address string) (filesource.RemoteFile, error) {
	resp, err := w.do(ctx, http.MethodHead, address, nil)
	if errs.CodeOf(err) == "files.remote_refused" { // no HEAD here: look at the beginning of the file
		resp, err = w.do(ctx, http.MethodGet, address, nil)
	}
	if err != nil {
		return filesource.RemoteFile{}, err
	}
	if err := resp.Body.Close(); err != nil {
		return filesource.RemoteFile{}, w.failed(err)
	}
	f := filesource.RemoteFile{Name: name, Size: resp.ContentLength, Tag: resp.Header.Get("ETag"), Ref: address}
	if t, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		f.ModTime, f.Remote = t.UTC(), true
	}
	if f.Tag == "" && f.ModTime.IsZero() {
		f.Tag = w.looked
	}
	return f, nil
}

func (w *web) Stat(ctx context.Context, f filesource.RemoteFile) (filesource.RemoteFile, error) {
	return w.head(ctx, f.Name, f.Ref)
}

// Open asks for the rest of the very state that was listed; a server that cannot do that sends the whole, whose beginning
// is passed over.
func (w *web) Open(ctx context.Context, f filesource.RemoteFile, from int64) (io.ReadCloser, error) {
	header := http.Header{}
	if from > 0 {
		header.Set("Range", "bytes="+strconv.FormatInt(from, 10)+"-")
		switch {
		case f.Tag != "" && f.Tag != w.looked && !strings.HasPrefix(f.Tag, "W/"):
			header.Set("If-Range", f.Tag)
		case !f.ModTime.IsZero():
			header.Set("If-Range", f.ModTime.UTC().Format(http.TimeFormat))
		default:
			header.Del("Range")
		}
	}
	resp, err := w.do(ctx, http.MethodGet, f.Ref, header)
	if err != nil {
		return nil, err
	}
	body := &webReader{ReadCloser: resp.Body, owner: w, ctx: ctx}
	if from > 0 && resp.StatusCode == http.StatusOK {
		if _, err := io.CopyN(io.Discard, body, from); err != nil && err != io.EOF {
			return nil, errors.Join(err, body.Close())
		}
	}
	return body, nil
}

type webReader struct {
	io.ReadCloser
	owner *web
	ctx   context.Context
}

func (r *webReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	if r.ctx.Err() != nil {
		return n, r.ctx.Err()
	}
	return n, r.owner.failed(err)
}

// Archive does nothing: what lies on a web server is moved by whoever put it there.
func (w *web) Archive(context.Context, filesource.RemoteFile, string) error { return nil }

// Probe has nothing to prove.
func (w *web) Probe(context.Context, string) error { return nil }

// Keeps is false: there is no archive.
func (w *web) Keeps(string, string) bool { return false }

func (w *web) Close() error {
	w.client.CloseIdleConnections()
	return nil
}
