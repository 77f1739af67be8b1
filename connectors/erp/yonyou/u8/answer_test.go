package u8

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func plain() *connection {
	return &connection{settings: Settings{
		ThrottleTexts: []string{"频率"}, OfflineTexts: []string{"不在线"}, OfflineWait: time.Minute, EmptyCodes: []string{"20002"}, TokenCodes: []string{"30012"},
	}}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]httpsource.Class{
		`{"errcode":"0","row_count":"0","page_count":"0"}`:                            "",
		`{"errcode":0,"row_count":1,"page_count":1,"customer":[{"code":"1"}]}`:        "",
		`{"errcode":"20002","errmsg":"没有符合条件的数据"}`:                                    "",
		`{"errcode":"0","row_count":"1","page_count":"1"}`:                            httpsource.Permanent,
		`{"errcode":"0","row_count":"1","page_count":"1","customer":{}}`:              httpsource.Permanent,
		`{"errcode":"0","row_count":"many","page_count":"1","customer":[{"code":1}]}`: httpsource.Permanent,
		`{"errcode":"1","errmsg":"参数不合法"}`:                                            httpsource.Permanent,
		`{"errcode":"30012","errmsg":"失效"}`:                                           httpsource.ReauthOnce,
		`{"errcode":"1","errmsg":"Token 已过期"}`:                                        httpsource.ReauthOnce,
		`{"errcode":"1","errmsg":"没有权限"}`:                                             httpsource.Forbidden,
		`{"errcode":"1","errmsg":"频率过高"}`:                                             httpsource.Throttle,
		`{"errcode":"1","errmsg":"U8服务器不在线"}`:                                         httpsource.Retry,
		`{"errcode":"1","errmsg":"请求超时"}`:                                             httpsource.Retry,
		`{"customer":[]}`: httpsource.Permanent,
		`[]`:              httpsource.Permanent,
		`<html>`:          httpsource.Retry,
	} {
		_, e := plain().readPage([]byte(body), "customer")
		if want == "" {
			require.Nil(t, e, body)
			continue
		}
		require.NotNil(t, e, body)
		require.Equal(t, want, e.Class, body)
	}
	_, e := plain().readPage([]byte(`{"errcode":"1","errmsg":"请求超时"}`), "customer")
	require.Equal(t, httpsource.Unreachable, e.Kind, "told as a source that is not reachable")
	require.Equal(t, time.Minute, e.Wait)
}

func TestMoments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2024-05-06 07:08:09.123": "2024-05-05T23:08:09.123Z", "2024-05-06 07:08:09": "2024-05-05T23:08:09Z", "2024-05-06T07:08:09": "2024-05-05T23:08:09Z", "2024-05-06": "2024-05-05T16:00:00Z",
	} {
		at, ok := moment(text)
		require.True(t, ok, text)
		require.Equal(t, want, at.Format(time.RFC3339Nano))
	}
	_, ok := moment(nil)
	require.False(t, ok)
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"errcode":"0","row_count":"1","page_count":"1","customer":[{"code":"1"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, e := plain().readPage(body, "customer")
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(body))
			require.Equal(t, byte('{'), body[r.Off])
		}
	})
}
