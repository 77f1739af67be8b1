package fxiaoke

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	BaseURL       string                       `cfg:"base_url" doc:"Open-API host of the cloud your tenant lives in." doc_zh:"租户所在云的开放平台地址。" default:"https://open.fxiaoke.com" example:"https://open-hwcloud.fxiaoke.com"`
	Auth          string                       `cfg:"auth" doc:"Token sent in headers (app_secret, the present transport), or in the body of every call (corp_token, applications made before it)." doc_zh:"令牌放在请求头（app_secret，新版传参），或放在每次请求体中（corp_token，旧版应用）。" default:"app_secret" enum:"app_secret,corp_token"`
	AppID         string                       `cfg:"app_id" doc:"Id of the self-built application." doc_zh:"自建应用的 appId。" example:"FSAID_1234567" required:"true"`
	AppSecret     connectors.Secret            `cfg:"app_secret" doc:"Secret of the application." doc_zh:"自建应用的 appSecret。" required:"true"`
	PermanentCode connectors.Secret            `cfg:"permanent_code" doc:"Permanent code of the authorisation by your enterprise." doc_zh:"企业授权后得到的永久授权码。" required:"true"`
	User          string                       `cfg:"user" doc:"Employee in whose name rows are read: the employee id for app_secret, the open user id (FSUID_…) for corp_token. Make it a CRM administrator: others see fewer rows without a word." doc_zh:"以哪位员工的身份读取：app_secret 填员工 ID，corp_token 填 openUserId（FSUID_ 开头）。须为 CRM 管理员，否则会静默少返回数据。" example:"1000" required:"true"`
	Visit         string                       `cfg:"visit_object" doc:"API name of the object that holds visits: ActiveRecordObj (follow-ups), CheckinsObj (field visits), or one of your own." doc_zh:"拜访所在对象的 ApiName：ActiveRecordObj（跟进记录）、CheckinsObj（高级外勤）或自定义对象。" default:"ActiveRecordObj"`
	Case          string                       `cfg:"case_object" doc:"API name of the object that holds service cases and complaints." doc_zh:"工单（投诉）所在对象的 ApiName。" default:"CasesObj"`
	Tenant        map[string]string            `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's API name. The built-in maps know account.uscc, account.licence_no, account.kind, account.level, contact.department, contact.title, contact.admin_title, contact.tier, visit.customer, visit.date, visit.result, case.product, case.lot, case.text, case.received_on." doc_zh:"自定义字段：流.名称 对应字段 ApiName。内置映射识别 account.uscc、account.licence_no、account.kind、account.level、contact.department、contact.title、contact.admin_title、contact.tier、visit.customer、visit.date、visit.result、case.product、case.lot、case.text、case.received_on。" example:"{contact.department: department__c}"`
	WriteBack     connectors.WriteBackSettings `cfg:"writeback" doc:"Fields that records get back; without it the hub only reads." doc_zh:"回写到来源记录的字段；不填写则只读。"`
	PageSize      int                          `cfg:"page_size" doc:"Rows per call, at most 100." doc_zh:"每次调用的行数，最多 100。" default:"100" min:"1" max:"100" advanced:"true"`
	Overlap       time.Duration                `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports tenant fields of streams that do not exist, and fields that cannot be written back.
func (s Settings) CheckSettings() connectors.Problems {
	return append(streams.CheckTenant("tenant_fields", s.Tenant), streams.CheckWriteBack("writeback", s.WriteBack, s.Tenant)...)
}
