package simfhir

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/sandbox/fault"
)

// exported is a bulk export: what was there when it was asked for, in files.
type exported struct {
	request string
	at      time.Time // what was written before is in it
	looks   int       // how often it is looked at before it is done
	looked  time.Time
	output  []exportFile
	deleted []exportFile
	errors  []exportFile
}

type exportFile struct {
	typ  string
	body []byte
	n    int // lines, -1: not told
}

// Exports counts exports: those that were begun, those that are still kept, and looks that came too early.
func (s *Server) Exports() (begun, kept, early int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun, len(s.exports), s.early
}

// ForgetExports drops all exports.
func (s *Server) ForgetExports() { s.mu.Lock(); defer s.mu.Unlock(); clear(s.exports) }

// SetFileHost sets the host of files that links name from now on.
func (s *Server) SetFileHost(host string) { s.mu.Lock(); defer s.mu.Unlock(); s.opts.FileHost = host }

// export begins an export.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	since, err := time.Parse(time.RFC3339, cmp.Or(q.Get("_since"), "0001-01-01T00:00:00Z"))
	if err != nil || !strings.Contains(r.Header.Get("Prefer"), "respond-async") {
		s.refuse(w, http.StatusBadRequest, "invalid", "an export needs Prefer: respond-async, and instants")
		return
	}
	e := &exported{request: r.URL.String(), at: s.opts.Now().Add(-s.opts.ExportLag), looks: cmp.Or(s.opts.ExportLooks, 3)}
	for _, name := range strings.Split(q.Get("_type"), ",") {
		t := s.types[name]
		if t == nil {
			s.refuse(w, http.StatusBadRequest, "not-supported", "unknown resource type "+name)
			return
		}
		s.write(e, t, since)
	}
	for _, text := range s.opts.ExportErrors {
		line, _ := json.Marshal(map[string]any{"resourceType": "OperationOutcome", "issue": []any{map[string]any{"severity": "error", "code": "processing", "diagnostics": text}}})
		e.errors = append(e.errors, exportFile{typ: "OperationOutcome", body: line, n: 1})
	}
	s.begun++
	same := fnv.New64() // the same export of the same data is the same place
	fmt.Fprint(same, s.changes, r.URL.RawQuery)
	id := fmt.Sprintf("%x", same.Sum64())
	s.exports[id] = e
	w.Header().Set("Content-Location", "http://"+r.Host+s.opts.Prefix+"/export-status/"+id)
	w.WriteHeader(http.StatusAccepted)
}

// write fills the files of a type, four or more, with empty lines in between and no end of the last line.
func (s *Server) write(e *exported, t *Type, since time.Time) {
	var lines [][]byte
	for _, row := range t.all() {
		if at := updated(row); at.Before(e.at) && (since.IsZero() || at.After(since)) {
			line, _ := json.Marshal(row)
			lines = append(lines, line)
		}
	}
	for from, n := 0, 0; from < len(lines); from += n {
		if n = (len(lines) + 3) / 4; s.opts.Faults.Hit(fault.ShortPage) {
			n = 1
		}
		part := lines[from:min(from+n, len(lines))]
		f := exportFile{typ: t.Name, body: bytes.Join(part, []byte("\n\n")), n: len(part)}
		if from > 0 {
			f.n = -1
		}
		e.output = append(e.output, f)
	}
	var entries []any
	for id, at := range t.gone {
		if !since.IsZero() && at.After(since) {
			entries = append(entries, map[string]any{"request": map[string]any{"method": "DELETE", "url": t.Name + "/" + id}})
		}
	}
	if len(entries) > 0 {
		line, _ := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": entries})
		e.deleted = append(e.deleted, exportFile{typ: "Bundle", body: line, n: 1})
	}
}

// exportStatus answers looks at an export, and gives it back.
func (s *Server) exportStatus(w http.ResponseWriter, r *http.Request, id string) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.exports[id]
	switch {
	case e == nil:
		s.refuse(w, http.StatusNotFound, "not-found", "the export is not known any more")
		return
	case r.Method == http.MethodDelete:
		delete(s.exports, id)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	now := s.opts.Now()
	early := now.Sub(e.looked) < s.opts.ExportPause
	e.looked = now
	w.Header().Set("Retry-After", strconv.Itoa(int(s.opts.ExportPause.Seconds())))
	if early {
		s.early++
		s.refuse(w, http.StatusTooManyRequests, "throttled", "you look too often")
		return
	}
	if e.looks--; e.looks >= 0 {
		w.Header().Set("X-Progress", "writing")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	place, host := "/export-files/", "http://"+r.Host
	if s.opts.FileHost != "" {
		place, host = "/open-files/", s.opts.FileHost
	}
	links := func(kind string, files []exportFile) []any {
		out := []any{}
		for i, f := range files {
			link := map[string]any{"type": f.typ, "url": fmt.Sprintf("%s%s%s%s/%s/%d?sig=%d", host, s.opts.Prefix, place, id, kind, i, s.serial)}
			if f.n >= 0 {
				link["count"] = f.n
			}
			out = append(out, link)
		}
		return out
	}
	s.serial++
	write(w, http.StatusOK, map[string]any{
		"transactionTime": e.at.UTC().Format("2006-01-02T15:04:05.000Z07:00"), "request": e.request, "requiresAccessToken": s.opts.FileHost == "",
		"output": links("output", e.output), "deleted": links("deleted", e.deleted), "error": links("error", e.errors),
	})
}

// exportFile answers a file: rest is export/kind/number.
func (s *Server) exportFile(w http.ResponseWriter, r *http.Request, rest string) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(rest, "/")
	if len(parts) != 3 {
		http.NotFound(w, r)
		return
	}
	n, err := strconv.Atoi(parts[2])
	var files []exportFile
	if e := s.exports[parts[0]]; e != nil {
		files = map[string][]exportFile{"output": e.output, "deleted": e.deleted, "error": e.errors}[parts[1]]
	}
	if err != nil || n < 0 || n >= len(files) || s.opts.Faults.Hit(fault.DeadLocator) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
		return
	}
	w.Header().Set("Content-Type", "application/fhir+ndjson")
	if n%2 == 0 || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		_, _ = w.Write(files[n].body)
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(files[n].body)
	_ = z.Close()
}
