package yonyou

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// login asks where the tenant lives, moves the clients there, and gets a token.
func (c *connection) logIn(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
	if !c.found {
		if err := c.find(ctx); err != nil {
			return httpsource.Token{}, err
		}
		c.found = true
	}
	return httpsource.ByItsClock(c.login, func() (httpsource.Token, error) { return c.token(ctx) })
}

// token gets a token by a signature that bears the time.
func (c *connection) token(ctx context.Context) (httpsource.Token, error) {
	now := c.login.SourceNow()
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	var answer struct {
		Token  string `json:"access_token"`
		Expire int    `json:"expire"`
	}
	err := c.ask(ctx, c.login, c.settings.TokenPath, url.Values{"appKey": {c.settings.AppKey}, "timestamp": {stamp}, "signature": {sign(c.settings.AppKey, stamp, c.settings.AppSecret.Reveal())}}, &answer)
	if err == nil && (answer.Token == "" || answer.Expire <= 0) {
		err = c.shape("login", "a token answer needs access_token and expire")
	}
	return httpsource.Token{Value: answer.Token, Expires: c.now().Add(time.Duration(answer.Expire) * time.Second)}, err
}

func (c *connection) find(ctx context.Context) error {
	var answer struct {
		Gateway string `json:"gatewayUrl"`
		Token   string `json:"tokenUrl"`
	}
	if err := c.ask(ctx, c.login, "/open-auth/dataCenter/getGatewayAddress", url.Values{"tenantId": {c.settings.TenantID}}, &answer); err != nil {
		return err
	}
	if answer.Gateway == "" || answer.Token == "" {
		return c.shape("login", "an answer about the tenant's data centre needs gatewayUrl and tokenUrl")
	}
	for _, move := range []struct {
		client  *httpsource.Client
		address string
	}{{c.login, answer.Token}, {c.api, answer.Gateway}} {
		if err := move.client.Rebase(move.address, "yonyoucloud.com", "diwork.com"); err != nil {
			return err
		}
	}
	return nil
}

// ask makes a call of the login, whose success has a code of its own.
func (c *connection) ask(ctx context.Context, client *httpsource.Client, path string, query url.Values, into any) error {
	_, err := client.Do(ctx, httpsource.Request{
		Op: "login", Method: http.MethodGet, Path: path, Query: query, NoAuth: true,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			data, e := c.open(r.Body, "00000")
			if e != nil {
				if e.Kind == httpsource.Plain && e.Class != httpsource.Throttle && e.Class != httpsource.Retry {
					e.Class = httpsource.ConfigStop // tenant, key or secret are wrong, or the application may not
				}
				return e
			}
			if err := json.Unmarshal(data, into); err != nil {
				return httpsource.UnknownShape("login answer: %v", err)
			}
			return nil
		},
	})
	return err
}

// sign is the signature over the sorted parameters, glued without anything between.
func sign(key, stamp, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("appKey" + key + "timestamp" + stamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// open checks an answer against the code of success and gives its data; the second result says why it is none. Codes come
// as text and as numbers; what the others mean is not published, so the message decides.
func (c *connection) open(body []byte, success string) (json.RawMessage, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var answer struct {
		Code    any             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return nil, httpsource.UnknownShape("%v", err)
	}
	switch code := objectsource.Text(answer.Code); code {
	case success:
		return answer.Data, nil
	case "":
		return nil, httpsource.UnknownShape("an answer without code")
	default:
		return nil, &httpsource.Error{Class: ClassOf(answer.Message, c.settings.ThrottleTexts), Code: code, Message: answer.Message}
	}
}
