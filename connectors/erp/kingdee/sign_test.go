package kingdee

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
)

// The vector of the specification: invented inputs, values computed with the vendor's own utility code.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	s := Settings{
		AcctID: "6400aabbccdd", User: "integration", LCID: 2052, OrgNum: "100",
		AppID: "100001_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", AppSecret: connectors.NewSecret("0123456789abcdef0123456789abcdef"),
	}
	const path = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.ExecuteBillQuery.common.kdsvc"

	clientID, key := clientKey(s.AppID)
	require.Equal(t, "100001", clientID)
	require.Equal(t, "cXJ2cCN1fn8qfHl/eX14aDNiajc0YTNr", key)

	h := http.Header{}
	signRequest(s, path, 1735689600, h)
	require.Equal(t, "ZDQ3YmMzNTMwOWY3OGUwYmJmMGU0MjNlOTNkZGJmMjE1ZTViMWZhNTQ5NWYzYWUyZmU5ZjNlNjJmZmYxNzVmMQ==", h.Get("X-Api-Signature"))
	require.Equal(t, "NjQwMGFhYmJjY2RkLGludGVncmF0aW9uLDIwNTIsMTAw", h.Get("X-Kd-Appdata"))
	require.Equal(t, "MTA4NTdhNTczZTA2MzZjN2QwOGY3OTg5ZTdmYmJlYTA5NGM3ZGZkYzRhMDExMzk0ZTA0OTliYmNhNzhmN2ZjMw==", h.Get("X-Kd-Signature"))
	require.Equal(t, "1735689600", h.Get("x-api-nonce"))

	s.Digest = "sha256"
	require.Equal(t, "075f03838d3ed21a55037cc86aa3e442289ed5d211b1eebfbd166775550d951f", loginSign(s, "1735689600"))
	s.Digest = "sha1"
	require.Len(t, loginSign(s, "1735689600"), 40)

	_, key = clientKey("100001_short")
	require.Empty(t, key)
}
