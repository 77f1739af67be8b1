package neocrm

import (
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Settings configure one connection.
type Settings struct {
	LoginURL      string                       `cfg:"login_url" doc:"Login host of your pod." doc_zh:"所在实例的登录地址。" example:"https://login.xiaoshouyi.com" required:"true"`
	APIURL        string                       `cfg:"api_url" doc:"API host of your pod; empty: as the login answers." doc_zh:"所在实例的接口地址；留空则采用登录返回的地址。" example:"https://api.xiaoshouyi.com"`
	ClientID      string                       `cfg:"client_id" doc:"Id of the connected application." doc_zh:"应用的 Client ID。" example:"0a1b2c3d" required:"true"`
	ClientSecret  connectors.Secret            `cfg:"client_secret" doc:"Secret of the connected application." doc_zh:"应用的 Client Secret。" required:"true"`
	RedirectURI   string                       `cfg:"redirect_uri" doc:"Callback address registered with the application, if the tenant asks for it." doc_zh:"应用登记的回调地址，租户要求时填写。" advanced:"true"`
	Username      string                       `cfg:"username" doc:"Integration user." doc_zh:"集成用户名。" example:"integration@example.com" required:"true"`
	Password      connectors.Secret            `cfg:"password" doc:"Password of the user." doc_zh:"用户密码。" required:"true"`
	SecurityToken connectors.Secret            `cfg:"security_token" doc:"The user's 8-character security token; it is sent glued to the password." doc_zh:"用户的 8 位安全令牌，会拼接在密码之后发送。" required:"true"`
	Patient       string                       `cfg:"patient_object" doc:"API key of the object that holds patients." doc_zh:"患者所在对象的 API Key。" default:"patient__c"`
	Case          string                       `cfg:"case_object" doc:"API key of the object that holds service cases and complaints." doc_zh:"服务工单（投诉）所在对象的 API Key。" default:"serviceCase"`
	Tenant        map[string]string            `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's API key. The built-in maps know account.uscc, account.licence_no, account.kind, contact.department, contact.title, contact.admin_title, contact.tier, patient.hospital, serviceCase.product, serviceCase.lot, serviceCase.text, serviceCase.received_on." doc_zh:"自定义字段：流.名称 对应字段 API Key。内置映射识别 account.uscc、account.licence_no、account.kind、contact.department、contact.title、contact.admin_title、contact.tier、patient.hospital、serviceCase.product、serviceCase.lot、serviceCase.text、serviceCase.received_on。" example:"{contact.department: department__c}"`
	WriteBack     connectors.WriteBackSettings `cfg:"writeback" doc:"Fields that records get back; without it the hub only reads." doc_zh:"回写到来源记录的字段；不填写则只读。"`
	PageSize      int                          `cfg:"page_size" doc:"Rows per call, at most 3000." doc_zh:"每次调用的行数，最多 3000。" default:"2000" min:"1" max:"3000" advanced:"true"`
	Paging        string                       `cfg:"paging" doc:"How to page: by id (keyset), or by the server's scroll." doc_zh:"翻页方式：按 id（keyset）或服务端滚动（scroll）。" default:"keyset" enum:"keyset,scroll" advanced:"true"`
	ThrottleTexts []string                     `cfg:"throttle_texts" doc:"Words in a refusal that mean too many calls." doc_zh:"拒绝信息中表示调用超限的词。" default:"频繁,超限,limit" advanced:"true"`
	Overlap       time.Duration                `cfg:"overlap" doc:"How far each run reads back, to catch rows stored late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"2m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports tenant fields of streams that do not exist, and fields that cannot be written back.
func (s Settings) CheckSettings() connectors.Problems {
	return append(streams.CheckTenant("tenant_fields", s.Tenant), streams.CheckWriteBack("writeback", s.WriteBack, s.Tenant)...)
}
