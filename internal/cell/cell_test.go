package cell_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/cell"
)

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "@": "@", "-": "-", "阿莫西林": "阿莫西林", "a=b": "a=b",
		"=1+1": "'=1+1", "+86": "'+86", "-5": "'-5", "@cmd": "'@cmd", "\t=1": "'\t=1", "\r=1": "'\r=1",
	} {
		require.Equal(t, want, cell.Plain(in))
	}
}
