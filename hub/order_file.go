package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
)

// maxOrderFile bounds a file of orders in bytes.
const maxOrderFile = 64 << 20

// ReadOrders reads orders from a file: JSON (an order, a list, an order a line) or a table with a row for each line of an
// order. The name - reads JSON from in.
func ReadOrders(ctx context.Context, path string, in io.Reader, lang string) ([]canonical.OrderRequest, error) {
	name := filepath.Base(path)
	if path == "-" {
		text, err := io.ReadAll(io.LimitReader(in, maxOrderFile+1))
		if err != nil {
			return nil, fmt.Errorf("read orders: %w", err)
		}
		return parseOrders(name, text)
	}
	head, err := peek(path)
	if err != nil {
		return nil, errs.New(errs.Invalid, "order.file", errs.Args{"file": name, "why": err.Error()})
	}
	if trimmed := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, errs.New(errs.Invalid, "order.file", errs.Args{"file": name, "why": err.Error()})
		}
		return parseOrders(name, text)
	}
	return tableOrders(ctx, path, lang)
}

func peek(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:n], err
}

// parseOrders reads JSON strictly: a name that is not known is a mistake, not something to pass over.
func parseOrders(name string, text []byte) ([]canonical.OrderRequest, error) {
	if len(text) > maxOrderFile {
		return nil, errs.New(errs.Invalid, "order.file", errs.Args{"file": name, "why": fmt.Sprintf("more than %d bytes", maxOrderFile)})
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	var out []canonical.OrderRequest
	for n := 1; ; n++ {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil {
			var some []canonical.OrderRequest
			if some, err = decodeOrders(raw); err == nil {
				out = append(out, some...)
				continue
			}
		}
		return nil, errs.New(errs.Invalid, "order.json", errs.Args{"file": name, "at": n, "why": err.Error()})
	}
}

func decodeOrders(raw []byte) ([]canonical.OrderRequest, error) {
	strict := func(into any) error {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		return dec.Decode(into)
	}
	if raw[0] == '[' {
		var list []canonical.OrderRequest
		return list, strict(&list)
	}
	var wrapped struct {
		Orders []json.RawMessage `json:"orders"`
	}
	if json.Unmarshal(raw, &wrapped) == nil && wrapped.Orders != nil {
		var list []canonical.OrderRequest
		for _, one := range wrapped.Orders {
			some, err := decodeOrders(one)
			if err != nil {
				return nil, err
			}
			list = append(list, some...)
		}
		return list, nil
	}
	var one canonical.OrderRequest
	err := strict(&one)
	return []canonical.OrderRequest{one}, err
}

// tableOrders reads a table: the rows with one number are one order.
func tableOrders(ctx context.Context, path, lang string) ([]canonical.OrderRequest, error) {
	t, err := filesource.Open(ctx, path, filesource.Options{Known: mapping.Known(mapping.Orders)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = t.Close() }() // only read
	m, _, err := mapping.FromHeaders(mapping.Orders, t.Headers(), mapping.Defaults{})
	if err != nil {
		return nil, err
	}
	var out []canonical.OrderRequest
	at := map[string]int{}
	bad := func(row int, issues ...canonical.Issue) error {
		return errs.New(errs.Invalid, "order.row", errs.Args{"file": t.Name(), "row": row, "why": texts(issues, lang)})
	}
	for {
		rec, err := t.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Bad != nil {
			return nil, bad(rec.Number, *rec.Bad)
		}
		res := m.Apply(t.Fields(rec))
		row, ok := res.Value.(*canonical.Order)
		if len(res.Issues) > 0 || !ok {
			return nil, bad(rec.Number, res.Issues...)
		}
		i, known := at[row.Number]
		if !known {
			i = len(out)
			at[row.Number] = i
			out = append(out, canonical.OrderRequest{Key: row.Number, Customer: row.Customer, Date: row.Date})
		}
		if o := &out[i]; o.Customer != row.Customer || o.Date != row.Date {
			return nil, bad(rec.Number, canonical.Invalid("number", row.Number, "another row of this order has another customer or date"))
		}
		out[i].Lines = append(out[i].Lines, row.Lines...)
	}
}
