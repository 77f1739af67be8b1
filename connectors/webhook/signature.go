package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/internal/errs"
)

// maxSignatures bounds the signatures of one delivery that are tried.
const maxSignatures = 8

// verify proves that a delivery was signed with one of the secrets a short while ago. It returns what was signed. Its error
// tells the sender nothing; the cause is for our own log.
func (s Settings) verify(p connectors.Posted) ([]byte, error) {
	signed, err := s.signed(p)
	if err != nil {
		return nil, refusal(err)
	}
	given := s.Signature.given(p.Header)
	proved := false
	for _, secret := range []connectors.Secret{s.Secret, s.Previous} {
		key, err := s.Signature.key(secret)
		if err != nil || secret.IsZero() {
			continue
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(signed)
		sum := mac.Sum(nil)
		for _, one := range given { // all of them: how long it takes says nothing
			if hmac.Equal(sum, one) {
				proved = true
			}
		}
	}
	switch {
	case proved:
		return signed, nil
	case len(given) == 0:
		return nil, refusal(fmt.Errorf("no signature in %s", s.Signature.Header))
	}
	return nil, refusal(errors.New("the signature fits none of the secrets"))
}

func refusal(cause error) error { return errs.Wrap(errs.Denied, "webhook.signature", cause, nil) }

// signed is the text under the signature, of a delivery that is not stale.
func (s Settings) signed(p connectors.Posted) ([]byte, error) {
	form := s.Signature
	stamp, id := "", ""
	if strings.Contains(form.Signed, "{timestamp}") {
		if stamp = form.stamp(p.Header); stamp == "" {
			return nil, errors.New("no time of signing")
		}
		at, err := connectors.TimeForm{Format: form.TimeFormat, Zone: time.UTC}.Read(stamp)
		if err != nil {
			return nil, fmt.Errorf("time of signing: %w", err)
		}
		if skew := p.At.Sub(at); skew > form.Tolerance || skew < -form.Tolerance {
			return nil, fmt.Errorf("the time of signing is off by %s", skew.Round(time.Second))
		}
	}
	if strings.Contains(form.Signed, "{id}") {
		if id = p.Header.Get(s.IDHeader); id == "" {
			return nil, fmt.Errorf("no %s", s.IDHeader)
		}
	}
	head, tail, _ := strings.Cut(form.Signed, "{body}")
	fill := strings.NewReplacer("{timestamp}", stamp, "{id}", id)
	return append(append([]byte(fill.Replace(head)), p.Body...), fill.Replace(tail)...), nil
}

// stamp is the time of signing as the sender wrote it.
func (s Signature) stamp(h http.Header) string {
	if s.TimePrefix == "" {
		return strings.TrimSpace(h.Get(s.Timestamp))
	}
	for _, part := range split(h.Get(s.Header)) {
		if stamp, ok := strings.CutPrefix(part, s.TimePrefix); ok {
			return stamp
		}
	}
	return ""
}

// given are the signatures that a delivery bears.
func (s Signature) given(h http.Header) (out [][]byte) {
	for _, value := range h.Values(s.Header) {
		parts := split(value)
		if strings.ContainsAny(s.Prefix, ", ") { // a prefix such as "v1," has a separator of lists in it
			parts = strings.Fields(value)
		}
		for _, part := range parts {
			text, ok := strings.CutPrefix(part, s.Prefix)
			if !ok || len(out) == maxSignatures {
				continue
			}
			if sum, err := decode(s.Encoding, text); err == nil && len(sum) == sha256.Size {
				out = append(out, sum)
			}
		}
	}
	return out
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}

// key is a secret as it signs.
func (s Signature) key(secret connectors.Secret) ([]byte, error) {
	text := secret.Reveal()
	if s.SecretFormat == "text" || text == "" {
		return []byte(text), nil
	}
	if s.SecretFormat == "base64" {
		text = text[strings.LastIndexByte(text, '_')+1:]
	}
	key, err := decode(s.SecretFormat, text)
	if err == nil && len(key) == 0 {
		err = errors.New("an empty secret")
	}
	return key, err
}

// decode reads hex, or base64 of either alphabet with or without its end marks.
func decode(encoding, text string) ([]byte, error) {
	if encoding == "hex" {
		return hex.DecodeString(text)
	}
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}
