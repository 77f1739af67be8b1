package sap

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// Settings configure one connection.
type Settings struct {
	BaseURL      string            `cfg:"base_url" doc:"Address of the system or of the gateway before it, without /sap/opu." doc_zh:"系统或其前置网关的地址，不含 /sap/opu。" example:"https://my300000-api.s4hana.sapcloud.cn" required:"true"`
	Auth         string            `cfg:"auth" doc:"How calls are authorised: user and password of a communication user, OAuth client credentials, or the key of an API management." doc_zh:"认证方式：通信用户名与密码、OAuth 客户端凭证，或 API 管理平台的密钥。" default:"basic" enum:"basic,oauth,api_key"`
	User         string            `cfg:"user" doc:"Communication user, for auth: basic." doc_zh:"通信用户名，用于 basic。" example:"TRIBUTARY"`
	Password     connectors.Secret `cfg:"password" doc:"Password of the user." doc_zh:"用户密码。"`
	TokenURL     string            `cfg:"token_url" doc:"Token endpoint, for auth: oauth." doc_zh:"令牌地址，用于 oauth。" example:"https://example.authentication.sapcloud.cn/oauth/token"`
	ClientID     string            `cfg:"client_id" doc:"Client id, for auth: oauth." doc_zh:"客户端 ID，用于 oauth。" example:"sb-tributary"`
	ClientSecret connectors.Secret `cfg:"client_secret" doc:"Client secret, for auth: oauth." doc_zh:"客户端密钥，用于 oauth。"`
	APIKey       connectors.Secret `cfg:"api_key" doc:"Key sent as APIKey, for auth: api_key." doc_zh:"以 APIKey 请求头发送的密钥，用于 api_key。"`
	Client       string            `cfg:"sap_client" doc:"SAP client (Mandant) of a system on premise; empty: its default." doc_zh:"本地部署系统的 Client（集团）；留空为系统默认。" example:"100"`
	Language     string            `cfg:"language" doc:"Language of descriptions, as two letters." doc_zh:"描述文字的语言，两位字母。" default:"ZH"`
	Services     map[string]string `cfg:"services" doc:"Entity sets that stand elsewhere than usual: STREAM to the path of the set, V2 or V4." doc_zh:"实体集路径与默认不同时填写：流名 对应 实体集路径，V2 或 V4 均可。" example:"{customers: /sap/opu/odata4/sap/api_business_partner/srvd_a2x/sap/businesspartner/0001/A_BusinessPartner}"`
	Tenant       map[string]string `cfg:"tenant_fields" doc:"Further fields: STREAM.name to a property, NAVIGATION.property of a related row, or NAVIGATION.property:OTHER=VALUE of the related row that fits; item.property in deliveries. The built-in maps know customers.uscc, customers.licence_no, customers.kind, customers.level, customers.province, customers.phone, products.spec, products.approval_no, products.gtin, products.case_factor, products.inner_factor, batches.released_quantity." doc_zh:"更多字段：流.名称 对应属性、关联实体的 NAVIGATION.属性，或满足条件的关联实体 NAVIGATION.属性:其他属性=值；交货单行写作 item.属性。内置映射识别 customers.uscc、customers.licence_no、customers.kind、customers.level、customers.province、customers.phone、products.spec、products.approval_no、products.gtin、products.case_factor、products.inner_factor、batches.released_quantity。" example:"{customers.uscc: 'to_BusinessPartnerTax.BPTaxNumber:BPTaxType=CN5'}"`
	Orders       OrderSettings     `cfg:"orders" doc:"Orders that the hub writes into SAP." doc_zh:"由本系统写入 SAP 的订单。"`
	Zone         string            `cfg:"zone" doc:"Time zone of the system's dates and times that carry none: +08:00 or a name such as Asia/Shanghai." doc_zh:"系统中不带时区的日期与时间所在时区：+08:00 或 Asia/Shanghai 等名称。" default:"+08:00" advanced:"true"`
	PageSize     int               `cfg:"page_size" doc:"Rows per question; a server may answer them in several pages." doc_zh:"每次查询的行数，服务端可能分多页返回。" default:"1000" min:"1" max:"5000" advanced:"true"`
	Overlap      time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows committed late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"5m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports what the chosen way to log in lacks, and names of streams and zones that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	for name, missing := range map[string]map[string]bool{
		"basic":   {"user": s.User == "", "password": s.Password.IsZero()},
		"oauth":   {"token_url": s.TokenURL == "", "client_id": s.ClientID == "", "client_secret": s.ClientSecret.IsZero()},
		"api_key": {"api_key": s.APIKey.IsZero()},
	} {
		for _, setting := range slices.Sorted(maps.Keys(missing)) {
			if name == s.Auth && missing[setting] {
				out = append(out, connectors.Need(setting, "auth: "+name))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		if _, err := streams.Of(name); err != nil {
			out = append(out, connectors.Problem{Path: "services", Err: errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": name, "known": strings.Join(names(), ", ")})})
		}
	}
	if _, err := config.ParseZone(s.Zone); err != nil {
		out = append(out, connectors.Problem{Path: "zone", Err: errs.New(errs.Invalid, "database.setting_zone", errs.Args{"zone": s.Zone})})
	}
	return append(out, streams.CheckTenant("tenant_fields", s.Tenant)...)
}

func names() (out []string) {
	for _, st := range streams {
		out = append(out, st.Info.Name)
	}
	return out
}
