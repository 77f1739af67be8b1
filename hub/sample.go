package hub

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/distributor/files"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// sampleRows is how many rows a sample has unless told otherwise.
const sampleRows = 10

// sample is the first rows of a file, or of a stream as its system has them now.
type sample struct {
	fields []string // the columns in their order; of a stream the names of all fields, sorted
	rows   []sampleRow
}

type sampleRow struct {
	number  int
	fields  map[string]any
	deleted bool
	bad     *canonical.Issue // it could not be parsed into fields
}

// sample reads up to limit rows (0: ten). known tells headers, which helps to find a table's header row.
func (h *Hub) sample(ctx context.Context, of string, known func(header string) bool, limit int) (sample, error) {
	if limit <= 0 {
		limit = sampleRows
	}
	if t, ok, err := h.streamNamed(of); ok {
		if err != nil {
			return sample{}, err
		}
		return h.sampleStream(ctx, t, limit)
	}
	return sampleFile(ctx, of, known, limit)
}

// streamNamed says whether the text is CONNECTION/STREAM of the configuration, and which. A file of that name wins.
func (h *Hub) streamNamed(of string) (t pullTarget, ok bool, err error) {
	connection, _, cut := strings.Cut(of, "/")
	if _, err := os.Stat(of); !cut || err == nil || h.Config == nil {
		return t, false, nil
	}
	if _, err := h.Connection(connection); err != nil {
		return t, false, nil
	}
	targets, err := h.pullTargets([]string{of})
	if err != nil {
		return t, true, err
	}
	return targets[0], true, nil
}

func sampleFile(ctx context.Context, file string, known func(header string) bool, limit int) (out sample, err error) {
	table, err := filesource.Open(ctx, file, filesource.Options{Known: known})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	out.fields = table.Headers()
	for len(out.rows) < limit {
		rec, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		if rec.Bad != nil {
			out.rows = append(out.rows, sampleRow{number: rec.Number, bad: rec.Bad})
			continue
		}
		out.rows = append(out.rows, sampleRow{number: rec.Number, fields: table.Fields(rec)})
	}
	return out, nil
}

func (h *Hub) sampleStream(ctx context.Context, t pullTarget, limit int) (out sample, err error) {
	login, err := h.logIn(ctx, t.connection)
	if err != nil {
		return out, err
	}
	defer func() { err = login.leave(ctx, err) }()
	src, err := h.Source(login.Connection)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	if _, ok := src.(files.Feed); ok {
		return out, errs.New(errs.Invalid, "hub.sample_of_files", errs.Args{"connection": t.connection.Name})
	}
	if err := src.Open(ctx, t.stream.Name, nil); err != nil {
		return out, err
	}
	fields := map[string]bool{}
	for len(out.rows) < limit {
		batch, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, err
		}
		for _, bad := range batch.Bad {
			out.rows = append(out.rows, sampleRow{number: bad.Number, bad: &bad.Issue})
		}
		for _, r := range batch.Rows {
			for name := range r.Fields {
				fields[name] = true
			}
			out.rows = append(out.rows, sampleRow{number: r.Number, fields: r.Fields, deleted: r.Op == connectors.Delete})
		}
	}
	out.rows = out.rows[:min(limit, len(out.rows))]
	out.fields = slices.Sorted(maps.Keys(fields))
	return out, nil
}
