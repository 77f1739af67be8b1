package httpsource

import (
	"time"

	"tributary/connectors"
)

// Common are the settings every HTTP connector has. Connectors embed it in their settings struct.
type Common struct {
	Timeout     time.Duration `cfg:"timeout" doc:"Longest time one call may take." doc_zh:"单次调用的最长时间。" default:"60s" advanced:"true"`
	PerSecond   float64       `cfg:"calls_per_second" doc:"Most calls a second; protects the source system." doc_zh:"每秒最多调用次数，避免影响来源系统。" default:"5" advanced:"true"`
	RetryFirst  time.Duration `cfg:"retry_first" doc:"Pause before the first repeat of a failed call; it doubles with jitter." doc_zh:"失败后首次重试前的等待时间，其后逐次加倍并带随机抖动。" default:"500ms" advanced:"true"`
	RetryBudget time.Duration `cfg:"retry_budget" doc:"How long one call is repeated before the run fails and waits for its next turn." doc_zh:"单次调用最多重试多久；超过后本次运行失败，等待下一次调度。" default:"3m" advanced:"true"`
	CAFile      string        `cfg:"ca_file" doc:"PEM file with the authority that signed the system's certificate, for self-signed intranet sites." doc_zh:"PEM 证书文件：签发该系统证书的机构，用于内网自签名站点。" example:"/etc/tributary/ca.pem" advanced:"true"`
}

// Options turns the settings into options of a client.
func (c Common) Options(name, baseURL string, env connectors.Env) Options {
	o := Options{
		Name: name, BaseURL: baseURL, Now: env.Now, Timeout: c.Timeout, CAFile: c.CAFile, Waited: env.Waited, Circuit: env.Circuit, Shared: env.Shared,
		Retry: RetryPolicy{First: c.RetryFirst, Budget: c.RetryBudget},
	}
	if c.PerSecond > 0 {
		o.Limits = map[string]Limit{"": {PerSecond: c.PerSecond, Burst: max(1, int(c.PerSecond))}}
	}
	return o
}

// Within is how long one call may take, its repeats too.
func (c Common) Within() time.Duration { return c.Timeout + c.RetryBudget }
