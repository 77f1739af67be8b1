package canonical

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// ID is a 128-bit identifier, written as a hyphenated UUID outside the program.
type ID [16]byte

// Namespace is the UUIDv5 namespace of all identifiers that derive from content.
var Namespace = ID(uuid.MustParse("6f0c1c3e-8d0a-5c1b-9a54-2b1f3d9a7e10"))

// NewID makes a UUIDv7: ids made later sort later, down to the millisecond. Randomness comes from r.
func NewID(now time.Time, r io.Reader) (ID, error) {
	var id ID
	if _, err := io.ReadFull(r, id[6:]); err != nil {
		return ID{}, fmt.Errorf("read randomness for an id: %w", err)
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id, nil
}

// DeriveID is the UUIDv5 of the parts under Namespace. Parts are length-prefixed, so ("ab","c") differs from ("a","bc").
func DeriveID(parts ...string) ID {
	size := 0
	for _, p := range parts {
		size += 4 + len(p)
	}
	buf := make([]byte, 0, size)
	for _, p := range parts {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(p)))
		buf = append(buf, p...)
	}
	return ID(uuid.NewSHA1(uuid.UUID(Namespace), buf))
}

// ParseID reads the hyphenated form.
func ParseID(s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return ID{}, fmt.Errorf("%q is not an id", s)
	}
	return ID(u), nil
}

// IsZero reports whether the id is unset.
func (id ID) IsZero() bool { return id == ID{} }

// String is the hyphenated form.
func (id ID) String() string { return uuid.UUID(id).String() }

// MarshalText writes the hyphenated form; the zero id is empty.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads the hyphenated form; empty text is the zero id.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	p, err := ParseID(string(b))
	*id = p
	return err
}
