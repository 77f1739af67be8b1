package salesforce

import (
	"crypto/rsa"
	"errors"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// Settings configure one connection.
type Settings struct {
	LoginURL     string                       `cfg:"login_url" doc:"My Domain address of the organisation; for auth: jwt also login.salesforce.com or test.salesforce.com." doc_zh:"组织的 My Domain 地址；jwt 登录也可用 login.salesforce.com 或 test.salesforce.com。" example:"https://example.my.salesforce.com" required:"true"`
	Auth         string                       `cfg:"auth" doc:"Client credentials (with an execution user set on the app), or JWT bearer (a certificate registered with the app)." doc_zh:"客户端凭证（应用需设置运行用户），或 JWT bearer（应用需登记证书）。" default:"client_credentials" enum:"client_credentials,jwt"`
	ClientID     string                       `cfg:"client_id" doc:"Consumer key of the external client app." doc_zh:"外部客户端应用的 Consumer Key。" example:"3MVG9abc" required:"true"`
	ClientSecret connectors.Secret            `cfg:"client_secret" doc:"Consumer secret, for client credentials." doc_zh:"Consumer Secret，用于客户端凭证。"`
	Username     string                       `cfg:"username" doc:"Integration user, for auth: jwt." doc_zh:"集成用户名，用于 jwt。" example:"integration@example.com"`
	PrivateKey   connectors.Secret            `cfg:"private_key" doc:"RSA private key in PEM form, for auth: jwt; best as a file reference." doc_zh:"PEM 格式的 RSA 私钥，用于 jwt；建议用 file 引用。"`
	Audience     string                       `cfg:"audience" doc:"Audience of the JWT where it is not login_url." doc_zh:"JWT 的 audience，与 login_url 不同时填写。" advanced:"true"`
	InstanceURL  string                       `cfg:"instance_url" doc:"Address of the API; empty: as the login answers, which must lie in the same domain as login_url or under salesforce.com." doc_zh:"接口地址；留空则采用登录返回的地址（须与 login_url 同域或位于 salesforce.com 之下）。" advanced:"true"`
	Version      string                       `cfg:"api_version" doc:"Version of the API." doc_zh:"API 版本。" default:"v62.0" advanced:"true"`
	Tenant       map[string]string            `cfg:"tenant_fields" doc:"Fields of your own: STREAM.name to the field's API name. The built-in maps know Account.uscc, Account.licence_no, Account.kind, Account.level, Contact.title, Contact.tier, Case.product, Case.lot." doc_zh:"自定义字段：流.名称 对应字段 API 名称。内置映射识别 Account.uscc、Account.licence_no、Account.kind、Account.level、Contact.title、Contact.tier、Case.product、Case.lot。" example:"{Account.uscc: USCC__c}"`
	WriteBack    connectors.WriteBackSettings `cfg:"writeback" doc:"Fields that records get back; without it the hub only reads." doc_zh:"回写到来源记录的字段；不填写则只读。"`
	Share        float64                      `cfg:"api_share" doc:"Share of the organisation's daily API calls above which runs stop until later." doc_zh:"API 日用量超过该比例时停止运行，稍后继续。" default:"0.8" advanced:"true"`
	PageSize     int                          `cfg:"page_size" doc:"Rows per page; the server keeps to it as it likes." doc_zh:"每页行数，服务器可能自行调整。" default:"2000" min:"1" max:"2000" advanced:"true"`
	Bulk         string                       `cfg:"bulk" doc:"Read through bulk jobs (Bulk API 2.0): auto (from bulk_from rows on, as a first load has), always or never. The rows are the same either way; a job takes fewer of the daily calls and longer to begin." doc_zh:"是否使用批量作业（Bulk API 2.0）读取：auto（达到 bulk_from 行时，如首次全量）、always 总是、never 从不。两种方式得到的行完全相同；批量作业占用的每日调用更少，但启动较慢。" default:"auto" enum:"auto,always,never"`
	BulkFrom     int                          `cfg:"bulk_from" doc:"Rows from which bulk: auto takes a job." doc_zh:"bulk: auto 时，达到多少行改用批量作业。" default:"100000" min:"1" advanced:"true"`
	BulkPageSize int                          `cfg:"bulk_page_size" doc:"Rows per page of a job." doc_zh:"批量作业每页行数。" default:"10000" min:"1" max:"50000" advanced:"true"`
	BulkPoll     time.Duration                `cfg:"bulk_poll" doc:"Pause before a job is looked at again; it grows to half a minute." doc_zh:"查询作业状态的间隔，逐渐增至半分钟。" default:"2s" advanced:"true"`
	BulkWait     time.Duration                `cfg:"bulk_wait" doc:"How long a job may take before the run gives up and aborts it." doc_zh:"作业最长等待时间，超过则中止作业并结束本次运行。" default:"1h" advanced:"true"`
	Overlap      time.Duration                `cfg:"overlap" doc:"How far each run reads back, to catch rows committed late." doc_zh:"每次运行向前重读的时长，用于补上延迟提交的数据。" default:"5m" advanced:"true"`
	httpsource.Common
}

// CheckSettings reports settings that do not fit the chosen login.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	because := "auth: " + s.Auth
	if s.Auth == "jwt" {
		if s.Username == "" {
			out = append(out, connectors.Need("username", because))
		}
		if s.PrivateKey.IsZero() {
			out = append(out, connectors.Need("private_key", because))
		} else if _, err := privateKey(s.PrivateKey); err != nil {
			out = append(out, connectors.Problem{Path: "private_key", Err: errs.New(errs.Invalid, "connectors.private_key", nil)})
		}
	} else if s.ClientSecret.IsZero() {
		out = append(out, connectors.Need("client_secret", because))
	}
	out = append(out, streams.CheckWriteBack("writeback", s.WriteBack, s.Tenant)...)
	return append(out, streams.CheckTenant("tenant_fields", s.Tenant)...)
}

// privateKey reads an RSA key.
func privateKey(secret connectors.Secret) (*rsa.PrivateKey, error) {
	signer, err := httpsource.PrivateKey(secret)
	if err != nil {
		return nil, err
	}
	key, ok := signer.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}
