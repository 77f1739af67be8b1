package u8

import (
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL       string            `cfg:"base_url" doc:"Address of the open platform." doc_zh:"开放平台地址。" default:"https://api.yonyouup.com"`
	FromAccount   string            `cfg:"from_account" doc:"Account of the caller, to which the application belongs." doc_zh:"调用方账号（应用所属的开发者账号）。" example:"acme_dev" required:"true"`
	ToAccount     string            `cfg:"to_account" doc:"Account of the enterprise whose U8 is read." doc_zh:"数据提供方账号（被读取的企业账号）。" example:"acme" required:"true"`
	AppKey        string            `cfg:"app_key" doc:"Key of the application." doc_zh:"应用的 app_key。" example:"opa7e0a4e2f0b1c3d4e5" required:"true"`
	AppSecret     connectors.Secret `cfg:"app_secret" doc:"Secret of the application." doc_zh:"应用的 app_secret。" required:"true"`
	Sequence      int               `cfg:"ds_sequence" doc:"Number of the data source (account set) to read." doc_zh:"数据源序号（账套）。" default:"1" min:"1"`
	Lots          string            `cfg:"lots" doc:"Where the lot of a sales outbound line stands: in the bill's own answer (one call more for every bill), or in the list." doc_zh:"销售出库行的批号位于：单据详情（detail，每张单据多一次调用）或列表（list）。" default:"detail" enum:"detail,list"`
	Tenant        map[string]string `cfg:"tenant_fields" doc:"Fields that have another name in your U8: STREAM.name to the name in the answer, any case. The built-in maps know customers.kind, customers.uscc, customers.licence_no, customers.level, customers.province, customers.city, products.unit, products.approval_no, products.case_factor, products.inner_factor; every other field of a stream can be named too, as salesout.cbatch." doc_zh:"在您的 U8 中名称不同的字段：流.名称 对应返回中的字段名，不区分大小写。内置映射识别 customers.kind、customers.uscc、customers.licence_no、customers.level、customers.province、customers.city、products.unit、products.approval_no、products.case_factor、products.inner_factor；流的其他字段也可在此指定，如 salesout.cbatch。" example:"{customers.uscc: self_define1}"`
	Objects       map[string]string `cfg:"objects" doc:"Objects with another name than usual: STREAM to the name in the address; salesout.detail is that of one bill." doc_zh:"名称与默认不同的对象：流名 对应 地址中的对象名；salesout.detail 为单张单据。" example:"{salesout: saleoutlist}" advanced:"true"`
	Changed       map[string]string `cfg:"changed" doc:"Field that a list is read by, where it is not modifydate: STREAM to its name; the list must take NAME_begin and NAME_end." doc_zh:"列表按其增量读取的字段（默认 modifydate）：流名 对应 字段名；列表须支持 字段名_begin 与 字段名_end 参数。" example:"{salesout: auditdate}" advanced:"true"`
	Precision     string            `cfg:"precision" doc:"What the limits of time in questions hold: seconds, or only days. With days, the rows of the last two days are read again by each run." doc_zh:"时间条件的精度：second 为秒，day 为天。按天时每次运行会重读最近两天的数据。" default:"second" enum:"second,day" advanced:"true"`
	Auditor       string            `cfg:"auditor" doc:"Field that names who audited a bill: one without it does not count. Empty: every bill counts." doc_zh:"记录单据审核人的字段：无审核人的单据不计入。留空则全部计入。" default:"handler" advanced:"true"`
	Lines         string            `cfg:"detail_lines" doc:"Name of the list of lines in a bill's own answer." doc_zh:"单据详情中明细行数组的名称。" default:"entry" advanced:"true"`
	EmptyCodes    []string          `cfg:"empty_codes" doc:"Codes of a list without rows." doc_zh:"表示列表无数据的返回码。" default:"20002" advanced:"true"`
	TokenCodes    []string          `cfg:"token_codes" doc:"Codes of a token that is not valid any more; a message that names the token means the same." doc_zh:"表示令牌失效的返回码；信息中含 token 时同样处理。" default:"30012" advanced:"true"`
	ThrottleTexts []string          `cfg:"throttle_texts" doc:"Words in a refusal that mean too many calls." doc_zh:"拒绝信息中表示调用超限的词。" default:"频繁,频率,超限,流控,limit" advanced:"true"`
	OfflineTexts  []string          `cfg:"offline_texts" doc:"Words in a refusal that mean that the U8 server at the enterprise does not answer." doc_zh:"拒绝信息中表示企业端 U8 服务器无响应的词。" default:"不在线,离线,未启动,无法连接,连接失败,offline" advanced:"true"`
	OfflineWait   time.Duration     `cfg:"offline_wait" doc:"Pause before a call is made again when that server does not answer." doc_zh:"企业端服务器无响应时，再次调用前的等待时间。" default:"20s" advanced:"true"`
	Orders        OrderSettings     `cfg:"orders" doc:"How to write orders; without it the hub only reads." doc_zh:"订单写入方式；不填写则只读。"`
	PageSize      int               `cfg:"page_size" doc:"Rows per page." doc_zh:"每页行数。" default:"100" min:"1" max:"5000" advanced:"true"`
	Overlap       time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports fields of streams that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	return streams.CheckTenant("tenant_fields", s.Tenant)
}

// object is the name of a list, or of a bill, in the address and in the answer.
func (s Settings) object(name, usual string) string {
	if own := s.Objects[name]; own != "" {
		return own
	}
	return usual
}

// changed is the field that a list is read by, as its parameters write it.
func (s Settings) changed(stream string) string {
	if own := s.Changed[stream]; own != "" {
		return own
	}
	return changed
}

// named are the fields of a stream that the answer names otherwise: the name that rows give them → that of the answer, in
// lower case.
func (s Settings) named(stream string) map[string]string {
	out := map[string]string{}
	for name, theirs := range s.Tenant {
		if owner, own, _ := strings.Cut(name, "."); owner == stream {
			out[own] = strings.ToLower(theirs)
		}
	}
	if own := s.Changed[stream]; own != "" {
		out[changed] = strings.ToLower(own)
	}
	return out
}
