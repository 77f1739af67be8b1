package epcis

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL      string            `cfg:"base_url" doc:"Address of the repository; /events is below it." doc_zh:"仓库地址，其下为 /events。" example:"https://epcis.partner.example/v2" required:"true"`
	Auth         string            `cfg:"auth" doc:"How to log in: oauth2 (client credentials), bearer (a token that does not change), basic, or none." doc_zh:"登录方式：oauth2（客户端凭证）、bearer（固定令牌）、basic（用户名密码）或 none。" default:"oauth2" enum:"oauth2,bearer,basic,none"`
	TokenURL     string            `cfg:"token_url" doc:"Token endpoint, for oauth2." doc_zh:"oauth2 的令牌地址。" example:"https://login.partner.example/oauth2/token"`
	ClientID     string            `cfg:"client_id" doc:"Id of the client, for oauth2." doc_zh:"oauth2 的客户端 ID。"`
	ClientSecret connectors.Secret `cfg:"client_secret" doc:"Secret of the client, for oauth2." doc_zh:"oauth2 的客户端密钥。"`
	Scope        string            `cfg:"scope" doc:"Scope to ask for, for oauth2." doc_zh:"oauth2 申请的 scope。"`
	Token        connectors.Secret `cfg:"token" doc:"The token, for bearer." doc_zh:"bearer 的令牌。"`
	User         string            `cfg:"user" doc:"User, for basic." doc_zh:"basic 的用户名。"`
	Password     connectors.Secret `cfg:"password" doc:"Password of the user, for basic." doc_zh:"basic 的密码。"`
	Query        map[string]string `cfg:"query" doc:"More parameters of the standard's query, to read a part of the events only." doc_zh:"标准查询的其他参数，用于只读取部分事件。" example:"{EQ_bizStep: shipping}"`
	PageSize     int               `cfg:"page_size" doc:"Events per call; the repository may give fewer." doc_zh:"每次调用的事件数，仓库可能返回更少。" default:"500" min:"1" max:"10000" advanced:"true"`
	Overlap      time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch events recorded late." doc_zh:"每次运行向前重读的时长，用于补上延迟记录的事件。" default:"10m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports what the kind of login needs.
func (s Settings) CheckSettings() connectors.Problems {
	given := map[string]bool{"token_url": s.TokenURL != "", "client_id": s.ClientID != "", "client_secret": !s.ClientSecret.IsZero(), "token": !s.Token.IsZero(), "user": s.User != "", "password": !s.Password.IsZero()}
	var out connectors.Problems
	for _, name := range map[string][]string{"oauth2": {"token_url", "client_id", "client_secret"}, "bearer": {"token"}, "basic": {"user", "password"}}[s.Auth] {
		if !given[name] {
			out = append(out, connectors.Need(name, "auth: "+s.Auth))
		}
	}
	return out
}
