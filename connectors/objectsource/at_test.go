package objectsource_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/objectsource"
)

func TestPathsIntoRows(t *testing.T) {
	t.Parallel()
	var row map[string]any
	require.NoError(t, json.Unmarshal([]byte(`{"id":"1","name":[{"use":"nickname","text":"小王"},{"use":"official","text":"王敏"}],"code":{"coding":[{"system":"a"},{"system":"urn:oid:1.2","code":"X"}]},"empty":[],"scalar":5}`), &row))
	for column, want := range map[string]any{
		"id": "1", "name.text": "小王", "name.text:use=official": "王敏", "name.text:use=other": nil, "code.coding.code": "X", "code.coding.code:system=urn:oid:1.2": "X", "code.coding.code:system=a": nil,
		"empty.x": nil, "scalar.x": nil, "missing": nil, "missing.deeper.still": nil,
	} {
		require.Equal(t, want, objectsource.At(row, column), column)
	}
}
