package httpsource_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/httpsource"
)

func TestNextLink(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"":                                   "",
		`<https://x/events?t=a>; rel="next"`: "https://x/events?t=a",
		`</e?a=1,2>; rel=next`:               "/e?a=1,2",
		`<a>; rel="prev"; title="x, y", <b>;rel="next"`: "b",
		`<a>; rel="prev"`: "",
		`<>; rel="next"`:  "",
		`>a<; rel="next"`: "",
		`<a`:              "",
	} {
		got, found := httpsource.NextLink(http.Header{"Link": {line}})
		require.Equal(t, want, got, line)
		require.Equal(t, want != "", found)
	}
	got, _ := httpsource.NextLink(http.Header{"Link": {`<a>; rel="self"`, `<b>; rel="next"`}})
	require.Equal(t, "b", got)
}

func FuzzNextLink(f *testing.F) {
	f.Add(`<a>; rel="prev"; title="x, y", <b>;rel="next"`)
	f.Fuzz(func(t *testing.T, line string) {
		link, found := httpsource.NextLink(http.Header{"Link": {line}})
		require.Equal(t, found, link != "")
	})
}
