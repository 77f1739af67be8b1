package dynamics365

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL      string                       `cfg:"base_url" doc:"Address of the environment." doc_zh:"环境地址。" example:"https://example.crm.dynamics.cn" required:"true"`
	TenantID     string                       `cfg:"tenant_id" doc:"Directory (tenant) id." doc_zh:"目录（租户）ID。" example:"00000000-0000-0000-0000-000000000000" required:"true"`
	ClientID     string                       `cfg:"client_id" doc:"Application (client) id; it must be an application user of the environment with a security role." doc_zh:"应用（客户端）ID；须在环境中添加为应用程序用户并授予安全角色。" example:"11111111-1111-1111-1111-111111111111" required:"true"`
	ClientSecret connectors.Secret            `cfg:"client_secret" doc:"Secret of the application." doc_zh:"应用的客户端密码。" required:"true"`
	Authority    string                       `cfg:"authority" doc:"Login host: https://login.microsoftonline.com, in the China cloud https://login.partner.microsoftonline.cn." doc_zh:"登录地址：https://login.microsoftonline.com；世纪互联为 https://login.partner.microsoftonline.cn。" default:"https://login.microsoftonline.com"`
	Version      string                       `cfg:"api_version" doc:"Version of the Web API." doc_zh:"Web API 版本。" default:"v9.2" advanced:"true"`
	Tenant       map[string]string            `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the column's logical name, lookups as _NAME_value. The built-in maps know accounts.uscc, accounts.licence_no, accounts.kind, accounts.level, contacts.title, contacts.tier, incidents.product, incidents.lot." doc_zh:"自定义字段：流.名称 对应列的逻辑名称，查找列写作 _名称_value。内置映射识别 accounts.uscc、accounts.licence_no、accounts.kind、accounts.level、contacts.title、contacts.tier、incidents.product、incidents.lot。" example:"{accounts.uscc: new_uscc}"`
	PageSize     int                          `cfg:"page_size" doc:"Rows per page." doc_zh:"每页行数。" default:"5000" min:"1" max:"5000" advanced:"true"`
	Overlap      time.Duration                `cfg:"overlap" doc:"How far a window reaches back." doc_zh:"时间窗口向前重叠的时长。" default:"2m" advanced:"true"`
	WriteBack    connectors.WriteBackSettings `cfg:"writeback" doc:"Fields that records get back; without it the hub only reads." doc_zh:"回写到来源记录的字段；不填写则只读。"`
	Orders       OrderSettings                `cfg:"orders" doc:"How to write orders; without it the hub only reads." doc_zh:"订单写入方式；不填写则只读。"`
	httpsource.Common
}

// CheckSettings reports tenant fields of streams that do not exist, and fields that cannot be written back.
func (s Settings) CheckSettings() connectors.Problems {
	return append(streams.CheckTenant("tenant_fields", s.Tenant), streams.CheckWriteBack("writeback", s.WriteBack, s.Tenant)...)
}
