package fhir

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
	BaseURL     string            `cfg:"base_url" doc:"Base address of the FHIR server." doc_zh:"FHIR 服务的基地址。" example:"https://hospital.example/fhir" required:"true"`
	Auth        string            `cfg:"auth" doc:"SMART backend services (a key registered with the server), user and password, a token that does not change, or nothing." doc_zh:"SMART 后端服务（在服务端登记公钥）、用户名密码、固定令牌，或不认证。" default:"smart" enum:"smart,basic,bearer,none"`
	ClientID    string            `cfg:"client_id" doc:"Client id, for auth: smart." doc_zh:"客户端 ID，用于 smart。" example:"tributary"`
	PrivateKey  connectors.Secret `cfg:"private_key" doc:"Private key in PEM form, RSA or EC on P-384, for auth: smart; best as a file reference." doc_zh:"PEM 格式私钥（RSA 或 P-384 椭圆曲线），用于 smart；建议用 file 引用。"`
	KeyID       string            `cfg:"key_id" doc:"Id of the key (kid) in the key set that was registered." doc_zh:"已登记密钥集中该密钥的标识（kid）。" example:"2025-01"`
	Scope       string            `cfg:"scope" doc:"Scopes to ask for; of SMART v1: system/*.read." doc_zh:"申请的权限范围；SMART v1 为 system/*.read。" default:"system/Organization.rs system/Practitioner.rs system/PractitionerRole.rs system/MedicationDispense.rs system/Medication.rs"`
	TokenURL    string            `cfg:"token_url" doc:"Token endpoint; empty: as .well-known/smart-configuration says, which must lie in the same domain." doc_zh:"令牌地址；留空则采用 .well-known/smart-configuration 中的地址（须与服务同域）。" advanced:"true"`
	User        string            `cfg:"user" doc:"User, for auth: basic." doc_zh:"用户名，用于 basic。" example:"tributary"`
	Password    connectors.Secret `cfg:"password" doc:"Password of the user." doc_zh:"用户密码。"`
	Token       connectors.Secret `cfg:"token" doc:"Token, for auth: bearer." doc_zh:"令牌，用于 bearer。"`
	Tenant      map[string]string `cfg:"tenant_fields" doc:"Further fields: STREAM.name to a path in the resource, a condition behind a colon choosing among several. The built-in maps know Organization.uscc, Organization.licence_no, Organization.institution_code, Organization.kind, Organization.level, Practitioner.title, Practitioner.organisation_id, MedicationDispense.product_code." doc_zh:"更多字段：流.名称 对应资源内路径，冒号后的条件用于在多个值中选取。内置映射识别 Organization.uscc、Organization.licence_no、Organization.institution_code、Organization.kind、Organization.level、Practitioner.title、Practitioner.organisation_id、MedicationDispense.product_code。" example:"{Organization.uscc: 'identifier.value:system=urn:oid:2.16.156.10011'}"`
	Handling    string            `cfg:"handling" doc:"Strict: the server must refuse parameters that it does not know. Lenient: it may ignore them, and then gives more than was asked for." doc_zh:"strict：服务端遇到不认识的参数须报错；lenient：可忽略，结果可能多于所求。" default:"strict" enum:"strict,lenient" advanced:"true"`
	RebaseLinks bool              `cfg:"rebase_links" doc:"Follow links to other pages at the configured address though they name another host, as servers behind a proxy give them." doc_zh:"翻页链接指向其他主机时（服务位于代理之后），仍按所配置的地址访问。" default:"false" advanced:"true"`
	Bulk        string            `cfg:"bulk" doc:"Read by bulk exports ($export, files of lines): auto (a first load from bulk_from resources on, where the server offers exports), always or never. The rows are the same either way." doc_zh:"是否使用批量导出（$export，按行文件）：auto（首次全量达到 bulk_from 条且服务端提供导出时）、always 总是、never 从不。所得数据相同。" default:"auto" enum:"auto,always,never"`
	BulkFrom    int               `cfg:"bulk_from" doc:"Resources from which bulk: auto exports." doc_zh:"bulk: auto 时，达到多少条改用批量导出。" default:"50000" min:"1" advanced:"true"`
	BulkPage    int               `cfg:"bulk_page_size" doc:"Rows per page of an export." doc_zh:"批量导出每页行数。" default:"1000" min:"1" max:"50000" advanced:"true"`
	BulkPoll    time.Duration     `cfg:"bulk_poll" doc:"Pause before an export is looked at again where the server names none; it grows to half a minute." doc_zh:"服务端未指定时查询导出状态的间隔，逐渐增至半分钟。" default:"2s" advanced:"true"`
	BulkWait    time.Duration     `cfg:"bulk_wait" doc:"How long an export may take before the run gives up." doc_zh:"导出最长等待时间，超过则结束本次运行。" default:"1h" advanced:"true"`
	PageSize    int               `cfg:"page_size" doc:"Rows per page; servers cut it as they like." doc_zh:"每页行数，服务端可能自行减少。" default:"100" min:"1" max:"5000" advanced:"true"`
	Overlap     time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows committed late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports what the chosen way to log in lacks, and names of streams that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	missing := map[string]map[string]bool{
		"smart":  {"client_id": s.ClientID == "", "private_key": s.PrivateKey.IsZero()},
		"basic":  {"user": s.User == "", "password": s.Password.IsZero()},
		"bearer": {"token": s.Token.IsZero()},
	}[s.Auth]
	for _, setting := range slices.Sorted(maps.Keys(missing)) {
		if missing[setting] {
			out = append(out, connectors.Need(setting, "auth: "+s.Auth))
		}
	}
	if s.Auth == "smart" && !s.PrivateKey.IsZero() {
		if key, err := httpsource.PrivateKey(s.PrivateKey); err != nil || !signs(key) {
			out = append(out, connectors.Problem{Path: "private_key", Err: errs.New(errs.Invalid, "connectors.private_key", nil)})
		}
	}
	return append(out, streams.CheckTenant("tenant_fields", s.Tenant)...)
}
