package kingdee

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"tributary/connectors/httpsource"
)

const loginService = "Kingdee.BOS.WebApi.ServicesStub.AuthService."

// signer signs every request; there is no session to lose.
type signer struct {
	settings Settings
	now      func() time.Time
}

func (a signer) Apply(_ context.Context, out *httpsource.Outgoing) (string, error) {
	signRequest(a.settings, out.Path, a.now().Unix(), out.Header)
	return "signature", nil
}

func (signer) Refused(string) {}

// newSession logs in and holds the session id.
func newSession(c *httpsource.Client, s Settings, now func() time.Time) *httpsource.Session {
	return httpsource.NewSession(now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		method, parameters := loginCall(s, now())
		body, err := json.Marshal(map[string]any{"parameters": parameters})
		if err != nil {
			return httpsource.Token{}, err
		}
		var token httpsource.Token
		_, err = c.Do(ctx, httpsource.Request{
			Op: "login", Method: http.MethodPost, Path: loginService + method + ".common.kdsvc", Body: body,
			Header: jsonHeader(), NoAuth: true, JudgeStatus: judgeStatus,
			Judge: func(r *httpsource.Response) *httpsource.Error {
				var e *httpsource.Error
				token.Value, e = readLogin(r.Body)
				return e
			},
		})
		return token, err
	})
}

func loginCall(s Settings, now time.Time) (method string, parameters []any) {
	switch s.Auth {
	case "password":
		return "ValidateUser", []any{s.AcctID, s.User, s.Password.Reveal(), s.LCID}
	case "login_secret":
		return "LoginByAppSecret", []any{s.AcctID, s.User, s.AppID, s.AppSecret.Reveal(), s.LCID}
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	return "LoginBySign", []any{s.AcctID, s.User, s.AppID, stamp, loginSign(s, stamp), s.LCID}
}

// readLogin takes the session id out of a login answer. Kingdee refuses with HTTP 200.
func readLogin(body []byte) (string, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return "", e
	}
	if e := serverException(body); e != nil {
		return "", e
	}
	var answer struct {
		LoginResultType *json.Number
		Message         string
		MessageCode     string
		KDSVCSessionId  string
		Context         struct{ SessionId string }
	}
	if err := httpsource.Decode(httpsource.Unquote(body), &answer); err != nil {
		return "", httpsource.UnknownShape("login answer: %v", err)
	}
	if answer.LoginResultType == nil {
		return "", httpsource.UnknownShape("login answer without LoginResultType")
	}
	id := answer.KDSVCSessionId
	if id == "" {
		id = answer.Context.SessionId
	}
	switch result := answer.LoginResultType.String(); {
	case result == "1" && id == "":
		return "", httpsource.UnknownShape("login answer without a session id")
	case result == "1", result == "-5" && id != "": // -5: logged in, with advice to change the password
		return id, nil
	case isTransient(answer.Message):
		return "", &httpsource.Error{Class: httpsource.Retry, Code: result, Message: answer.Message}
	default:
		return "", &httpsource.Error{Class: httpsource.ConfigStop, Code: result, Message: answer.Message}
	}
}
