package fxiaoke

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestFailuresInsideStatus200(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 3, 10, 17, 0, 0, 0, time.UTC) // the 11th in China
	for body, class := range map[string]httpsource.Class{
		`{"errorCode":0,"data":{}}`:                   "",
		`{"errorCode":"0","data":{}}`:                 "",
		`{"errorCode":-1,"errorMessage":"x"}`:         httpsource.Retry,
		`{"errorCode":50009}`:                         httpsource.Retry,
		`{"errorCode":30004}`:                         httpsource.Throttle,
		`{"errorCode":"14001"}`:                       httpsource.Throttle,
		`{"errorCode":30002}`:                         httpsource.StopUntil,
		`{"errorCode":20016}`:                         httpsource.ReauthOnce,
		`{"errorCode":20021}`:                         httpsource.ConfigStop,
		`{"errorCode":15003}`:                         httpsource.Forbidden,
		`{"errorCode":10013}`:                         httpsource.Permanent,
		`{"errorCode":424242,"errorDescription":"y"}`: httpsource.Permanent,
		`{"surprise":true}`:                           httpsource.Permanent,
		`{"errorCode":0`:                              httpsource.Retry,
		`<html>`:                                      httpsource.Retry,
		``:                                            httpsource.Retry,
	} {
		_, e := open([]byte(body), now)
		if class == "" {
			require.Nil(t, e, body)
			continue
		}
		require.NotNil(t, e, body)
		require.Equal(t, class, e.Class, body)
		if class == httpsource.StopUntil {
			require.Equal(t, time.Date(2025, 3, 11, 16, 0, 0, 0, time.UTC), e.Until.UTC())
		}
	}
}

// A code that a query could get over ends a login for good, but for those that pass.
func TestWhatARefusedLoginMeans(t *testing.T) {
	t.Parallel()
	for code, class := range map[string]httpsource.Class{"10006": httpsource.ConfigStop, "20016": httpsource.ConfigStop, "15003": httpsource.ConfigStop, "14001": httpsource.Throttle, "-1": httpsource.Retry} {
		_, e := readLogin([]byte(`{"errorCode":`+code+`}`), time.Now())
		require.Equal(t, class, e.Class, code)
	}
	for _, body := range []string{`{"errorCode":0}`, `{"errorCode":0,"accessToken":"a","expiresIn":7200}`, `{"errorCode":0,"accessToken":"a","ea":"b"}`} {
		_, e := readLogin([]byte(body), time.Now())
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
}

func TestRowsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"errorCode":0}`, `{"errorCode":0,"data":null}`, `{"errorCode":0,"data":[]}`, `{"errorCode":0,"data":{}}`, `{"errorCode":0,"data":{"dataList":null}}`, `{"errorCode":0,"data":{"dataList":[1]}}`} {
		data, e := open([]byte(body), time.Now())
		require.Nil(t, e, body)
		_, e = readPage([]byte(body), data)
		require.NotNil(t, e, body)
	}
}

func FuzzReadPage(f *testing.F) {
	f.Add([]byte(`{"errorCode":0,"data":{"dataList":[{"_id":"1"}]}}`))
	f.Add([]byte(`{"errorCode":"0","data":{"dataList":{"_id":"1"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		data, e := open(body, time.Now())
		if e != nil {
			return
		}
		p, e := readPage(body, data)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.LessOrEqual(t, r.Off+r.Len, len(p.Raw))
			require.Equal(t, byte('{'), p.Raw[r.Off])
		}
	})
}

func FuzzReadDescription(f *testing.F) {
	f.Add([]byte(`{"describe":{"fields":{"a":{"api_name":"a","options":[{"label":"x","value":1}]}}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		described, e := readDescription(data)
		if e != nil {
			return
		}
		m := metadataOf(described)
		require.True(t, m.Has("_id"))
		for name := range m.Labels {
			require.True(t, m.Has(name), "a code list of a field that does not exist")
		}
	})
}
