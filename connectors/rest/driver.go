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

// Driver is the connector under its configuration name.
var Driver = connectors.Driver{
	Name:    "rest",
	Title:   map[string]string{"en": "Any JSON API, by settings alone", "zh": "任意 JSON 接口（仅需配置）"},
	Config:  Settings{},
	Example: example,
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
