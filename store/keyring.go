package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"tributary/internal/errs"
)

// KeyRing holds what must never lie in the database: the key that wraps the data keys, and the key of keyed hashes.
// It is a file of mode 0600 beside the embedded store; whoever loses it loses the sealed rows. Safe for concurrent use.
type KeyRing struct {
	wrap    tink.AEAD
	hashKey []byte
}

type keyRingFile struct {
	Wrapping json.RawMessage `json:"wrapping"` // tink keyset
	Hashing  string          `json:"hashing"`  // base64, 32 bytes
}

// OpenKeyRing reads the key ring, or makes it when the file does not exist. Two processes that make it at once end with
// the same one.
func OpenKeyRing(path string, rnd io.Reader) (*KeyRing, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := makeKeyRing(path, rnd); err != nil {
			return nil, errs.Wrap(errs.Unavailable, "store.keyring_write", err, errs.Args{"path": path})
		}
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "store.keyring_read", err, errs.Args{"path": path})
	}
	ring, err := parseKeyRing(b)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "store.keyring_read", err, errs.Args{"path": path})
	}
	return ring, nil
}

func makeKeyRing(path string, rnd io.Reader) error {
	h, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&buf)); err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(rnd, secret); err != nil {
		return err
	}
	b, err := json.MarshalIndent(keyRingFile{Wrapping: buf.Bytes(), Hashing: base64.StdEncoding.EncodeToString(secret)}, "", "  ")
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".keyring-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(b)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	// Link, unlike rename, does not replace what another process put there first.
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return nil
}

func parseKeyRing(b []byte) (*KeyRing, error) {
	var f keyRingFile
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, err
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Wrapping)))
	if err != nil {
		return nil, err
	}
	wrap, err := aead.New(h)
	if err != nil {
		return nil, err
	}
	secret, err := base64.StdEncoding.DecodeString(f.Hashing)
	if err != nil || len(secret) != 32 {
		return nil, fmt.Errorf("the hashing key is damaged")
	}
	return &KeyRing{wrap: wrap, hashKey: secret}, nil
}

// Hash is the keyed hash (HMAC-SHA-256) of a personal value, for keys that must be comparable but not readable.
func (r *KeyRing) Hash(parts ...string) []byte {
	m := hmac.New(sha256.New, r.hashKey)
	for _, p := range parts {
		var n [4]byte
		n[0], n[1], n[2], n[3] = byte(len(p)>>24), byte(len(p)>>16), byte(len(p)>>8), byte(len(p))
		m.Write(n[:])
		io.WriteString(m, p)
	}
	return m.Sum(nil)
}

// Fingerprint tells texts apart without showing them: nobody can try guesses on it who has the database alone.
func (db *DB) Fingerprint(parts ...string) string {
	return hex.EncodeToString(db.ring.Hash(append([]string{"fingerprint"}, parts...)...)[:16])
}

// KeyRing is the ring of this database.
func (db *DB) KeyRing() *KeyRing { return db.ring }
