package salesforce

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tributary/connectors/httpsource"
)

// readCSV reads what a job answers: comma, line feed, quotes doubled inside quotes. Quoted text keeps its line ends, those
// of Windows too. Text that does not end with a line end was cut.
func readCSV(text string) (records [][]string, err error) {
	var record []string
	for len(text) > 0 {
		var cell string
		if text[0] == '"' {
			if cell, text, err = quotedCell(text[1:]); err != nil {
				return nil, fmt.Errorf("line %d: %w", len(records)+1, err)
			}
		} else {
			end := strings.IndexAny(text, ",\n\"")
			if end < 0 || text[end] == '"' {
				return nil, fmt.Errorf("line %d: a cell without its end", len(records)+1)
			}
			cell, text = text[:end], text[end:]
		}
		record = append(record, cell)
		switch {
		case strings.HasPrefix(text, ","):
			text = text[1:]
		case strings.HasPrefix(text, "\n"):
			text = text[1:]
			records, record = append(records, record), nil
		default:
			return nil, fmt.Errorf("line %d: text behind a quoted cell", len(records)+1)
		}
	}
	if record != nil {
		return nil, errors.New("the last line has no end")
	}
	return records, nil
}

// quotedCell reads a cell behind its opening quote, and gives the text behind the closing one.
func quotedCell(text string) (cell, rest string, err error) {
	var b strings.Builder
	for {
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return "", "", errors.New("a quote that is not closed")
		}
		b.WriteString(text[:end])
		if text = text[end+1:]; !strings.HasPrefix(text, `"`) {
			return b.String(), text, nil
		}
		b.WriteByte('"')
		text = text[1:]
	}
}

// rowsOf makes of a job's page the rows that a query over REST would have answered, values and all, and the JSON they are kept as:
// whichever way a row came, it is the same row. kinds are the types of the columns by name.
func rowsOf(records [][]string, columns []string, kinds map[string]string) ([]byte, []httpsource.Element, error) {
	if len(records) == 0 {
		return []byte("[]"), nil, nil
	}
	if len(records[0]) != len(columns) {
		return nil, nil, fmt.Errorf("%d columns instead of %d", len(records[0]), len(columns))
	}
	for i, name := range records[0] {
		if !strings.EqualFold(name, columns[i]) {
			return nil, nil, fmt.Errorf("column %s instead of %s", name, columns[i])
		}
	}
	raw, rows := bytes.NewBufferString("["), make([]httpsource.Element, 0, len(records)-1)
	for n, record := range records[1:] {
		if len(record) != len(columns) {
			return nil, nil, fmt.Errorf("row %d has %d cells instead of %d", n+1, len(record), len(columns))
		}
		fields := make(map[string]any, len(columns))
		for i, cell := range record {
			v, err := typed(kinds[columns[i]], cell)
			if err != nil {
				return nil, nil, fmt.Errorf("row %d, column %s: %w", n+1, columns[i], err)
			}
			nest(fields, columns[i], v)
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return nil, nil, err
		}
		if n > 0 {
			raw.WriteByte(',')
		}
		rows = append(rows, httpsource.Element{Fields: fields, Off: raw.Len(), Len: len(text)})
		raw.Write(text)
	}
	raw.WriteByte(']')
	return raw.Bytes(), rows, nil
}

// nest puts a value where a dotted path leads.
func nest(into map[string]any, path string, v any) {
	head, rest, dotted := strings.Cut(path, ".")
	if !dotted {
		into[path] = v
		return
	}
	inner, _ := into[head].(map[string]any)
	if inner == nil {
		inner = map[string]any{}
		into[head] = inner
	}
	nest(inner, rest, v)
}

// typed is the value that JSON has for a cell of a type. Nothing is told apart from an empty text in neither form.
func typed(kind, cell string) (any, error) {
	if cell == "" {
		return nil, nil
	}
	switch kind {
	case "boolean":
		if cell != "true" && cell != "false" {
			return nil, errors.New("neither true nor false")
		}
		return cell == "true", nil
	case "int", "long", "double", "currency", "percent":
		if !json.Valid([]byte(cell)) || !strings.ContainsRune("-0123456789", rune(cell[0])) {
			return nil, errors.New("not a number")
		}
		return json.Number(cell), nil
	case "datetime":
		if utc, ok := strings.CutSuffix(cell, "Z"); ok {
			return utc + "+0000", nil
		}
	}
	return cell, nil
}
