package httpsource

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // RS256
	_ "crypto/sha512" // RS384, ES384
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	"tributary/connectors"
)

// PrivateKey reads an RSA or EC key in PEM form (PKCS 1, PKCS 8, SEC 1).
func PrivateKey(secret connectors.Secret) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(secret.Reveal()))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("a key that does not sign")
	}
	return key, nil
}

// SignJWT makes a signed token (RFC 7519, RFC 7515): RS256 or RS384 with an RSA key, ES384 with an EC key of P-384. kid may
// be empty.
func SignJWT(key crypto.Signer, hash crypto.Hash, kid string, claims map[string]any) (string, error) {
	header := map[string]any{"typ": "JWT"}
	if kid != "" {
		header["kid"] = kid
	}
	family := "RS"
	if ec, ok := key.(*ecdsa.PrivateKey); ok {
		if family = "ES"; hash != crypto.SHA384 || ec.Curve.Params().BitSize != 384 {
			return "", errors.New("an EC key must be of P-384")
		}
	}
	header["alg"] = fmt.Sprint(family, hash.Size()*8)
	head, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(head) + "." + encode(body)
	h := hash.New()
	h.Write([]byte(text))
	signature, err := sign(key, hash, h.Sum(nil))
	return text + "." + encode(signature), err
}

func sign(key crypto.Signer, hash crypto.Hash, digest []byte) ([]byte, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(rand.Reader, key, hash, digest)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest)
		if err != nil {
			return nil, err
		}
		out := make([]byte, 96) // two numbers of 384 bits, not ASN.1
		r.FillBytes(out[:48])
		s.FillBytes(out[48:])
		return out, nil
	}
	return nil, errors.New("a key that is neither RSA nor EC")
}
