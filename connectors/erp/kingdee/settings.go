package kingdee

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL   string            `cfg:"base_url" doc:"Address of the site, with or without /K3Cloud." doc_zh:"站点地址，可带或不带 /K3Cloud。" example:"https://example.ik3cloud.com/K3Cloud" required:"true"`
	AcctID    string            `cfg:"acct_id" doc:"Id of the data centre (账套)." doc_zh:"数据中心（账套）标识。" example:"6400aabbccdd" required:"true"`
	User      string            `cfg:"user" doc:"Integration user; it sees only the organisations and fields it has rights to." doc_zh:"集成用户；只能看到其有权限的组织与字段。" example:"integration" required:"true"`
	Auth      string            `cfg:"auth" doc:"How to log in: signed login (recommended), application secret, password, or a signature on every request." doc_zh:"登录方式：签名登录（推荐）、应用密钥登录、密码登录、逐请求签名。" default:"login_sign" enum:"login_sign,login_secret,password,signature"`
	AppID     string            `cfg:"app_id" doc:"Id of the third-party application; needed unless auth is password." doc_zh:"第三方应用标识；除密码登录外必填。" example:"100001_QUJDREVG"`
	AppSecret connectors.Secret `cfg:"app_secret" doc:"Secret of the third-party application." doc_zh:"第三方应用密钥。"`
	Password  connectors.Secret `cfg:"password" doc:"Password of the user, for auth: password." doc_zh:"用户密码，仅用于密码登录。"`
	LCID      int               `cfg:"lcid" doc:"Language of the session: 2052 Chinese, 1033 English, 3076 Traditional Chinese." doc_zh:"会话语言：2052 简体中文，1033 英文，3076 繁体中文。" default:"2052" advanced:"true"`
	OrgNum    string            `cfg:"org_num" doc:"Number of the organisation to act in, for auth: signature." doc_zh:"组织编码，仅用于逐请求签名。" advanced:"true"`
	Digest    string            `cfg:"digest" doc:"Digest of the signed login; builds before 2022-05 know sha1 only." doc_zh:"签名登录的摘要算法；2022 年 5 月以前的版本只支持 sha1。" default:"sha256" enum:"sha256,sha1" advanced:"true"`
	PageSize  int               `cfg:"page_size" doc:"Rows per call." doc_zh:"每次调用的行数。" default:"2000" min:"1" max:"10000" advanced:"true"`
	Method    string            `cfg:"query_method" doc:"Query service; releases before 2023-09 have ExecuteBillQuery only." doc_zh:"查询服务；2023 年 9 月以前的版本只有 ExecuteBillQuery。" default:"BillQuery" enum:"BillQuery,ExecuteBillQuery" advanced:"true"`
	Overlap   time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch documents stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的单据。" default:"2m" advanced:"true"`
	Tenant    map[string]string `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's key in Kingdee. The built-in maps know BD_Customer.licence_no, BD_MATERIAL.approval_no, BD_MATERIAL.gtin, BD_MATERIAL.case_factor, BD_MATERIAL.inner_factor, BD_MATERIAL.code_prefixes (drug identification codes, separated by /) and BD_BatchMainFile.released_quantity." doc_zh:"自定义字段：流.名称 对应金蝶字段标识。内置映射识别 BD_Customer.licence_no、BD_MATERIAL.approval_no、BD_MATERIAL.gtin、BD_MATERIAL.case_factor、BD_MATERIAL.inner_factor、BD_MATERIAL.code_prefixes（药品标识码，以 / 分隔）、BD_BatchMainFile.released_quantity。" example:"{BD_MATERIAL.case_factor: F_ABCD_CaseQty}"`
	Orders    OrderSettings     `cfg:"orders" doc:"How to write orders; without it the hub only reads." doc_zh:"订单写入方式；不填写则只读。"`
	httpsource.Common
}

// CheckSettings reports settings that do not fit the chosen login.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	because := "auth: " + s.Auth
	if s.Auth == "password" {
		if s.Password.IsZero() {
			out = append(out, connectors.Need("password", because))
		}
	} else {
		if s.AppID == "" {
			out = append(out, connectors.Need("app_id", because))
		}
		if s.AppSecret.IsZero() {
			out = append(out, connectors.Need("app_secret", because))
		}
	}
	return append(out, streams.CheckTenant("tenant_fields", s.Tenant)...)
}
