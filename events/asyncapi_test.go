package events_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"tributary/events"
)

func TestAsyncAPIDocumentIsTheCatalogue(t *testing.T) {
	got, err := events.AsyncAPI("../events/schemas")
	require.NoError(t, err)
	golden(t, "../docs/asyncapi.yaml", got)

	var doc map[string]any
	require.NoError(t, yaml.Unmarshal(got, &doc))
	at := func(path string) any {
		var v any = doc
		for _, step := range strings.Split(path, "/") {
			m, ok := v.(map[string]any)
			require.True(t, ok, path)
			v, ok = m[step]
			require.True(t, ok, "%s is not in the document", path)
		}
		return v
	}
	for _, topic := range events.Catalogue() {
		require.Equal(t, topic.Name, at("channels/"+topic.Subject()+"/address"))
		for _, op := range topic.Ops {
			require.Equal(t, topic.Type(op), at("components/messages/"+topic.Subject()+"."+string(op)+"/name"))
		}
	}
	var follow func(v any)
	follow = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if to, ok := v["$ref"].(string); ok {
				if inside, ok := strings.CutPrefix(to, "#/"); ok {
					at(inside)
				} else {
					_, err := os.Stat(filepath.Join("../docs", to))
					require.NoError(t, err, "the document refers to a file that is not there")
				}
			}
			for _, x := range v {
				follow(x)
			}
		case []any:
			for _, x := range v {
				follow(x)
			}
		}
	}
	follow(doc)
}
