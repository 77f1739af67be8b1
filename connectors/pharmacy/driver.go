package pharmacy

import (
	"embed"
	"fmt"
	"slices"

	"tributary/connectors"
)

//go:embed maps/*.yaml
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	maps := map[string][]byte{}
	for _, st := range streams {
		b, err := mapFiles.ReadFile("maps/" + st.Name + ".yaml")
		if err != nil {
			return connectors.Driver{}, fmt.Errorf("pharmacy: %w", err)
		}
		maps[st.Name] = b
	}
	return connectors.Driver{
		Name:    "pharmacy",
		Title:   map[string]string{"en": "Pharmacy chain (REST)", "zh": "连锁药店（REST 接口）"},
		Streams: slices.Clone(streams), Maps: maps, Config: Settings{},
		New: func(settings any, env connectors.Env) (connectors.Source, error) {
			s, ok := settings.(Settings)
			if !ok {
				return nil, fmt.Errorf("pharmacy: settings of type %T", settings)
			}
			return New(s, env)
		},
	}, nil
}
