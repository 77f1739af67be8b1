package vault

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL      string            `cfg:"base_url" doc:"Address of the vault." doc_zh:"Vault 的地址。" example:"https://example.veevavault.com" required:"true"`
	Auth         string            `cfg:"auth" doc:"User and password; OAuth (a token of your identity provider exchanged for a session); or an API access token." doc_zh:"登录方式：用户名密码；OAuth（用身份提供方的令牌换取会话）；或 API 访问令牌。" default:"password" enum:"password,oauth,token"`
	User         string            `cfg:"user" doc:"Integration user, for auth: password." doc_zh:"集成用户名，用于 password。" example:"integration@example.com"`
	Password     connectors.Secret `cfg:"password" doc:"Its password." doc_zh:"集成用户的密码。"`
	AccessToken  connectors.Secret `cfg:"access_token" doc:"API access token (veeva-vault-…), for auth: token." doc_zh:"API 访问令牌（veeva-vault-…），用于 token。"`
	TokenURL     string            `cfg:"token_url" doc:"Token endpoint of the identity provider, for auth: oauth." doc_zh:"身份提供方的令牌端点，用于 oauth。" example:"https://idp.example.com/oauth2/token"`
	ClientID     string            `cfg:"client_id" doc:"Client at the identity provider." doc_zh:"在身份提供方登记的客户端标识。"`
	ClientSecret connectors.Secret `cfg:"client_secret" doc:"Secret of the client." doc_zh:"客户端密钥。"`
	Scope        string            `cfg:"scope" doc:"Scope to ask the identity provider for." doc_zh:"向身份提供方请求的 scope。" default:"openid" advanced:"true"`
	Profile      string            `cfg:"profile" doc:"OAuth 2.0 / OpenID Connect profile of Vault (_9ad0a091-…)." doc_zh:"Vault 中的 OAuth 2.0 / OpenID Connect 配置标识（_9ad0a091-…）。"`
	LoginURL     string            `cfg:"login_url" doc:"Where OAuth tokens are exchanged." doc_zh:"OAuth 令牌换取会话的地址。" default:"https://login.veevavault.com" advanced:"true"`
	VaultID      string            `cfg:"vault_id" doc:"Id of the vault, to be sure that the session is in it; empty: its address is compared." doc_zh:"Vault 编号，用于确认会话进入的是该 Vault；留空则比较地址。" example:"1000123" advanced:"true"`
	Version      string            `cfg:"api_version" doc:"Version of the API." doc_zh:"API 版本。" default:"v25.1" advanced:"true"`
	Account      string            `cfg:"account_object" doc:"Object of accounts, institutions and persons." doc_zh:"客户对象（机构与个人）。" default:"account__v" advanced:"true"`
	Address      string            `cfg:"address_object" doc:"Object of their addresses." doc_zh:"地址对象。" default:"address__v" advanced:"true"`
	Call         string            `cfg:"call_object" doc:"Object of calls." doc_zh:"拜访对象。" default:"call2__v" advanced:"true"`
	HCO          string            `cfg:"hco_where" doc:"VQL condition that institutions fulfil." doc_zh:"机构满足的 VQL 条件。" default:"ispersonaccount__v = false" advanced:"true"`
	HCP          string            `cfg:"hcp_where" doc:"VQL condition that persons fulfil." doc_zh:"个人（医生）满足的 VQL 条件。" default:"ispersonaccount__v = true" advanced:"true"`
	Tenant       map[string]string `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's name. The built-in maps know hco.uscc, hco.licence_no, hco.kind, hco.level, hco.phone, hcp.title, hcp.department, hcp.tier, hcp.phone, hcp.email, call.owner, call.result." doc_zh:"自定义字段：流.名称 对应字段名。内置映射识别 hco.uscc、hco.licence_no、hco.kind、hco.level、hco.phone、hcp.title、hcp.department、hcp.tier、hcp.phone、hcp.email、call.owner、call.result。" example:"{hco.uscc: uscc__c}"`
	Reserve      float64           `cfg:"burst_reserve" doc:"Share of the vault's calls per five minutes that is left to others: below it calls slow down." doc_zh:"每五分钟调用额度中留给其他系统的比例；低于该比例时自动放慢。" default:"0.2" advanced:"true"`
	PageSize     int               `cfg:"page_size" doc:"Rows per page; Vault sends fewer where rows are wide." doc_zh:"每页行数；行较宽时 Vault 会自动减少。" default:"1000" min:"1" max:"1000" advanced:"true"`
	Overlap      time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	Timeout      time.Duration     `cfg:"timeout" doc:"Longest time one call may take. Beyond its limit Vault answers late instead of refusing." doc_zh:"单次调用的最长时间。超过额度时 Vault 会延迟应答而不是拒绝。" default:"5m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports settings that do not fit the chosen login.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	need := func(name string, missing bool) {
		if missing {
			out = append(out, connectors.Need(name, "auth: "+s.Auth))
		}
	}
	switch s.Auth {
	case "password":
		need("user", s.User == "")
		need("password", s.Password.IsZero())
	case "token":
		need("access_token", s.AccessToken.IsZero())
	case "oauth":
		need("token_url", s.TokenURL == "")
		need("client_id", s.ClientID == "")
		need("client_secret", s.ClientSecret.IsZero())
		need("profile", s.Profile == "")
	}
	return append(out, streams.CheckTenant("tenant_fields", s.Tenant)...)
}

// options are those of a client for one of the hosts.
func (s Settings) options(address string, env connectors.Env) httpsource.Options {
	s.Common.Timeout = s.Timeout
	return s.Options("Veeva Vault", address, env)
}
