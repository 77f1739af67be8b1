package neocrm

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestFailuresInsideStatus200(t *testing.T) {
	t.Parallel()
	c := &connection{settings: Settings{ThrottleTexts: []string{"频繁", "超限", "limit"}}}
	for body, class := range map[string]httpsource.Class{
		`{"code":200,"data":{"count":0,"records":[]}}`: "",
		`{"code":"200","data":{"records":[]}}`:         "",
		`{"code":1004,"msg":"请求过于频繁"}`:                 httpsource.Throttle,
		`{"code":"1004","msg":"Rate LIMIT exceeded"}`:  httpsource.Throttle,
		`{"code":1005,"msg":"queryLocator 已失效"}`:       httpsource.RestartCursor,
		`{"code":1003,"msg":"没有权限"}`:                   httpsource.Forbidden,
		`{"code":1001,"msg":"语法错误"}`:                   httpsource.Permanent,
		`{"surprise":true}`:                            httpsource.Permanent,
		`{"code":200`:                                  httpsource.Retry,
		`<html>`:                                       httpsource.Retry,
		``:                                             httpsource.Retry,
	} {
		_, e := c.open([]byte(body))
		if class == "" {
			require.Nil(t, e, body)
			continue
		}
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
}

func TestRowsThatAreNone(t *testing.T) {
	t.Parallel()
	c := &connection{}
	for _, body := range []string{`{"code":200}`, `{"code":200,"data":null}`, `{"code":200,"data":{}}`, `{"code":200,"data":[]}`, `{"code":200,"data":{"records":{}}}`, `{"code":200,"data":{"records":[1]}}`, `{"code":200,"data":{"count":2,"records":[{}]}}`} {
		e, bad := c.open([]byte(body))
		require.Nil(t, bad, body)
		_, bad = readPage([]byte(body), e)
		require.NotNil(t, bad, body)
	}
}

func TestPicklistForms(t *testing.T) {
	t.Parallel()
	d := metadataOf([]describedField{{APIKey: "k", SelectItem: []option{{Label: "甲", Value: "1"}, {Label: "乙", Value: "2"}}}})
	require.Equal(t, "甲", d.Label("k", "1"))
	require.Equal(t, "甲 / 乙", d.Label("k", []any{"1", "2"}))
	require.Equal(t, "乙", d.Label("k", []any{"乙"}), "labels instead of codes")
	require.Nil(t, d.Label("k", nil))
	require.Nil(t, d.Label("other", "1"))
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"code":200,"data":{"count":1,"records":[{"id":1}]}}`))
	f.Add([]byte(`{"code":"200","queryLocator":"x","data":{"records":[]}}`))
	c := &connection{}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, bad := c.open(body)
		if bad != nil {
			return
		}
		p, bad := readPage(body, e)
		if bad != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(p.Raw))
			require.Equal(t, byte('{'), p.Raw[r.Off])
		}
	})
}
