package kingdee

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

func TestFailuresInsideStatus200(t *testing.T) {
	t.Parallel()
	errorRow := func(code string) string {
		return `{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"Message":"m"}],"MsgCode":` + code + `}}}`
	}
	cases := []struct {
		name, body string
		signature  bool
		class      httpsource.Class // "" = no failure
	}{
		{name: "rows", body: `[{"FNumber":"1"}]`},
		{name: "no rows", body: `[]`},
		{name: "cells", body: `[["1"]]`},
		{name: "lost session", body: `[[` + errorRow("1") + `]]`, class: httpsource.ReauthOnce},
		{name: "lost session when signing", body: `[[` + errorRow("1") + `]]`, signature: true, class: httpsource.ConfigStop},
		{name: "single list", body: `[` + errorRow("2") + `]`, class: httpsource.Forbidden},
		{name: "no list", body: errorRow("14"), class: httpsource.Throttle},
		{name: "status alone", body: `{"ResponseStatus":{"IsSuccess":"false","Errors":[]},"MsgCode":13}`, class: httpsource.Retry},
		{name: "code as text", body: errorRow(`"6"`), class: httpsource.Retry},
		{name: "unknown field", body: `[[` + errorRow("9") + `]]`, class: httpsource.Permanent},
		{name: "transient text", body: `{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"请求超时，请重试"}],"MsgCode":4}}`, class: httpsource.Retry},
		{name: "not found is empty", body: errorRow("10")},
		{name: "server exception", body: `response_error:{"Message":"未将对象引用设置到对象的实例"}`, class: httpsource.Permanent},
		{name: "transient exception", body: `response_error:{"Message":"服务器忙"}`, class: httpsource.Retry},
		{name: "exception without JSON", body: `response_error: oh`, class: httpsource.Permanent},
		{name: "inside a string", body: `"[[{\"Result\":{\"ResponseStatus\":{\"IsSuccess\":false,\"MsgCode\":14}}}]]"`, class: httpsource.Throttle},
		{name: "HTML", body: `<html>`, class: httpsource.Retry},
		{name: "nothing", body: ` `, class: httpsource.Retry},
	}
	for _, c := range cases {
		e := judge(c.signature)(&httpsource.Response{Body: []byte(c.body)})
		if c.class == "" {
			require.Nil(t, e, c.name)
			continue
		}
		require.NotNil(t, e, c.name)
		require.Equal(t, c.class, e.Class, c.name)
	}
}

func TestRowsMustHaveTheColumnsAskedFor(t *testing.T) {
	t.Parallel()
	columns := []string{"FID", "FName"}
	good := []string{
		`[{"FID":1,"FName":"甲"}, {"FID":12345678901234567890,"FName":null}]`,
		`[[1,"甲"] , [12345678901234567890,null]]`,
		`"[{\"FID\":1,\"FName\":\"甲\"},{\"FID\":12345678901234567890,\"FName\":null}]"`,
	}
	for _, body := range good {
		p, e := readPage([]byte(body), columns)
		require.Nil(t, e, body)
		require.Len(t, p.rows, 2, body)
		require.Equal(t, "甲", p.rows[0].Fields["FName"])
		require.Equal(t, "12345678901234567890", objectsource.Text(p.rows[1].Fields["FID"]), "long ids stay exact")
		for _, r := range p.rows {
			raw := string(p.raw[r.Off : r.Off+r.Len])
			require.Contains(t, "{[", raw[:1])
			require.Contains(t, "}]", raw[len(raw)-1:])
		}
	}
	for _, body := range []string{`{}`, `{"surprise":true}`, `[{"FID":1}]`, `[[1]]`, `[1]`, `[null]`, `[{"FID":1,"FName":"a"}`, `[{"FID":1,"FName":"a"},3]`, `true`, `[[1,"a"],{}]`} {
		_, e := readPage([]byte(body), columns)
		require.NotNil(t, e, body)
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
}

func FuzzReadPage(f *testing.F) {
	for _, s := range []string{`[]`, `[[1,"a"]]`, `[{"FID":1,"FName":"x"}]`, `"[]"`, `[[{"Result":{"ResponseStatus":{"IsSuccess":false,"MsgCode":9}}}]]`} {
		f.Add([]byte(s))
	}
	columns := []string{"FID", "FName"}
	f.Fuzz(func(t *testing.T, body []byte) {
		_ = judge(false)(&httpsource.Response{Body: body})
		p, e := readPage(body, columns)
		if e != nil {
			return
		}
		for _, r := range p.rows {
			require.Len(t, r.Fields, len(r.Fields))
			require.GreaterOrEqual(t, r.Off, 0)
			require.LessOrEqual(t, r.Off+r.Len, len(p.raw))
			for _, c := range columns {
				require.Contains(t, r.Fields, c)
			}
		}
	})
}

func TestLoginAnswers(t *testing.T) {
	t.Parallel()
	id, e := readLogin([]byte(`{"LoginResultType":1,"KDSVCSessionId":"s1"}`))
	require.Nil(t, e)
	require.Equal(t, "s1", id)
	id, e = readLogin([]byte(`"{\"LoginResultType\":1,\"Context\":{\"SessionId\":\"s2\"}}"`))
	require.Nil(t, e)
	require.Equal(t, "s2", id)
	for body, class := range map[string]httpsource.Class{
		`{"LoginResultType":0,"Message":"密码错误"}`:  httpsource.ConfigStop,
		`{"LoginResultType":-1,"Message":"服务器忙"}`: httpsource.Retry,
		`{"LoginResultType":1}`:                   httpsource.Permanent,
		`{"surprise":true}`:                       httpsource.Permanent,
		`[]`:                                      httpsource.Permanent,
		`<html>`:                                  httpsource.Retry,
		`response_error:{"Message":"服务暂不可用"}`: httpsource.Retry,
	} {
		_, e := readLogin([]byte(body))
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
	}
}
