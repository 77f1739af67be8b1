package msfx

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestBothGates(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]httpsource.Class{
		`{"result":{"success":true}}`: "",
		`{"alibaba_alihealth_drug_kyt_searchbill_response":{"result":{"response_success":"true"}}}`: "",
		`{"result":{"response_status":"false","msg_code":"X","msg_info":"失败"}}`:                     httpsource.Permanent,
		`{"error_response":{"code":15,"sub_code":"isp.system-busy"}}`:                               httpsource.Retry,
		`{"error_response":{"code":"15","sub_code":"isv.invalid-parameter"}}`:                       httpsource.Permanent,
		`{"error_response":{"code":11}}`:                                                            httpsource.Forbidden,
		`{"error_response":{"code":27}}`:                                                            httpsource.ConfigStop,
		`{"error_response":{"code":31}}`:                                                            httpsource.ReauthOnce,
		`{"error_response":{"code":7,"sub_msg":"This ban will last for 2 more seconds"}}`:           httpsource.Throttle,
		`<?xml version="1.0"?><x/>`:                                                                 httpsource.Retry,
	} {
		_, e := open([]byte(body), "kyt.searchbill")
		if want == "" {
			require.Nil(t, e, body)
			continue
		}
		require.Equal(t, want, e.Class, body)
		if want == httpsource.Throttle {
			require.Equal(t, 3*time.Second, e.Wait)
		}
	}
	for _, body := range []string{`{}`, `{"result":[]}`, `{"result":{}}`, `{"result":{"success":1}}`, `{"error_response":{}}`, `[]`} {
		_, e := open([]byte(body), "kyt.searchbill")
		require.Equal(t, httpsource.Shape, e.Kind, body)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"result":{"success":true,"model_list":{"x":[{"a":1}]}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		result, e := open(body, "kyt.searchbill")
		if e != nil {
			return
		}
		if bills, err := list(result, "model_list"); err == nil {
			_, _ = collect(bills)
		}
	})
}
