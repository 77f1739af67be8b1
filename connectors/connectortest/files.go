package connectortest

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Place is where people leave files. Names are such that the connector takes the files for those of the filled stream.
type Place struct {
	Name   func(n int, ext string) string // of the n-th file beside those of Fill, in the order in which they are read
	Header string                         // the columns, separated by commas
	Row    func(i int) string             // the i-th row of Fill, separated by commas
	Put    func(name string, content []byte)
	Rename func(from, to string)
	Remove func(name string)
}

// table is a file of some rows of the place.
func (p *Place) table(from, to int) []byte {
	lines := []string{p.Header}
	for i := from; i < to; i++ {
		lines = append(lines, p.Row(i))
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// fileFaults plays what people, uploads and strangers do to files.
func fileFaults(t *testing.T, h Harness) {
	for name, play := range map[string]func(*testing.T, Harness, *System){
		"half-written": halfWritten, "same name, new content": newContent, "renamed": renamed, "gone before it is read": gone, "header only": headerOnly,
		"another delimiter": otherDelimiter, "zip bomb": zipBomb,
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Start(t)
			s.Fill(40)
			play(t, h, s)
		})
	}
}

// all reads what the place has, from a position.
func (h Harness) all(t *testing.T, s *System, from json.RawMessage) run {
	t.Helper()
	got, err := read(t.Context(), h.open(t, s, nil), h.Stream, from)
	require.NoError(t, err)
	return got
}

func halfWritten(t *testing.T, h Harness, s *System) {
	name, whole := s.Place.Name(0, "csv"), s.Place.table(100, 120)
	s.Place.Put(name, whole[:len(whole)/2])
	first := h.all(t, s, nil)
	require.Len(t, h.state(nil, first.rows), 40, "a file that is being written is left alone")
	s.Place.Put(name, whole)
	s.Advance(time.Hour)
	require.Len(t, h.state(nil, h.all(t, s, first.last()).rows), 20)
}

func newContent(t *testing.T, h Harness, s *System) {
	name := s.Place.Name(0, "csv")
	s.Place.Put(name, s.Place.table(100, 110))
	s.Advance(time.Hour)
	first := h.all(t, s, nil)
	s.Place.Put(name, s.Place.table(100, 115))
	s.Advance(time.Hour)
	require.Len(t, h.state(nil, h.all(t, s, first.last()).rows), 15, "new content under a known name is a new file")
}

func renamed(t *testing.T, h Harness, s *System) {
	s.Place.Put(s.Place.Name(0, "csv"), s.Place.table(100, 110))
	s.Advance(time.Hour)
	first := h.all(t, s, nil)
	s.Place.Rename(s.Place.Name(0, "csv"), s.Place.Name(1, "csv"))
	second := h.all(t, s, first.last())
	require.LessOrEqual(t, len(second.rows), 10, "nothing but the renamed file")
	require.Len(t, h.state(h.state(nil, first.rows), second.rows), 50)
}

func gone(t *testing.T, h Harness, s *System) {
	s.Place.Put(s.Place.Name(0, "csv"), s.Place.table(100, 110))
	s.Advance(time.Hour)
	src := h.open(t, s, nil)
	require.NoError(t, src.Open(t.Context(), h.Stream, nil))
	s.Place.Remove(s.Place.Name(0, "csv"))
	var last json.RawMessage
	var rows []connectors.Row
	for {
		b, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			require.NotEmpty(t, errs.CodeOf(err), "%v", err)
			break
		}
		rows, last = append(rows, b.Rows...), b.Position
	}
	require.Len(t, h.state(h.state(nil, rows), h.all(t, s, last).rows), 40)
}

func headerOnly(t *testing.T, h Harness, s *System) {
	s.Place.Put(s.Place.Name(0, "csv"), s.Place.table(0, 0))
	s.Advance(time.Hour)
	first := h.all(t, s, nil)
	require.Len(t, h.state(nil, first.rows), 40, "a table without rows is none of bad rows either")
	require.Empty(t, h.all(t, s, first.last()).batches, "and is taken")
}

func otherDelimiter(t *testing.T, h Harness, s *System) {
	for i, delimiter := range []string{";", "\t", "|"} {
		s.Place.Put(s.Place.Name(i, "csv"), []byte(strings.ReplaceAll(string(s.Place.table(100+10*i, 110+10*i)), ",", delimiter)))
	}
	s.Advance(time.Hour)
	require.Len(t, h.state(nil, h.all(t, s, nil).rows), 70)
}

// zipBomb: a small archive that unpacks to more than anybody sends is refused with a message, and fills no disk.
func zipBomb(t *testing.T, h Harness, s *System) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("a.csv")
	require.NoError(t, err)
	_, err = w.Write(s.Place.table(0, 1))
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 64 {
		_, err := w.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	s.Place.Put(s.Place.Name(0, "zip"), packed.Bytes())
	s.Advance(time.Hour)
	got, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.Error(t, err)
	require.NotEmpty(t, errs.CodeOf(err), "%v", err)
	require.NotEmpty(t, errs.Lookup(errs.CodeOf(err)).ZH.Next)
	require.Len(t, h.state(nil, got.rows), 40)
}
