// Package packtest reads packs as a person would who opens them, for tests.
package packtest

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"tributary/canonical"
	"tributary/quality/pack"
	"tributary/trace"
)

// TestingT is what the helpers need of a test; those of rapid have it too.
type TestingT interface {
	require.TestingT
	Helper()
}

// Workbook is the rows of every tab without title and headings, as the cells are stored.
func Workbook(t TestingT, body []byte) map[string][][]string {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(body))
	require.NoError(t, err)
	defer book.Close()
	out := map[string][][]string{}
	for _, tab := range book.GetSheetList() {
		rows, err := book.GetRows(tab, excelize.Options{RawCellValue: true})
		require.NoError(t, err)
		const head = 4
		out[tab] = rows[min(head, len(rows)):]
	}
	return out
}

var (
	stream   = regexp.MustCompile(`(?s)/FlateDecode/Length (\d+)\n>>\nstream\n`)
	mapping  = regexp.MustCompile(`<([0-9A-F]{4})><[0-9A-F]{4}><([0-9A-F]+)>`)
	shown    = regexp.MustCompile(`<([0-9A-F]*)>`)
	textLine = regexp.MustCompile(`\[(.*?)\] ?TJ`)
)

// Report is the text of a report, a line for each piece that was set.
func Report(t TestingT, body []byte) string {
	t.Helper()
	glyphs := map[string]string{}
	for _, m := range mapping.FindAllSubmatch(body, -1) {
		raw, err := hex.DecodeString(string(m[2]))
		require.NoError(t, err)
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		glyphs[string(m[1])] = string(utf16.Decode(units))
	}
	require.NotEmpty(t, glyphs, "the report tells which characters its glyphs are")
	var out strings.Builder
	for _, at := range stream.FindAllSubmatchIndex(body, -1) {
		length, err := strconv.Atoi(string(body[at[2]:at[3]]))
		require.NoError(t, err)
		z, err := zlib.NewReader(bytes.NewReader(body[at[1] : at[1]+length]))
		require.NoError(t, err)
		page, err := io.ReadAll(z)
		require.NoError(t, err)
		for _, line := range textLine.FindAllSubmatch(page, -1) {
			for _, piece := range shown.FindAllSubmatch(line[1], -1) {
				for i := 0; i+4 <= len(piece[1]); i += 4 {
					out.WriteString(glyphs[string(piece[1][i:i+4])])
				}
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// Texts is all that can be read in each file of a pack.
func Texts(t TestingT, files []pack.File) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range files {
		switch f.Name {
		case pack.WorkbookName:
			var all strings.Builder
			for tab, rows := range Workbook(t, f.Body) {
				all.WriteString(tab + "\n")
				for _, r := range rows {
					all.WriteString(strings.Join(r, "\t") + "\n")
				}
			}
			out[f.Name] = all.String()
		case pack.ReportName:
			out[f.Name] = Report(t, f.Body)
		default:
			out[f.Name] = string(f.Body)
		}
	}
	return out
}

// Figures is a balance in the order of the pack's table.
func Figures(b trace.Totals) []string {
	var out []string
	for _, q := range []canonical.Quantity{b.Released, b.NetShipped, b.OwnStock, b.Sampled, b.Quarantined, b.ChannelStock, b.InTransit, b.Recovered, b.Used, b.Destroyed, b.Gap} {
		out = append(out, q.String())
	}
	return out
}

// Grouped is Figures as print shows them, thousands apart.
func Grouped(b trace.Totals) []string {
	out := Figures(b)
	for i, s := range out {
		whole, fraction, _ := strings.Cut(s, ".")
		digits := strings.TrimPrefix(whole, "-")
		for at := len(digits) - 3; at > 0; at -= 3 {
			digits = digits[:at] + "," + digits[at:]
		}
		if out[i] = strings.Repeat("-", len(whole)-len(strings.TrimPrefix(whole, "-"))) + digits; fraction != "" {
			out[i] += "." + fraction
		}
	}
	return out
}
