package kingdee

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// appKeyMask is the public constant that Kingdee's SDKs fold into every application id.
const appKeyMask = "0054f397c6234378b09ca7d3e5debce7"

// clientKey splits an application id into the client id and the key that signs requests: the second half of the id,
// unmasked. An id of another form signs with an empty key, as the vendor's SDK does.
func clientKey(appID string) (clientID, key string) {
	clientID, half, _ := strings.Cut(appID, "_")
	if len(half) != 32 {
		return clientID, ""
	}
	raw, err := base64.StdEncoding.DecodeString(half)
	if err != nil {
		return clientID, ""
	}
	for i := range raw {
		raw[i] ^= appKeyMask[i%len(appKeyMask)]
	}
	return clientID, base64.StdEncoding.EncodeToString(raw)
}

// mac is base64 over the hex text of an HMAC-SHA256: the doubled encoding is the protocol's.
func mac(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(h.Sum(nil))))
}

// signRequest sets the headers that authenticate one request without a session.
func signRequest(s Settings, path string, unix int64, header http.Header) {
	stamp := strconv.FormatInt(unix, 10)
	clientID, key := clientKey(s.AppID)
	text := "POST\n" + url.QueryEscape(path) + "\n\nx-api-nonce:" + stamp + "\nx-api-timestamp:" + stamp + "\n"
	data := strings.Join([]string{s.AcctID, s.User, strconv.Itoa(s.LCID), s.OrgNum}, ",")
	header.Set("X-Api-ClientID", clientID)
	header.Set("X-Api-Auth-Version", "2.0")
	header.Set("x-api-timestamp", stamp)
	header.Set("x-api-nonce", stamp)
	header.Set("x-api-signheaders", "x-api-timestamp,x-api-nonce")
	header.Set("X-Api-Signature", mac(key, text))
	header.Set("X-Kd-Appkey", s.AppID)
	header.Set("X-Kd-Appdata", base64.StdEncoding.EncodeToString([]byte(data)))
	header.Set("X-Kd-Signature", mac(s.AppSecret.Reveal(), s.AppID+data))
}

// loginSign is the signature of LoginBySign: the digest over the sorted values.
func loginSign(s Settings, timestamp string) string {
	parts := []string{s.AcctID, s.User, s.AppID, s.AppSecret.Reveal(), timestamp}
	slices.Sort(parts)
	text := []byte(strings.Join(parts, ""))
	if s.Digest == "sha1" {
		sum := sha1.Sum(text)
		return hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
