package remote

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"tributary/internal/errs"
)

// keyFamilies are the kinds of host keys in the order in which they are asked for. A server has one of each kind, and
// the one that is known may not be the one it would choose.
var keyFamilies = [][]string{
	{ssh.KeyAlgoED25519},
	{ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521},
	{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512},
}

// errUnknownKey ends a handshake before anything secret was sent.
var errUnknownKey = errors.New("the server's key is not the one that is known")

// handshake connects and proves the server's key before it logs in. Without a known key nobody is trusted: the message
// shows the key that was offered, for the partner to confirm.
func (s *sftpFiles) handshake(ctx context.Context, login []ssh.AuthMethod) (*ssh.Client, error) {
	known, err := s.knownKeys()
	if err != nil {
		return nil, err
	}
	var offered []string
	for _, family := range keyFamilies {
		trusted := false
		client, err := s.shake(ctx, &ssh.ClientConfig{
			User: s.user, Auth: login, HostKeyAlgorithms: family, Timeout: s.cfg.Idle,
			HostKeyCallback: func(host string, remote net.Addr, key ssh.PublicKey) error {
				if known == nil || known(host, remote, key) != nil {
					offered = append(offered, ssh.FingerprintSHA256(key))
					return errUnknownKey
				}
				trusted = true
				return nil
			},
		}, &trusted)
		var disagree *ssh.AlgorithmNegotiationError
		if errors.Is(err, errUnknownKey) || errors.As(err, &disagree) {
			continue
		}
		return client, err
	}
	if len(offered) == 0 {
		return nil, s.fail(errs.Invalid, "files.remote_no_sftp", errors.New("no common kind of host key"), nil)
	}
	code := "files.remote_host_key"
	if known == nil {
		code = "files.remote_host_key_unset"
	}
	return nil, s.fail(errs.Invalid, code, nil, errs.Args{"offered": strings.Join(offered, ", ")})
}

func (s *sftpFiles) shake(ctx context.Context, cfg *ssh.ClientConfig, trusted *bool) (*ssh.Client, error) {
	conn, err := s.dial(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c, channels, requests, err := ssh.NewClientConn(conn, s.address, cfg)
	var disagree *ssh.AlgorithmNegotiationError
	switch {
	case err == nil:
		return ssh.NewClient(c, channels, requests), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, errUnknownKey), errors.As(err, &disagree):
		return nil, errors.Join(err, conn.Close())
	case *trusted && !broken(err): // the library has no type for a refused login; nothing else is left to fail here
		return nil, errors.Join(s.credentials("SSH: "+err.Error()), conn.Close())
	}
	return nil, errors.Join(s.failed(err), conn.Close())
}

// knownKeys judges the server's key; nil when no key is known.
func (s *sftpFiles) knownKeys() (ssh.HostKeyCallback, error) {
	var byFile ssh.HostKeyCallback
	if s.cfg.KnownHosts != "" {
		var err error
		if byFile, err = knownhosts.New(s.cfg.KnownHosts); err != nil {
			return nil, errs.New(errs.Invalid, "files.known_hosts", errs.Args{"file": s.cfg.KnownHosts, "why": plainCause(err)})
		}
	}
	pinned := make([]string, len(s.cfg.HostKeys))
	for i, k := range s.cfg.HostKeys {
		pinned[i] = strings.TrimRight(strings.TrimSpace(k), "=")
	}
	if byFile == nil && len(pinned) == 0 {
		return nil, nil
	}
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		if slices.Contains(pinned, ssh.FingerprintSHA256(key)) {
			return nil
		}
		if byFile != nil {
			return byFile(host, remote, key)
		}
		return errUnknownKey
	}, nil
}

// CheckHostKey refuses what is no fingerprint; a mistake here would show up only as a key that never fits.
func CheckHostKey(fingerprint string) bool {
	body, ok := strings.CutPrefix(strings.TrimRight(strings.TrimSpace(fingerprint), "="), "SHA256:")
	return ok && len(body) == 43
}
