package connectortest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
)

// lateRow: a row is stamped before the end of a run that has not seen it, for its transaction ended later.
func lateRow(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	src := h.open(t, s, nil)
	first, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	s.Advance(-30 * time.Second)
	s.Touch(5)
	s.Advance(time.Hour)
	second, err := read(t.Context(), src, h.Stream, first.last())
	require.NoError(t, err)
	require.Contains(t, keysOf(h.state(nil, second.rows)), keysOf(h.state(nil, first.rows))[5], "a row stored late, within the overlap")
}

// future: a row with a time far ahead must not carry the position there.
func future(t *testing.T, h Harness) {
	const age = 150 * 365 * 24 * time.Hour
	s := h.Start(t)
	s.Fill(40)
	s.Advance(age)
	s.Touch(3)
	s.Advance(-age)
	src := h.open(t, s, nil)
	first, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(h.state(nil, first.rows)), 39)
	s.Advance(time.Hour)
	s.Touch(4)
	s.Advance(time.Hour)
	second, err := read(t.Context(), src, h.Stream, first.last())
	require.NoError(t, err)
	require.NotEmpty(t, second.rows, "what changes today is read, whatever the future says")
}

// deletes: a row that is deleted in the system's own way is seen in the way the stream promises.
func deletes(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	src := h.open(t, s, nil)
	first, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	keys := keysOf(h.state(nil, first.rows))
	s.Advance(time.Hour)
	s.Remove(7)
	s.Advance(time.Hour)
	second, err := read(t.Context(), src, h.Stream, first.last())
	require.NoError(t, err)
	i := slices.IndexFunc(h.streams(t, s), func(i connectors.StreamInfo) bool { return i.Name == h.Stream })
	switch how := h.streams(t, s)[i].Deletes; how {
	case "log", "flag":
		gone := slices.IndexFunc(second.rows, func(r connectors.Row) bool { return r.Op == connectors.Delete })
		require.GreaterOrEqual(t, gone, 0, "no delete came")
		if r := second.rows[gone]; r.Document != "" && r.Key == r.Document { // all rows of the document
			require.True(t, strings.HasPrefix(keys[7], r.Document+"|"), "%s is not of %s", keys[7], r.Document)
		} else {
			require.Equal(t, keys[7], r.Key)
		}
	case "sweep":
		left, err := src.(connectors.Sweeper).Keys(t.Context(), h.Stream)
		require.NoError(t, err)
		require.ElementsMatch(t, slices.Delete(slices.Clone(keys), 7, 8), left)
	default:
		require.FailNow(t, "the stream of the suite must show deletes", how)
	}
	if sweeper, ok := src.(connectors.Sweeper); ok {
		keysOfChangingRows(t, h, s, sweeper)
	}
}

// keysOfChangingRows: rows that change while the keys are listed, and a little later by the system's clock than it was when
// the list began, are on the list.
func keysOfChangingRows(t *testing.T, h Harness, s *System, sweeper connectors.Sweeper) {
	s.Fill(40)
	all, err := sweeper.Keys(t.Context(), h.Stream)
	require.NoError(t, err)
	queries := 0
	s.Before(func() {
		if queries++; queries == 2 {
			s.Advance(time.Minute)
			for i := range 40 {
				s.Touch(i)
			}
		}
	})
	again, err := sweeper.Keys(t.Context(), h.Stream)
	require.NoError(t, err)
	require.Subset(t, again, all, "rows that change are not deleted")
}

// backfill: one window is read, from its beginning to its end.
func backfill(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	s.Touch(9)
	touched := s.Now()
	s.Advance(2 * time.Hour)
	s.Touch(11)
	src, ok := h.open(t, s, nil).(connectors.Backfiller)
	require.True(t, ok)
	window, err := src.Backfill(h.Stream, touched.Add(-time.Minute), touched.Add(time.Minute))
	require.NoError(t, err)
	got, err := read(t.Context(), src.(connectors.Source), h.Stream, window)
	require.NoError(t, err)
	require.Len(t, got.rows, 1)
	_, err = src.Backfill(h.Stream, touched, touched)
	require.Error(t, err, "a window without time in it")
	_, err = src.Backfill("no_such_stream", touched, touched.Add(time.Hour))
	require.Error(t, err)
}

// texts: what people type comes through unchanged.
func texts(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(5)
	want := []string{"\"引号\"、反斜杠\\与'单引号'", "第一行\r\n第二行\t制表", "𠀀😀１２３ＡＢＣ", "null", strings.Repeat("长", 350_000)}
	for i, text := range want {
		s.Write(i, text)
	}
	s.Advance(time.Hour)
	got, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	newest := map[string]connectors.Row{}
	for _, r := range got.rows {
		newest[h.which(r)] = r
	}
	var have []string
	for _, r := range newest {
		text, _ := r.Fields[h.Text].(string)
		have = append(have, text)
	}
	slices.Sort(have)
	slices.Sort(want)
	require.Equal(t, len(want), len(have))
	for i := range want {
		require.True(t, want[i] == have[i], "%.40q became %.40q", want[i], have[i])
	}
}
