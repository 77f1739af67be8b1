package objectsource_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

var now = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// system answers queries from a function.
type system struct {
	client *httpsource.Client
	query  func(q objectsource.Query) (objectsource.Page, error)
}

func (system) Connect(context.Context) error { return nil }

func (s system) Client() *httpsource.Client { return s.client }

func (system) Close() {}

func (system) Describe(context.Context, objectsource.Stream) (objectsource.Metadata, error) {
	return objectsource.NewMetadata([]connectors.Field{{Name: "id"}, {Name: "kind"}}, false), nil
}

func (s system) Query(_ context.Context, _ *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	return s.query(q)
}

func (system) Row(run *objectsource.Run, f map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(f["id"])
	if id == "" {
		return connectors.Row{}, "", errors.New("no id")
	}
	return connectors.Row{Key: id, Fields: run.Fields(f, nil)}, id, nil
}

func source(t *testing.T, st objectsource.Stream, query func(q objectsource.Query) (objectsource.Page, error)) *objectsource.Source {
	t.Helper()
	client, err := httpsource.New(httpsource.Options{Name: "test", BaseURL: "http://test.invalid", Now: func() time.Time { return now }})
	require.NoError(t, err)
	st.Info = connectors.StreamInfo{Name: "s", Key: []string{"id"}, Cursor: "t"}
	st.Required, st.Optional = []string{"id"}, []string{"kind", "absent"}
	src := objectsource.New(system{client, query}, objectsource.Config{Name: "test", Streams: objectsource.Table{st}, PageSize: 2, Less: objectsource.LessNumber})
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func page(next string, ids ...int) objectsource.Page {
	p := objectsource.Page{Next: next}
	for _, id := range ids {
		p.Rows = append(p.Rows, httpsource.Element{Fields: map[string]any{"id": fmt.Sprint(id), "kind": " "}})
	}
	return p
}

// drain reads a run whole.
func drain(t *testing.T, src *objectsource.Source, from json.RawMessage) (keys []string, last json.RawMessage, err error) {
	t.Helper()
	require.NoError(t, src.Open(t.Context(), "s", from))
	for range 100 {
		b, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return keys, last, nil
		}
		if err != nil {
			return keys, last, err
		}
		for _, r := range b.Rows {
			keys = append(keys, r.Key)
			require.Equal(t, map[string]any{"id": r.Key, "kind": nil}, r.Fields, "blank is null, absent columns are not asked for")
		}
		last = b.Position
	}
	require.FailNow(t, "the run does not end")
	return nil, nil, nil
}

func TestASourceThatRepeatsItselfIsNoticed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stream objectsource.Stream
		query  func(q objectsource.Query) (objectsource.Page, error)
	}{
		"the same page for ever": {query: func(objectsource.Query) (objectsource.Page, error) { return page("", 1, 2), nil }},
		"links in a circle": {stream: objectsource.Stream{ByLink: true}, query: func(q objectsource.Query) (objectsource.Page, error) {
			return page(map[string]string{"": "a", "a": "b", "b": "a"}[q.Locator]), nil
		}},
		"rows that go backwards": {query: func(objectsource.Query) (objectsource.Page, error) { return page("", 2, 1), nil }},
		"a row without its key": {query: func(objectsource.Query) (objectsource.Page, error) {
			return objectsource.Page{Rows: []httpsource.Element{{Fields: map[string]any{}}}}, nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := drain(t, source(t, c.stream, c.query), nil)
			require.Equal(t, "connectors.shape", errs.CodeOf(err))
		})
	}
}

// A locator dies twice: the window goes on behind the last row read. One that dies at every use ends the run.
func TestADeadLocator(t *testing.T) {
	t.Parallel()
	dead := &httpsource.Error{Class: httpsource.RestartCursor}
	deaths := 2
	src := source(t, objectsource.Stream{}, func(q objectsource.Query) (objectsource.Page, error) {
		after := map[string]int{"": 0, "2": 2, "4": 4, "6": 6}[q.Window.After]
		if q.Locator != "" {
			if deaths > 0 {
				deaths--
				return objectsource.Page{}, dead
			}
			require.Equal(t, fmt.Sprintf("of %s", q.Window.After), q.Locator, "a locator goes with the question that it belongs to")
			return objectsource.Page{End: true}, nil
		}
		if after == 6 {
			return objectsource.Page{End: true}, nil
		}
		return page(fmt.Sprintf("of %s", q.Window.After), after+1, after+2), nil
	})
	keys, _, err := drain(t, src, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "3", "4", "5", "6"}, keys)

	src = source(t, objectsource.Stream{ByLink: true}, func(q objectsource.Query) (objectsource.Page, error) {
		if q.Locator != "" {
			return objectsource.Page{}, dead
		}
		return page("next", 1), nil
	})
	_, _, err = drain(t, src, nil)
	require.Equal(t, "connectors.locator", errs.CodeOf(err))
}

// Rows beside the order of a window move no place: broken off among them, the run goes on behind the last row of the order.
func TestRowsBesideTheOrder(t *testing.T) {
	t.Parallel()
	query := func(q objectsource.Query) (objectsource.Page, error) {
		switch {
		case q.Locator == "aside":
			p := page("more", 1, 7)
			p.Aside = true
			return p, nil
		case q.Locator == "more":
			return objectsource.Page{End: true}, nil
		case q.Window.After == "":
			return page("aside", 1, 2), nil
		}
		return page("aside", 3), nil
	}
	src := source(t, objectsource.Stream{}, query)
	keys, _, err := drain(t, src, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"1", "2", "1", "7"}, keys)

	require.NoError(t, src.Open(t.Context(), "s", nil))
	_, err = src.Read(t.Context())
	require.NoError(t, err)
	aside, err := src.Read(t.Context())
	require.NoError(t, err)
	keys, _, err = drain(t, source(t, objectsource.Stream{}, query), aside.Position)
	require.NoError(t, err)
	require.Equal(t, []string{"3", "1", "7"}, keys)
}

// A run by links goes on at the link that the position holds.
func TestLinksSurviveInThePosition(t *testing.T) {
	t.Parallel()
	query := func(q objectsource.Query) (objectsource.Page, error) {
		switch q.Locator {
		case "":
			return page("two", 1), nil
		case "two":
			return page("three", 2), nil
		}
		p := page("", 3)
		p.End = true
		return p, nil
	}
	src := source(t, objectsource.Stream{ByLink: true}, query)
	require.NoError(t, src.Open(t.Context(), "s", nil))
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	keys, _, err := drain(t, source(t, objectsource.Stream{ByLink: true}, query), first.Position)
	require.NoError(t, err)
	require.Equal(t, []string{"2", "3"}, keys)
}
