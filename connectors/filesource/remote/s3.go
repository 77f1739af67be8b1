package remote

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// store is a prefix of a bucket.
type store struct {
	place
	client    *minio.Client
	transport *http.Transport
	bucket    string
	prefix    string // ends with a slash, or is empty
}

var _ filesource.Transport = (*store)(nil)

func newS3(p place, u *url.URL) (*store, error) {
	transport, err := p.roundTripper()
	if err != nil {
		return nil, err
	}
	region := p.cfg.Region
	if region == "" {
		region = "us-east-1"
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(p.user, p.cfg.Password.Reveal(), ""), Secure: u.Scheme == "s3", Region: region, Transport: transport, MaxRetries: 1,
	})
	if err != nil {
		return nil, p.fail(errs.Invalid, "files.url", err, errs.Args{"schemes": "s3://host/bucket/prefix"})
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if prefix != "" {
		prefix += "/"
	}
	return &store{place: p, client: client, transport: transport, bucket: bucket, prefix: prefix}, nil
}

// judge gives the store's answers their messages. name is the object asked for, "" for the bucket.
func (s *store) judge(ctx context.Context, err error, name string) error {
	if err == nil || err == io.EOF {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	what := name
	if name == "" {
		what = s.bucket + "/" + s.prefix
	}
	answer := minio.ToErrorResponse(err)
	switch answer.Code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity":
		return s.credentials(answer.Code)
	case "AccessDenied", "AllAccessDisabled":
		return s.denied(what)
	case "NoSuchBucket", "InvalidBucketName":
		return s.noFolder(s.bucket)
	case "NoSuchKey":
		return s.missing(name)
	case "PreconditionFailed":
		return errs.New(errs.Conflict, "files.changed", errs.Args{"file": name})
	case "RequestTimeTooSkewed":
		return s.fail(errs.Invalid, "files.remote_clock", nil, nil)
	}
	switch answer.StatusCode {
	case http.StatusForbidden:
		return s.denied(what)
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusFound:
		return s.fail(errs.Invalid, "files.remote_redirect", nil, errs.Args{"target": answer.Region})
	case http.StatusNotFound:
		return s.missing(what)
	case http.StatusBadRequest:
		return s.fail(errs.Denied, "files.remote_refused", err, nil)
	}
	return s.failed(err)
}

func (s *store) List(ctx context.Context) ([]filesource.RemoteFile, error) {
	var out []filesource.RemoteFile
	ctx, cancel := context.WithCancel(ctx) // ends the listing of the library when this function returns
	defer cancel()
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if o.Err != nil {
			return nil, s.judge(ctx, o.Err, "")
		}
		if name := strings.TrimPrefix(o.Key, s.prefix); name != "" && !strings.HasSuffix(name, "/") {
			out = append(out, s.file(o, name))
		}
		if len(out) > maxFiles {
			return nil, s.fail(errs.Invalid, "files.remote_too_many", nil, errs.Args{"limit": maxFiles, "folder": s.bucket + "/" + s.prefix})
		}
	}
	return out, ctx.Err()
}

func (s *store) file(o minio.ObjectInfo, name string) filesource.RemoteFile {
	// Listings have milliseconds, the object's own header has not.
	return filesource.RemoteFile{Name: name, Size: o.Size, ModTime: o.LastModified.UTC().Truncate(time.Second), Remote: true, Tag: strings.Trim(o.ETag, `"`), Ref: o.Key}
}

func (s *store) Stat(ctx context.Context, f filesource.RemoteFile) (filesource.RemoteFile, error) {
	o, err := s.client.StatObject(ctx, s.bucket, f.Ref, minio.StatObjectOptions{})
	if err != nil {
		return f, s.judge(ctx, err, f.Name)
	}
	return s.file(o, f.Name), nil
}

func (s *store) Open(ctx context.Context, f filesource.RemoteFile, from int64) (io.ReadCloser, error) {
	options := minio.GetObjectOptions{}
	if err := options.SetMatchETag(f.Tag); err != nil {
		return nil, s.failed(err)
	}
	if from > 0 {
		if err := options.SetRange(from, 0); err != nil {
			return nil, s.failed(err)
		}
	}
	// The core's way is one plain GET; the library's own object repeats calls without being asked.
	body, _, _, err := (&minio.Core{Client: s.client}).GetObject(ctx, s.bucket, f.Ref, options)
	if err != nil {
		return nil, s.judge(ctx, err, f.Name)
	}
	return &storeReader{ReadCloser: body, owner: s, ctx: ctx, name: f.Name}, nil
}

type storeReader struct {
	io.ReadCloser
	owner *store
	ctx   context.Context
	name  string
}

func (r *storeReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	return n, r.owner.judge(r.ctx, err, r.name)
}

// Archive copies the very state that was stored, then removes it.
func (s *store) Archive(ctx context.Context, f filesource.RemoteFile, folder string) error {
	if folder == "" {
		return nil
	}
	target := s.archive(folder) + f.Name
	if _, err := s.client.StatObject(ctx, s.bucket, target, minio.StatObjectOptions{}); err == nil {
		target = filesource.AnotherName(target, time.Now())
	}
	_, err := s.client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.bucket, Object: target}, minio.CopySrcOptions{Bucket: s.bucket, Object: f.Ref, MatchETag: f.Tag})
	if err == nil {
		err = s.client.RemoveObject(ctx, s.bucket, f.Ref, minio.RemoveObjectOptions{})
	}
	return s.refused(ctx, folder, err)
}

func (s *store) refused(ctx context.Context, folder string, err error) error {
	err = s.judge(ctx, err, folder)
	if err == nil || errs.Is(err, errs.Unavailable) || ctx.Err() != nil {
		return err
	}
	return s.noArchive(folder, err)
}

// archive is the key before the archived names: relative to the address's prefix, or from the bucket's root.
func (s *store) archive(folder string) string {
	if strings.HasPrefix(folder, "/") {
		return strings.Trim(path.Clean(folder), "/") + "/"
	}
	return s.prefix + strings.Trim(path.Clean(folder), "/") + "/"
}

// Probe writes an empty object beside the files, copies it to the archive, and removes both.
func (s *store) Probe(ctx context.Context, folder string) error {
	const name = ".tributary-check"
	from, to := s.prefix+name, s.archive(folder)+name
	_, err := s.client.PutObject(ctx, s.bucket, from, strings.NewReader(""), 0, minio.PutObjectOptions{})
	if err == nil {
		_, err = s.client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.bucket, Object: to}, minio.CopySrcOptions{Bucket: s.bucket, Object: from})
	}
	for _, object := range []string{to, from} {
		if err == nil {
			err = s.client.RemoveObject(ctx, s.bucket, object, minio.RemoveObjectOptions{})
		}
	}
	return s.refused(ctx, folder, err)
}

func (s *store) Keeps(name, folder string) bool {
	return strings.HasPrefix(s.prefix+name, s.archive(folder))
}

func (s *store) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}
