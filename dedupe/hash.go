package dedupe

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Key is a blocking key: two records that share Hash are candidates. Second refines a key that too many records share;
// zero says that the record has nothing to refine it with.
type Key struct {
	Hash   uint64
	Second uint64
}

// hasher makes keys of one type of records, keyed when they are about persons.
type hasher struct{ secret []byte }

// sum hashes a rule with its values. It is never zero.
func (h hasher) sum(rule string, values ...string) uint64 {
	var s uint64
	if len(h.secret) > 0 {
		s = h.keyed(rule, values)
	} else {
		s = fnvOffset
		s = fold(s, rule)
		for _, v := range values {
			s = fold(s, v)
		}
		s = scramble(s)
	}
	return max(s, 1)
}

func (h hasher) keyed(rule string, values []string) uint64 {
	mac := hmac.New(sha256.New, h.secret)
	write := func(v string) {
		var size [4]byte
		binary.BigEndian.PutUint32(size[:], uint32(len(v)))
		mac.Write(size[:])
		mac.Write([]byte(v))
	}
	write(rule)
	for _, v := range values {
		write(v)
	}
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// fold is FNV-1a with a byte that no UTF-8 text holds as the end mark.
func fold(s uint64, v string) uint64 {
	for i := range len(v) {
		s = (s ^ uint64(v[i])) * fnvPrime
	}
	return (s ^ 0xff) * fnvPrime
}

// scramble spreads the bits (the finaliser of MurmurHash3).
func scramble(s uint64) uint64 {
	s ^= s >> 33
	s *= 0xff51afd7ed558ccd
	s ^= s >> 33
	s *= 0xc4ceb9fe1a85ec53
	return s ^ s>>33
}
