package kingdee

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"tributary/connectors/httpsource"
)

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}

// classes of MsgCode; a code that is not listed is permanent.
var msgClass = map[string]httpsource.Class{
	"1": httpsource.ReauthOnce, "2": httpsource.Forbidden, "6": httpsource.Retry, "13": httpsource.Retry, "14": httpsource.Throttle,
	"15": httpsource.ConfigStop,
}

// msgEmpty is the code of a query that found nothing.
const msgEmpty = "10"

var transientTexts = []string{"会话已过期", "当前连接已断开", "服务器忙", "请求超时", "服务暂不可用"}

func isTransient(message string) bool {
	for _, t := range transientTexts {
		if strings.Contains(message, t) {
			return true
		}
	}
	return false
}

// judgeStatus knows the one failure that Kingdee reports by status: an account id that does not exist.
func judgeStatus(r *httpsource.Response) *httpsource.Error {
	if bytes.Contains(r.Body, []byte("Fail to verify thirty passport")) {
		return &httpsource.Error{Class: httpsource.ConfigStop, Message: "Fail to verify thirty passport (acct_id)"}
	}
	return nil
}

// serverException reads the text form in which the server reports its own exceptions.
func serverException(body []byte) *httpsource.Error {
	text, found := bytes.CutPrefix(bytes.TrimSpace(body), []byte("response_error:"))
	if !found {
		return nil
	}
	var exception struct{ Message string }
	message := string(text)
	if httpsource.Decode(text, &exception) == nil && exception.Message != "" {
		message = exception.Message
	}
	class := httpsource.Permanent
	if isTransient(message) {
		class = httpsource.Retry
	}
	return &httpsource.Error{Class: class, Code: "response_error", Message: message}
}

// status is Kingdee's own result of a call.
type status struct {
	IsSuccess any
	ErrorCode any
	MsgCode   any
	Errors    []struct{ Message string }
}

// failure finds an error envelope: an object, or an object dressed as the only row, once or twice wrapped.
func failure(body []byte) *httpsource.Error {
	inner := body
	for range 2 {
		var list []json.RawMessage
		if httpsource.Decode(inner, &list) != nil || len(list) != 1 {
			break
		}
		inner = list[0]
	}
	var envelope struct {
		Result         *struct{ ResponseStatus *status }
		ResponseStatus *status
		MsgCode        any
	}
	if httpsource.Decode(inner, &envelope) != nil {
		return nil
	}
	st := envelope.ResponseStatus
	if st == nil && envelope.Result != nil {
		st = envelope.Result.ResponseStatus
	}
	if st == nil || text(st.IsSuccess) == "true" {
		return nil
	}
	code := text(st.MsgCode)
	if code == "" {
		code = text(envelope.MsgCode)
	}
	var messages []string
	for _, e := range st.Errors {
		if !slices.Contains(messages, e.Message) { // Kingdee repeats one for every line of a bill
			messages = append(messages, e.Message)
		}
	}
	message := strings.Join(messages, "; ")
	class, ok := msgClass[code]
	if !ok {
		class = httpsource.Permanent
	}
	if class == httpsource.Permanent && isTransient(message) {
		class = httpsource.Retry
	}
	return &httpsource.Error{Class: class, Code: code, Message: message}
}

// judge is the verdict over an answer of a query service. In signature mode a lost context means wrong credentials:
// there is no session that could have expired.
func judge(signature bool) func(*httpsource.Response) *httpsource.Error {
	return func(r *httpsource.Response) *httpsource.Error {
		if e := serverException(r.Body); e != nil {
			return e
		}
		if e := httpsource.ExpectJSON(r.Body); e != nil {
			return e
		}
		e := failure(httpsource.Unquote(r.Body))
		if e == nil || e.Code == msgEmpty {
			return nil
		}
		if signature && e.Class == httpsource.ReauthOnce {
			e.Class = httpsource.ConfigStop
		}
		return e
	}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.ToLower(strings.TrimSpace(v))
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}
