package httpsource_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

func TestSignedTokens(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	small, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	for name, key := range map[string]crypto.Signer{"RS384": rsaKey, "ES384": ecKey} {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		read, err := httpsource.PrivateKey(connectors.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))))
		require.NoError(t, err)
		text, err := httpsource.SignJWT(read, crypto.SHA384, "k1", map[string]any{"iss": "me"})
		require.NoError(t, err)
		parts := strings.Split(text, ".")
		require.Len(t, parts, 3)
		head, err := base64.RawURLEncoding.DecodeString(parts[0])
		require.NoError(t, err)
		require.JSONEq(t, `{"typ":"JWT","kid":"k1","alg":"`+name+`"}`, string(head))
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		require.NoError(t, err)
		digest := sha512.Sum384([]byte(parts[0] + "." + parts[1]))
		if name == "RS384" {
			require.NoError(t, rsa.VerifyPKCS1v15(&rsaKey.PublicKey, crypto.SHA384, digest[:], signature))
			continue
		}
		require.Len(t, signature, 96)
		require.True(t, ecdsa.Verify(&ecKey.PublicKey, digest[:], new(big.Int).SetBytes(signature[:48]), new(big.Int).SetBytes(signature[48:])))
	}
	_, err = httpsource.SignJWT(small, crypto.SHA384, "", nil)
	require.ErrorContains(t, err, "P-384")
	for _, text := range []string{"", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		_, err := httpsource.PrivateKey(connectors.NewSecret(text))
		require.Error(t, err)
	}
}
