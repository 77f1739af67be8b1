package msfx

import (
	"context"
	"crypto/hmac"
	"crypto/md5" // the gateway's, not ours to choose
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// zone is that of every time: they carry none.
var zone = time.FixedZone("+08:00", 8*3600)

// signer completes the parameters of a call and signs them all, anew for every try.
type signer struct {
	settings Settings
	now      func() time.Time // the gateway's clock
}

// Apply adds what every call carries, and the signature.
func (s signer) Apply(_ context.Context, out *httpsource.Outgoing) (string, error) {
	form, err := url.ParseQuery(string(out.Body))
	if err != nil {
		return "", fmt.Errorf("sign a call: %w", err)
	}
	for name, value := range map[string]string{
		"app_key": s.settings.AppKey, "session": s.settings.Session.Reveal(), "timestamp": s.now().In(zone).Format(time.DateTime), "v": "2.0",
		"sign_method": s.settings.SignMethod, "format": "json", "simplify": "true",
	} {
		form.Set(name, value)
	}
	maps.DeleteFunc(form, func(name string, values []string) bool { return name == "" || values[0] == "" })
	form.Set("sign", sign(form, s.settings.SignMethod, s.settings.AppSecret.Reveal()))
	out.Body = []byte(form.Encode())
	return "signed", nil
}

// Refused has nothing to drop: the answer that refused a timestamp has told the gateway's clock, by which the next is made.
func (signer) Refused(string) {}

// sign is the signature over the parameters in the order of their names, glued without anything between.
func sign(form url.Values, method, secret string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text.WriteString(name + form.Get(name))
	}
	var h hash.Hash
	switch method {
	case "md5":
		h = md5.New()
		text.WriteString(secret)
		h.Write([]byte(secret))
	case "hmac":
		h = hmac.New(md5.New, []byte(secret))
	default:
		h = hmac.New(sha256.New, []byte(secret))
	}
	h.Write([]byte(text.String()))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// call asks one interface and gives the result of its answer, which passed both gates, and the answer as received.
func (c *connection) call(ctx context.Context, method string, params map[string]string) (result map[string]any, raw []byte, err error) {
	form := url.Values{"method": {prefix + method}}
	for name, value := range params {
		form.Set(name, value)
	}
	resp, err := c.client.Do(ctx, httpsource.Request{
		Op: method, Method: http.MethodPost, Path: "/router/rest", Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}},
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			result, e = open(r.Body, method)
			return e
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return result, resp.Body, nil
}

const prefix = "alibaba.alihealth.drug."

// open passes an answer through both gates.
func open(body []byte, method string) (map[string]any, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var answer map[string]any
	if err := httpsource.Decode(body, &answer); err != nil {
		return nil, httpsource.UnknownShape("%v", err)
	}
	if refused, ok := answer["error_response"].(map[string]any); ok {
		return nil, gateway(refused)
	}
	if inner, ok := answer[strings.ReplaceAll(prefix+method, ".", "_")+"_response"].(map[string]any); ok {
		answer = inner
	}
	result, ok := answer["result"].(map[string]any)
	if !ok {
		return nil, httpsource.UnknownShape("an answer without result")
	}
	for _, flag := range []string{"response_success", "success", "response_status"} { // each interface has its own
		v, has := result[flag]
		switch fmt.Sprint(v) {
		case "true":
			return result, nil
		case "false":
			return nil, &httpsource.Error{Class: httpsource.Permanent, Code: objectsource.Text(result["msg_code"]), Message: objectsource.Text(result["msg_info"])}
		}
		if has {
			return nil, httpsource.UnknownShape("%s is neither true nor false", flag)
		}
	}
	return nil, httpsource.UnknownShape("a result that does not say whether it is a success")
}

var ban = regexp.MustCompile(`last for (\d+) more second`)

// gateway is what an error_response calls for.
func gateway(refused map[string]any) *httpsource.Error {
	code, sub := objectsource.Text(refused["code"]), objectsource.Text(refused["sub_code"])
	e := &httpsource.Error{Class: httpsource.Permanent, Code: code, Message: strings.TrimSpace(objectsource.Text(refused["msg"]) + " " + sub + " " + objectsource.Text(refused["sub_msg"]))}
	switch code {
	case "":
		return httpsource.UnknownShape("an error_response without code")
	case "7":
		e.Class = httpsource.Throttle
		if m := ban.FindStringSubmatch(e.Message); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
				e.Wait = time.Duration(n+1) * time.Second // the second under way counts too
			}
		}
	case "11":
		e.Class = httpsource.Forbidden
	case "31": // the timestamp: signed anew, it may be right
		e.Class = httpsource.ReauthOnce
	case "12", "22", "25", "27", "29", "30", "32", "33":
		e.Class = httpsource.ConfigStop
	default:
		if strings.HasPrefix(sub, "isp.") {
			e.Class = httpsource.Retry
		}
	}
	return e
}

// list is a list of the result under one of its names; without simplify it stands in an object of its own.
func list(result map[string]any, names ...string) ([]map[string]any, error) {
	for _, name := range names {
		v, has := result[name]
		if !has {
			continue
		}
		if wrapped, ok := v.(map[string]any); ok && len(wrapped) == 1 {
			for _, inner := range wrapped {
				v = inner
			}
		}
		items, ok := v.([]any)
		if !ok && v != nil {
			return nil, errors.New(name + " is not a list")
		}
		out := make([]map[string]any, len(items))
		for i, item := range items {
			if out[i], ok = item.(map[string]any); !ok {
				return nil, errors.New("an entry of " + name + " is not an object")
			}
		}
		return out, nil
	}
	return nil, errors.New("a result without " + strings.Join(names, " or "))
}

// texts is a list of texts, as it is or in an object of its own.
func texts(v any) (out []string) {
	if wrapped, ok := v.(map[string]any); ok && len(wrapped) == 1 {
		for _, inner := range wrapped {
			v = inner
		}
	}
	items, _ := v.([]any)
	for _, item := range items {
		out = append(out, objectsource.Text(item))
	}
	return out
}

func number(v any) (int, error) {
	n, err := json.Number(objectsource.Text(v)).Int64()
	return int(n), err
}
