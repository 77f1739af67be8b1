package files

import (
	"bytes"
	"context"
	_ "embed" // the set-up guides
	"encoding/json"
	"errors"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// Stream is the only stream of the connector: ledger rows, of whichever ledger their file is.
const Stream = "flow"

//go:embed setup.en.md
var setupEN string

//go:embed setup.zh.md
var setupZH string

// Driver makes sources.
var Driver = connectors.Driver{
	Name:    "files",
	Title:   map[string]string{"en": "Distributors' files: folder, SFTP, FTP, web, S3, mail", "zh": "商业公司文件：目录、SFTP、FTP、网页、S3、邮件"},
	Streams: []connectors.StreamInfo{streamInfo},
	Config:  Settings{},
	Setup:   map[string]string{"en": setupEN, "zh": setupZH},
	New: func(settings any, env connectors.Env) (connectors.Source, error) {
		s, ok := settings.(Settings)
		if !ok || env.Now == nil {
			return nil, errors.New("files: settings or clock is missing")
		}
		return &source{settings: s, env: env}, nil
	},
}

var streamInfo = connectors.StreamInfo{
	Name: Stream, Title: "流向文件", Entity: canonical.EntityFlow, Key: []string{"_file", "_row"}, Deletes: "none",
}

// ownFields say where a row comes from; the source adds them to the columns of the file.
var ownFields = []string{"_file", "_row", "_party", "_ledger", "_period", "_version"}

// Feed is what the source offers beyond Source: whole files, for the use case that imports files.
type Feed interface {
	// Pending lists the files that are not in the position, in the order of their names.
	Pending(ctx context.Context, position json.RawMessage) ([]Incoming, error)
	// Fetch makes the file readable at a local path until the next Fetch or Close.
	Fetch(ctx context.Context, in Incoming) (path string, err error)
	// Taken is the position after the file; it is to be committed together with the file's rows.
	Taken(ctx context.Context, position json.RawMessage, in Incoming) (json.RawMessage, error)
	// Done tells the folder, after that commit, that the file is stored.
	Done(ctx context.Context, in Incoming) error
}

type source struct {
	settings Settings
	env      connectors.Env
	place    filesource.FileSource
	order    []mark // of the files listed last
	reading  *reading
}

var (
	_ connectors.Source = (*source)(nil)
	_ Feed              = (*source)(nil)
)

func (s *source) open() error {
	if s.place != nil {
		return nil
	}
	p, err := s.settings.open(s.env)
	if err != nil {
		return err
	}
	s.place = p
	return nil
}

// Check looks at the place, proves that files may be archived, and says which files it cannot place.
func (s *source) Check(ctx context.Context) ([]connectors.Finding, error) {
	listed, err := s.look(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return fault(err)
	}
	findings := []connectors.Finding{{Severity: connectors.OK, Code: "files.check_ok", Args: map[string]any{"folder": s.settings.where(), "count": len(listed)}}}
	if s.settings.plain() {
		findings = append(findings, connectors.Finding{Severity: connectors.Warn, Code: "files.check_plain", Args: map[string]any{"folder": s.settings.where()}})
	}
	for _, f := range listed {
		if in := s.settings.place(f); in.Problem != nil && len(findings) <= 20 {
			findings = append(findings, connectors.Finding{Severity: connectors.Warn, Code: in.Problem.Code, Args: in.Problem.Args})
		}
	}
	return findings, nil
}

// look lists what lies at the place now, and tries what archiving needs.
func (s *source) look(ctx context.Context) ([]filesource.RemoteFile, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	drop, ok := s.place.(*filesource.Drop)
	if !ok {
		return s.place.List(ctx)
	}
	listed, err := drop.Look(ctx)
	if err == nil {
		err = drop.Probe(ctx)
	}
	return listed, err
}

// fault is the finding of a failure.
func fault(err error) ([]connectors.Finding, error) {
	var e *errs.Error
	if !errors.As(err, &e) {
		return nil, err
	}
	return []connectors.Finding{{Severity: connectors.Fault, Code: e.Code, Args: e.Args}}, nil
}

// Discover looks into the first file that can be placed: its columns are those that a partner's files are likely to have.
func (s *source) Discover(ctx context.Context) ([]connectors.StreamInfo, error) {
	files, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	info := streamInfo
	for _, name := range ownFields {
		info.Fields = append(info.Fields, connectors.Field{Name: name})
	}
	i := slices.IndexFunc(files, func(in Incoming) bool { return in.Problem == nil })
	if i < 0 {
		return []connectors.StreamInfo{info}, nil
	}
	tables, err := s.tablesOf(ctx, files[i])
	if err != nil || len(tables) == 0 {
		return []connectors.StreamInfo{info}, err
	}
	table, err := tables[0].Open(ctx, files[i].Options)
	if err != nil {
		return nil, err
	}
	for _, name := range table.Headers() {
		if name != "" && !slices.ContainsFunc(info.Fields, func(f connectors.Field) bool { return f.Name == name }) {
			info.Fields = append(info.Fields, connectors.Field{Name: name})
		}
	}
	return []connectors.StreamInfo{info}, table.Close()
}

func (s *source) list(ctx context.Context) ([]Incoming, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	files, err := s.place.List(ctx)
	if err != nil {
		return nil, err
	}
	s.order = s.order[:0]
	out := make([]Incoming, 0, len(files))
	for _, f := range files {
		s.order = append(s.order, markOf(f))
		out = append(out, s.settings.place(f))
	}
	return out, nil
}

func (s *source) Pending(ctx context.Context, raw json.RawMessage) ([]Incoming, error) {
	p, err := decodePosition(raw)
	if err != nil {
		return nil, err
	}
	all, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	out := all[:0]
	for _, in := range all {
		switch {
		case !p.taken[markOf(in.RemoteFile)]:
			out = append(out, in)
		case s.settings.Archive != "": // stored by a run that ended before it could move the file
			if err := s.Done(ctx, in); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (s *source) Fetch(ctx context.Context, in Incoming) (string, error) {
	if err := s.open(); err != nil {
		return "", err
	}
	return s.place.Fetch(ctx, in.RemoteFile)
}

func (s *source) Taken(_ context.Context, raw json.RawMessage, in Incoming) (json.RawMessage, error) {
	p, err := decodePosition(raw)
	if err != nil {
		return nil, err
	}
	m := markOf(in.RemoteFile)
	p.taken[m], p.file, p.row = true, mark{}, 0
	order := s.order
	if len(order) == 0 { // the folder was not looked at: nothing can be dropped as gone
		order = slices.SortedFunc(maps.Keys(p.taken), func(a, b mark) int { return bytes.Compare(a[:], b[:]) })
	}
	return p.encode(order)
}

func (s *source) Done(ctx context.Context, in Incoming) error {
	if err := s.open(); err != nil {
		return err
	}
	return s.place.Done(ctx, in.RemoteFile)
}

// Open fixes the run's files: those that lie in the folder now.
func (s *source) Open(ctx context.Context, stream string, raw json.RawMessage) error {
	if stream != Stream {
		return errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": stream, "known": Stream})
	}
	p, err := decodePosition(raw)
	if err != nil {
		return err
	}
	pending, err := s.Pending(ctx, raw)
	if err != nil {
		return err
	}
	if s.reading != nil {
		s.reading.close()
	}
	s.reading = &reading{source: s, position: p, pending: pending}
	return nil
}

func (s *source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.reading == nil {
		return connectors.Batch{}, io.EOF
	}
	return s.reading.next(ctx)
}

// Ack archives the files that the position covers as a whole.
func (s *source) Ack(ctx context.Context, raw json.RawMessage) error {
	p, err := decodePosition(raw)
	if err != nil || s.reading == nil {
		return err
	}
	for _, in := range s.reading.pending {
		if p.taken[markOf(in.RemoteFile)] {
			if err := s.Done(ctx, in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *source) Close() error {
	if s.reading != nil {
		s.reading.close()
		s.reading = nil
	}
	if s.place == nil {
		return nil
	}
	p := s.place
	s.place = nil
	return p.Close()
}

// tablesOf lists the tables in a file of the folder.
func (s *source) tablesOf(ctx context.Context, in Incoming) ([]filesource.File, error) {
	path, err := s.Fetch(ctx, in)
	if err != nil {
		return nil, err
	}
	return filesource.Files(ctx, filepath.FromSlash(path))
}

// rowKey names a row for people who look for it: file, entry and row number.
func rowKey(in Incoming, entry, row string) string {
	return strings.Join([]string{in.Name, entry, row}, "#")
}
