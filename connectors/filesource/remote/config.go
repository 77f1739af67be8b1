package remote

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7/pkg/s3utils"

	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// Config names a place and how to get in.
type Config struct {
	URL        string // see the package comment; never holds a password
	User       string // or in the URL; an access key id for S3
	Password   connectors.Secret
	PrivateKey connectors.Secret // PEM, for SFTP; Password is its passphrase when it has one
	HostKeys   []string          // fingerprints of the server's key, SHA256:…
	KnownHosts string            // file in OpenSSH's form
	CAFile     string            // PEM file of the authority behind the server's certificate; "" = the system's
	Region     string            // of an S3 store
	Senders    []string          // addresses or domains whose mail is read; none = all
	Idle       time.Duration     // longest silence of the other machine; default 60 s

	// Dial makes the connections; nil: the network. Tests cut them here.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// protocols are the schemes with their usual ports.
var protocols = map[string]string{
	"sftp": "22", "ftp": "21", "ftpes": "21", "ftps": "990", "http": "80", "https": "443", "s3": "443", "s3+http": "80", "imap": "143", "imaps": "993",
}

// Parse reads an address and refuses what no transport can use.
func Parse(address string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" || protocols[u.Scheme] == "" || u.Opaque != "" || u.Fragment != "" {
		return nil, errs.New(errs.Invalid, "files.url", errs.Args{"schemes": strings.Join(schemes(), ", ")})
	}
	if _, has := u.User.Password(); has {
		return nil, errs.New(errs.Invalid, "files.url_password", nil)
	}
	if bucket, _, _ := strings.Cut(strings.Trim(u.Path, "/"), "/"); isS3(u) && s3utils.CheckValidBucketName(bucket) != nil {
		return nil, errs.New(errs.Invalid, "files.url_bucket", nil)
	}
	return u, nil
}

func schemes() []string {
	out := make([]string, 0, len(protocols))
	for s := range protocols {
		out = append(out, s+"://")
	}
	slices.Sort(out)
	return out
}

func isS3(u *url.URL) bool { return u.Scheme == "s3" || u.Scheme == "s3+http" }

// CanArchive reports whether files of the address can be moved after they are stored.
func CanArchive(u *url.URL) bool { return u.Scheme != "http" && u.Scheme != "https" }

// Open reports whether passwords and data cross the network readable by anybody on the way.
func Open(u *url.URL) bool { return u.Scheme == "ftp" || u.Scheme == "http" || u.Scheme == "s3+http" }

// New makes the transport of an address; it does no calls.
func New(cfg Config) (filesource.Transport, error) {
	u, err := Parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.User == "" {
		cfg.User = u.User.Username()
	}
	if cfg.User == "" && strings.HasPrefix(u.Scheme, "ftp") {
		cfg.User, cfg.Password = "anonymous", connectors.NewSecret("anonymous")
	}
	if cfg.Idle == 0 {
		cfg.Idle = time.Minute
	}
	if cfg.Dial == nil {
		dialer := &net.Dialer{Timeout: 10 * time.Second}
		cfg.Dial = dialer.DialContext
	}
	port := u.Port()
	if port == "" {
		port = protocols[u.Scheme]
	}
	p := place{name: u.Scheme + "://" + u.Host, host: u.Hostname(), address: net.JoinHostPort(u.Hostname(), port), user: cfg.User, cfg: cfg}
	switch u.Scheme {
	case "sftp":
		return newTree(p, u.Path, &sftpFiles{place: p}), nil
	case "ftp", "ftpes", "ftps":
		return newTree(p, u.Path, &ftpFiles{place: p, scheme: u.Scheme}), nil
	case "http", "https":
		return newWeb(p, u)
	case "s3", "s3+http":
		return newS3(p, u)
	}
	return newMailbox(p, u), nil
}
