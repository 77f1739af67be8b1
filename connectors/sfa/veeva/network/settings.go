package network

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL  string            `cfg:"base_url" doc:"Address of the Network instance." doc_zh:"Network 实例的地址。" example:"https://example.veevanetwork.com" required:"true"`
	User     string            `cfg:"user" doc:"Integration user." doc_zh:"集成用户名。" example:"integration@example.veevanetwork.com" required:"true"`
	Password connectors.Secret `cfg:"password" doc:"Its password." doc_zh:"集成用户的密码。" required:"true"`
	Country  string            `cfg:"country" doc:"Primary country of the records to read; empty: all." doc_zh:"读取哪个主国家的记录；留空表示全部。" default:"CN"`
	Version  string            `cfg:"api_version" doc:"Version of the API." doc_zh:"API 版本。" default:"v16.0" advanced:"true"`
	Tenant   map[string]string `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's name, which may be a path (custom_keys__v.custom_key_value__v). The built-in maps know hco.uscc, hco.licence_no, hco.kind, hco.level, hcp.title, hcp.department, hcp.tier." doc_zh:"自定义字段：流.名称 对应字段名，可为路径（custom_keys__v.custom_key_value__v）。内置映射识别 hco.uscc、hco.licence_no、hco.kind、hco.level、hcp.title、hcp.department、hcp.tier。" example:"{hco.uscc: uscc__c}"`
	Reserve  float64           `cfg:"burst_reserve" doc:"Share of the calls of a window that is left to others: below it calls slow down." doc_zh:"调用额度中留给其他系统的比例；低于该比例时自动放慢。" default:"0.2" advanced:"true"`
	PageSize int               `cfg:"page_size" doc:"Records per search." doc_zh:"每次搜索返回的记录数。" default:"100" min:"1" max:"100" advanced:"true"`
	Overlap  time.Duration     `cfg:"overlap" doc:"How far each run reads back, to catch records that the search index shows late." doc_zh:"每次运行向前重读的时长，用于补上索引延迟的记录。" default:"10m" advanced:"true"`
	Timeout  time.Duration     `cfg:"timeout" doc:"Longest time one call may take. Beyond its limit Network answers late." doc_zh:"单次调用的最长时间。超过额度时 Network 会延迟应答。" default:"5m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports tenant fields of streams that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	return streams.CheckTenant("tenant_fields", s.Tenant)
}
