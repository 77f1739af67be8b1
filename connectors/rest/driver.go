package rest

import (
	"fmt"

	"tributary/connectors"
)

// example is a configuration to start from.
const example = `      base_url: https://api.example.com/v1
      auth: {kind: bearer, token: "${env:EXAMPLE_TOKEN}"}
      errors: {ok: code, ok_values: ["0"], message: msg, throttle: ["429"]}
      streams:
        customers:
          path: /customers
          params: {updated_from: "{from}", updated_before: "{to}", limit: "{limit}"}
          rows: data.items
          key: [id]
          time: updated_at
          deleted: deleted
          paging: {kind: link, next: data.next}
    streams:
      - {stream: customers, every: 10m, map: customers.yaml}
`

const setup = `1. Get the API's description and one answer of each list by hand; the settings name what stands in it.
2. Ask for credentials that only read, and for the number of calls a second that is welcome (calls_per_second).
3. Say how a change is told: a time of change that can be asked for ({from}, {to}), else the whole list at every run.
4. Choose paging by link, token or key where the API offers it. Page numbers need a total, so that rows that move are noticed.
5. Say what a failure inside HTTP 200 looks like (errors). What the settings do not know is a failure, never "0 rows".
6. Write a map for each stream, try it with mapping preview, then pull.
`

const setupZH = `1. 取得接口文档，并手工获取每个列表的一次返回；设置中填写的路径均取自其中。
2. 申请只读凭证，并确认每秒允许的调用次数（calls_per_second）。
3. 说明如何获知变更：可按变更时间查询（{from}、{to}），否则每次读取完整清单。
4. 接口支持时优先选择 link、token 或 keyset 翻页；按页码翻页必须有总数，以便发现数据移动。
5. 说明 HTTP 200 中的失败如何表示（errors）；设置中未说明的返回一律视为失败，不会当作 0 行。
6. 为每个流编写映射，用 mapping preview 试验后再拉取。
`

// Driver is the connector under its configuration name.
var Driver = connectors.Driver{
	Name:    "rest",
	Title:   map[string]string{"en": "Any JSON API, by settings alone", "zh": "任意 JSON 接口（仅需配置）"},
	Config:  Settings{},
	Example: example,
	Setup:   map[string]string{"en": setup, "zh": setupZH},
	Declared: func(settings any) []connectors.StreamInfo {
		s, ok := settings.(Settings)
		if !ok {
			return nil
		}
		return streamInfos(s)
	},
	New: func(settings any, env connectors.Env) (connectors.Source, error) {
		s, ok := settings.(Settings)
		if !ok || env.Now == nil {
			return nil, fmt.Errorf("connector rest: settings of type %T, or no clock", settings)
		}
		src, err := New(s, env)
		if err != nil {
			return nil, err
		}
		return src, nil
	},
}
