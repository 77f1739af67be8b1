package yonyou

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestWhatARefusalMeans(t *testing.T) {
	t.Parallel()
	c := &connection{settings: Settings{ThrottleTexts: []string{"频率", "limit"}}}
	for body, class := range map[string]httpsource.Class{
		`{"code":"200","data":{}}`:                "",
		`{"code":200,"data":{}}`:                  "",
		`{"code":999,"message":"参数不合法"}`:          httpsource.Permanent,
		`{"code":"999","message":"服务繁忙"}`:         httpsource.Retry,
		`{"code":1,"message":"access_token 已过期"}`: httpsource.ReauthOnce,
		`{"code":1,"message":"没有权限"}`:             httpsource.Forbidden,
		`{"code":1,"message":"Rate LIMIT"}`:       httpsource.Throttle,
		`{"data":{}}`:                             httpsource.Permanent,
		`{"code":"200"`:                           httpsource.Retry,
		`<html>`:                                  httpsource.Retry,
	} {
		_, e := c.open([]byte(body), "200")
		if class == "" {
			require.Nil(t, e, body)
			continue
		}
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
}

// The signature was made by openssl.
func TestSign(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Ezuc3deOdl/hcHfDmyxusR90MEOddmDowFqqnjSCD4M=", sign("41832a3d2df94989b500da6a22268747", "1568098531823", "1d5a4f2b6c"))
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"code":"200","data":{"recordCount":1,"pageCount":1,"recordList":[{"id":1}]}}`))
	c := &connection{}
	f.Fuzz(func(t *testing.T, body []byte) {
		data, e := c.open(body, "200")
		if e != nil {
			return
		}
		p, e := readPage(body, data)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(body))
			require.Equal(t, byte('{'), body[r.Off])
		}
	})
}
