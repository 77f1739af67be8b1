package neocrm

import (
	"embed"
	"fmt"

	"tributary/connectors"
)

//go:embed maps/*.yaml
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	maps := map[string][]byte{}
	for _, st := range streams {
		b, err := mapFiles.ReadFile("maps/" + st.info.Name + ".yaml")
		if err != nil {
			return connectors.Driver{}, fmt.Errorf("neocrm: %w", err)
		}
		maps[st.info.Name] = b
	}
	return connectors.Driver{
		Name:    "neocrm",
		Title:   map[string]string{"en": "Neocrm (SFA)", "zh": "销售易（SFA）"},
		Streams: streamInfos(), Maps: maps, Config: Settings{},
		New: func(settings any, env connectors.Env) (connectors.Source, error) {
			s, ok := settings.(Settings)
			if !ok {
				return nil, fmt.Errorf("neocrm: settings of type %T", settings)
			}
			return New(s, env)
		},
	}, nil
}
