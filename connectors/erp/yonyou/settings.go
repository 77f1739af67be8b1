package yonyou

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL       string            `cfg:"base_url" doc:"Address that tells which data centre a tenant lives in." doc_zh:"查询租户所在数据中心的地址。" default:"https://apigateway.yonyoucloud.com"`
	TenantID      string            `cfg:"tenant_id" doc:"Id of the tenant." doc_zh:"租户 ID。" example:"abcdef12" required:"true"`
	AppKey        string            `cfg:"app_key" doc:"Key of the self-built application." doc_zh:"自建应用的 appKey。" example:"41832a3d2df94989b500da6a22268747" required:"true"`
	AppSecret     connectors.Secret `cfg:"app_secret" doc:"Secret of the application." doc_zh:"自建应用的 appSecret。" required:"true"`
	Tenant        map[string]string `cfg:"tenant_fields" doc:"Further fields: STREAM.name to the name in the answer. The built-in maps know customers.kind, customers.uscc, customers.licence_no, customers.level, customers.province, customers.city, customers.address, customers.phone, products.spec, products.unit, products.approval_no, products.gtin, products.case_factor, products.inner_factor, salesout.lot." doc_zh:"更多字段：流.名称 对应返回中的字段名。内置映射识别 customers.kind、customers.uscc、customers.licence_no、customers.level、customers.province、customers.city、customers.address、customers.phone、products.spec、products.unit、products.approval_no、products.gtin、products.case_factor、products.inner_factor、salesout.lot。" example:"{customers.uscc: creditCode}"`
	Lots          string            `cfg:"lots" doc:"Where the lot of a sales outbound line stands: in the list, or only in the bill itself (one call more for every bill)." doc_zh:"销售出库行的批号位于：列表中（list），或仅在单据详情中（detail，每张单据多一次调用）。" default:"list" enum:"list,detail"`
	Orders        OrderSettings     `cfg:"orders" doc:"How to write sales orders; without it the hub only reads." doc_zh:"销售订单写入方式；不填写则只读。"`
	Audited       string            `cfg:"audited_status" doc:"Status of a bill that counts." doc_zh:"已生效单据的状态值。" default:"1" advanced:"true"`
	Paths         map[string]string `cfg:"paths" doc:"Lists that stand elsewhere than usual: STREAM to the path behind the gateway's address; salesout.detail is the path of one bill." doc_zh:"路径与默认不同的列表：流名 对应 网关地址之后的路径；salesout.detail 为单据详情路径。" example:"{customers: /yonbip/digitalModel/merchant/list}" advanced:"true"`
	Lines         string            `cfg:"detail_lines" doc:"Name of the list of lines in a bill's own answer." doc_zh:"单据详情中明细行数组的名称。" default:"details" advanced:"true"`
	TokenPath     string            `cfg:"token_path" doc:"Path of the token call." doc_zh:"获取令牌的路径。" default:"/open-auth/selfAppAuth/base/v1/getAccessToken" advanced:"true"`
	PerMinute     int               `cfg:"calls_per_minute" doc:"Most calls of one interface a minute: 60, or 120 with a package; 0 = no limit." doc_zh:"单个接口每分钟最多调用次数：默认 60，购买扩展包后为 120；0 表示不限。" default:"60" advanced:"true"`
	ThrottleTexts []string          `cfg:"throttle_texts" doc:"Words in a refusal that mean too many calls." doc_zh:"拒绝信息中表示调用超限的词。" default:"频繁,频率,超限,流控,limit" advanced:"true"`
	PageSize      int               `cfg:"page_size" doc:"Rows per page." doc_zh:"每页行数。" default:"100" min:"1" max:"5000" advanced:"true"`
	Overlap       time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports tenant fields of streams that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	return streams.CheckTenant("tenant_fields", s.Tenant)
}

// path is where a list, or a bill, stands.
func (s Settings) path(name, usual string) string {
	if own := s.Paths[name]; own != "" {
		return own
	}
	return usual
}
