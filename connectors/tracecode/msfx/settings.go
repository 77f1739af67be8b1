package msfx

import (
	"slices"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/internal/errs"
)

// Settings configure one connection.
type Settings struct {
	BaseURL    string            `cfg:"base_url" doc:"Address of the TOP gateway, without the path." doc_zh:"TOP 网关地址，不含路径。" default:"https://gw.api.taobao.com" example:"https://api.taobao.com"`
	AppKey     string            `cfg:"app_key" doc:"Key of the application." doc_zh:"应用的 AppKey。" example:"31234567" required:"true"`
	AppSecret  connectors.Secret `cfg:"app_secret" doc:"Secret of the application." doc_zh:"应用的 AppSecret。" required:"true"`
	Session    connectors.Secret `cfg:"session_token" doc:"Session key, where the platform wants an authorisation by a user." doc_zh:"需要用户授权的接口所用的 SessionKey。"`
	SignMethod string            `cfg:"sign_method" doc:"How calls are signed." doc_zh:"签名方式。" default:"hmac-sha256" enum:"md5,hmac,hmac-sha256" advanced:"true"`
	Enterprise string            `cfg:"ref_ent_id" doc:"Your own enterprise's ref_ent_id; not its ent_id." doc_zh:"本企业的 ref_ent_id（不是 ent_id）。" example:"6b8e0f7d2c" required:"true"`
	Partners   []string          `cfg:"partners" doc:"ref_ent_id of the distributors that authorised the application: their purchases are evidence, their codes are traced." doc_zh:"已授权本应用的商业公司的 ref_ent_id：其购进作为佐证，其追溯码可查询。" example:"[9a1c33]"`
	Since      string            `cfg:"since" doc:"First day to read." doc_zh:"从哪一天开始读取。" default:"2023-01-01" example:"2024-01-01"`
	Reread     time.Duration     `cfg:"reread" doc:"How far each run reads back: bills are uploaded late, under the date of the bill." doc_zh:"每次运行向前重读的时长：单据按单据日期查询，可能补传。" default:"720h" advanced:"true"`
	Lag        time.Duration     `cfg:"lag" doc:"How far a run stays behind now, for uploads are processed later; half an hour at least." doc_zh:"读取截止时间落后当前的时长：上传为异步处理，至少半小时。" default:"30m" advanced:"true"`
	PageSize   int               `cfg:"page_size" doc:"Bills per call, at most 100." doc_zh:"每次调用的单据数，最多 100。" default:"50" min:"1" max:"100" advanced:"true"`
	httpsource.Common
}

// minLag is how long an upload may take to show.
const minLag = 30 * time.Minute

// CheckSettings reports what does not fit.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	if s.Lag < minLag {
		out = append(out, connectors.Problem{Path: "lag", Err: errs.New(errs.Invalid, "msfx.lag", errs.Args{"value": s.Lag, "least": minLag})})
	}
	if _, err := time.ParseInLocation(time.DateOnly, s.Since, zone); err != nil {
		out = append(out, connectors.Problem{Path: "since", Err: errs.New(errs.Invalid, "msfx.since", errs.Args{"value": s.Since})})
	}
	return out
}

// scope are the enterprises whose data may be used, one's own first.
func (s Settings) scope() []string {
	out := []string{s.Enterprise}
	for _, p := range s.Partners {
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
