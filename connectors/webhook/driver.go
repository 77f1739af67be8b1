package webhook

import (
	"embed"

	"tributary/connectors"
)

//go:embed setup.*.md
var setupFiles embed.FS

// example is a configuration to start from.
const example = `      secret: "${env:ORDERS_SECRET}"
      streams:
        orders: {key: [id], time: updated_at, op: event, delete_values: [order.deleted]}
    streams:
      - {stream: orders, map: orders.yaml}
`

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:     "webhook",
		Title:    map[string]string{"en": "Webhook: other systems post to the hub", "zh": "Webhook（其他系统推送至本系统）"},
		Example:  example,
		Receives: true,
		Declared: func(settings any) []connectors.StreamInfo {
			s, ok := settings.(Settings)
			if !ok {
				return nil
			}
			return s.infos()
		},
	}, setupFiles, New)
}
