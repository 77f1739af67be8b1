package rest

import (
	"maps"
	"slices"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// Settings configure one connection.
type Settings struct {
	BaseURL  string            `cfg:"base_url" doc:"Address that paths are below." doc_zh:"接口地址，各路径均相对于它。" example:"https://api.example.com/v1" required:"true"`
	Auth     Auth              `cfg:"auth" doc:"How to log in." doc_zh:"登录方式。"`
	Streams  map[string]Stream `cfg:"streams" doc:"What to read, by name." doc_zh:"要读取的流，按名称列出。" required:"true"`
	Errors   Errors            `cfg:"errors" doc:"What failures look like, where it is not the HTTP status alone." doc_zh:"失败的表示方式（不仅是 HTTP 状态码时）。"`
	Headers  map[string]string `cfg:"headers" doc:"Headers of every call; not for secrets." doc_zh:"每次调用附带的请求头；不可放密钥。" example:"{X-Tenant: t1}" advanced:"true"`
	Zone     string            `cfg:"zone" doc:"Time zone of times that carry none: +08:00 or a name such as Asia/Shanghai." doc_zh:"不带时区的时间所在时区：+08:00 或 Asia/Shanghai 等名称。" default:"+08:00" advanced:"true"`
	PageSize int               `cfg:"page_size" doc:"Rows per call, the value of {limit}." doc_zh:"每次调用的行数，即 {limit} 的值。" default:"500" min:"1" max:"100000" advanced:"true"`
	Overlap  time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"10m" advanced:"true"`
	httpsource.Common
}

// Auth is how to log in.
type Auth struct {
	Kind         string            `cfg:"kind" doc:"none; basic (username, password); bearer (token); header (token in a header); query (token in a parameter of the URL); oauth2 (client credentials); login (a call that gives a token)." doc_zh:"none 无；basic（username、password）；bearer（token）；header（令牌放请求头）；query（令牌放 URL 参数）；oauth2（客户端凭证）；login（登录接口换取令牌）。" default:"none" enum:"none,basic,bearer,header,query,oauth2,login"`
	Token        connectors.Secret `cfg:"token" doc:"The token or API key." doc_zh:"令牌或 API Key。"`
	Username     string            `cfg:"username" doc:"User." doc_zh:"用户名。"`
	Password     connectors.Secret `cfg:"password" doc:"Password of the user." doc_zh:"用户密码。"`
	ClientID     string            `cfg:"client_id" doc:"Id of the application." doc_zh:"应用 ID。"`
	ClientSecret connectors.Secret `cfg:"client_secret" doc:"Secret of the application." doc_zh:"应用密钥。"`
	Scope        string            `cfg:"scope" doc:"Scope to ask for, for oauth2." doc_zh:"申请的 scope，用于 oauth2。"`
	Path         string            `cfg:"path" doc:"Where oauth2 or login get the token: a path below base_url or a whole address." doc_zh:"oauth2 或 login 获取令牌的地址：base_url 之下的路径或完整地址。" example:"/oauth/token"`
	Send         string            `cfg:"send" doc:"How login sends its params." doc_zh:"login 的参数发送方式。" default:"json" enum:"json,form,query"`
	Params       map[string]any    `cfg:"params" doc:"Params of login, with {username}, {password}, {client_id}, {client_secret}." doc_zh:"login 的参数，可用 {username}、{password}、{client_id}、{client_secret}。" example:"{user: '{username}', pwd: '{password}'}"`
	Answer       string            `cfg:"answer" doc:"Path of the token in login's answer." doc_zh:"login 返回中令牌的路径。" default:"access_token" example:"data.accessToken"`
	Expires      string            `cfg:"expires" doc:"Path of the token's life in seconds." doc_zh:"令牌有效秒数的路径。" default:"expires_in"`
	Header       string            `cfg:"header" doc:"Header that carries the token." doc_zh:"携带令牌的请求头。" example:"X-Api-Key"`
	Param        string            `cfg:"param" doc:"Parameter of the URL that carries the token, instead of a header." doc_zh:"携带令牌的 URL 参数（代替请求头）。" example:"access_token"`
	Prefix       string            `cfg:"prefix" doc:"Text before the token in the header; Bearer and a space for bearer and oauth2." doc_zh:"请求头中令牌之前的文字；bearer 与 oauth2 默认为 Bearer 加空格。"`
}

// CheckSettings reports what the kind of login needs.
func (a Auth) CheckSettings() connectors.Problems {
	needs := map[string][]string{"basic": {"username", "password"}, "bearer": {"token"}, "header": {"token", "header"}, "query": {"token", "param"},
		"oauth2": {"path", "client_id", "client_secret"}, "login": {"path", "params"}}
	given := map[string]bool{"username": a.Username != "", "password": !a.Password.IsZero(), "token": !a.Token.IsZero(), "header": a.Header != "", "param": a.Param != "",
		"path": a.Path != "", "client_id": a.ClientID != "", "client_secret": !a.ClientSecret.IsZero(), "params": len(a.Params) > 0}
	var out connectors.Problems
	for _, name := range needs[a.Kind] {
		if !given[name] {
			out = append(out, connectors.Need(name, "kind: "+a.Kind))
		}
	}
	return append(out, placeholders("params", a.Params, "username", "password", "client_id", "client_secret")...)
}

// Errors is the vocabulary of failures. An item of a list is a code, or a word of the message after ~.
type Errors struct {
	OK        string            `cfg:"ok" doc:"Path of the value that tells success inside HTTP 200." doc_zh:"HTTP 200 内表示成功与否的路径。" example:"code"`
	OKValues  []string          `cfg:"ok_values" doc:"Values of ok that mean success." doc_zh:"表示成功的取值。" default:"0,200,true,success" example:"[0, '200']"`
	Code      string            `cfg:"code" doc:"Path of the failure's code; without ok, an answer that has one is a failure." doc_zh:"错误码路径；未设置 ok 时，出现该值即为失败。" example:"error.code"`
	Message   string            `cfg:"message" doc:"Path of the failure's message." doc_zh:"错误信息路径。" example:"msg"`
	Retry     []string          `cfg:"retry" doc:"Codes, or ~words of the message, of passing trouble." doc_zh:"暂时性错误的错误码，或 ~信息中的词。" example:"['-1', '~timeout']"`
	Throttle  []string          `cfg:"throttle" doc:"The same of too many calls." doc_zh:"调用超限的错误码或 ~词。"`
	Reauth    []string          `cfg:"reauth" doc:"The same of a token that is not valid any more." doc_zh:"令牌失效的错误码或 ~词。"`
	Restart   []string          `cfg:"restart" doc:"The same of a page token that died." doc_zh:"翻页令牌失效的错误码或 ~词。"`
	Forbidden []string          `cfg:"forbidden" doc:"The same of missing rights." doc_zh:"权限不足的错误码或 ~词。"`
	Stop      []string          `cfg:"stop" doc:"The same of wrong credentials: the connection is not tried again by itself." doc_zh:"凭证错误的错误码或 ~词：不再自动重试。"`
	Status    map[string]string `cfg:"status" doc:"HTTP status to retry, throttle, reauth, restart, forbidden, stop or permanent, where it differs from the usual." doc_zh:"HTTP 状态码对应的处理：retry、throttle、reauth、restart、forbidden、stop、permanent。" example:"{'410': restart}"`
}

// classes are the words of the settings for what a failure calls for.
var classes = map[string]httpsource.Class{"retry": httpsource.Retry, "throttle": httpsource.Throttle, "reauth": httpsource.ReauthOnce, "restart": httpsource.RestartCursor,
	"forbidden": httpsource.Forbidden, "stop": httpsource.ConfigStop, "permanent": httpsource.Permanent}

// CheckSettings reports words that are no classes.
func (e Errors) CheckSettings() connectors.Problems {
	var out connectors.Problems
	for _, status := range slices.Sorted(maps.Keys(e.Status)) {
		if classes[e.Status[status]] == "" {
			out = append(out, problem("status", "rest.class", errs.Args{"value": e.Status[status], "known": "retry, throttle, reauth, restart, forbidden, stop, permanent"}))
		}
	}
	return out
}

func problem(name, code string, args errs.Args) connectors.Problem {
	return connectors.Problem{Path: name, Err: errs.New(errs.Invalid, code, args)}
}
