package simsalesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// polls is how often a job is looked at before it is done.
const polls = 3

// job is a query that runs at the server and whose answer stays there until the job is deleted.
type job struct {
	version string
	state   string
	why     string
	polls   int
	header  []string
	types   []string
	rows    [][]any
}

// jobCall answers calls below jobs/query.
func (s *Server) jobCall(w http.ResponseWriter, r *http.Request, version, path string) {
	id, results := strings.CutSuffix(strings.Trim(path, "/"), "/results")
	if id == "" && r.Method == http.MethodPost {
		s.createJob(w, r, version)
		return
	}
	if results {
		s.mu.Lock()
		before := s.before
		s.mu.Unlock()
		before()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[id]
	switch {
	case j == nil:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
	case j.version != version:
		refuse(w, http.StatusConflict, "INVALIDVERSION", "the API version does not match the version the job was created with")
	case results && r.Method == http.MethodGet:
		s.results(w, r, id, j)
	case r.Method == http.MethodGet:
		s.looks++
		if j.polls--; j.polls == 0 && j.state != "Aborted" {
			j.state = "JobComplete"
			if s.failure != "" {
				j.state, j.why = "Failed", s.failure
			}
		} else if j.state == "UploadComplete" {
			j.state = "InProgress"
		}
		writeJob(w, id, j)
	case r.Method == http.MethodPatch:
		if j.state == "JobComplete" || j.state == "Failed" {
			refuse(w, http.StatusBadRequest, "INVALIDJOBSTATE", "the job is done already")
			return
		}
		j.state = "Aborted"
		s.aborted++
		writeJob(w, id, j)
	case r.Method == http.MethodDelete:
		if j.state == "UploadComplete" || j.state == "InProgress" {
			refuse(w, http.StatusBadRequest, "INVALIDJOBSTATE", "only jobs that are done can be deleted")
			return
		}
		delete(s.jobs, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		refuse(w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP method not allowed")
	}
}

func (s *Server) createJob(w http.ResponseWriter, r *http.Request, version string) {
	var body struct{ Operation, Query, ContentType, ColumnDelimiter, LineEnding string }
	err := json.NewDecoder(r.Body).Decode(&body)
	if err != nil || body.Operation != "query" && body.Operation != "queryAll" || body.ContentType != "CSV" || body.ColumnDelimiter != "COMMA" || body.LineEnding != "LF" {
		refuse(w, http.StatusBadRequest, "INVALIDJOB", "the job's description cannot be read")
		return
	}
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, columns, o, why := s.find(body.Query, body.Operation == "queryAll")
	if why != nil {
		refuse(w, http.StatusBadRequest, why[0], why[1])
		return
	}
	if slices.ContainsFunc(columns, nested.MatchString) {
		refuse(w, http.StatusBadRequest, "INVALIDJOB", "Nested queries are not supported in bulk query")
		return
	}
	s.serial++
	id := fmt.Sprintf("750job%012d", s.serial)
	j := &job{version: version, state: "UploadComplete", polls: polls, header: columns}
	for _, c := range columns {
		j.types = append(j.types, s.typeOf(o, c))
	}
	for _, row := range found {
		cells := make([]any, len(columns))
		for i, c := range columns {
			cells[i] = row[c]
		}
		j.rows = append(j.rows, cells)
	}
	s.jobs[id] = j
	s.started++
	writeJob(w, id, j)
}

func writeJob(w http.ResponseWriter, id string, j *job) {
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"id": id, "operation": "query", "state": j.state, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}
	if j.why != "" {
		answer["errorMessage"] = j.why
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// typeOf is the type of a column, which may lie in a related object.
func (s *Server) typeOf(o Object, column string) string {
	head, rest, dotted := strings.Cut(column, ".")
	for _, f := range o.Fields {
		switch {
		case !dotted && f.Name == column:
			return f.Type
		case dotted && f.Relationship == head:
			return s.typeOf(s.objects[f.ReferenceTo], rest)
		}
	}
	return ""
}

// results answers a page; every one begins with the names of the columns, and the word null for a locator is the end.
func (s *Server) results(w http.ResponseWriter, r *http.Request, id string, j *job) {
	at, err := 0, error(nil)
	if locator := r.URL.Query().Get("locator"); locator != "" {
		at, err = strconv.Atoi(strings.TrimPrefix(locator, "MTox"))
	}
	if s.opts.Faults.Hit(fault.DeadLocator) {
		delete(s.jobs, id)
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
		return
	}
	if j.state != "JobComplete" || err != nil || at > len(j.rows) {
		refuse(w, http.StatusBadRequest, "INVALIDJOBSTATE", "no results for this job and locator")
		return
	}
	size, err := strconv.Atoi(r.URL.Query().Get("maxRecords"))
	if err != nil || size < 1 {
		size = 50_000
	}
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	end := min(at+size, len(j.rows))
	var b strings.Builder
	line := func(cells []string) {
		for i, c := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
		}
		b.WriteByte('\n')
	}
	line(j.header)
	for _, row := range j.rows[at:end] {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cellText(v, j.types[i])
		}
		line(cells)
	}
	next := "null"
	if end < len(j.rows) {
		next = fmt.Sprintf("MTox%d", end)
	}
	w.Header().Set("Content-Type", "text/csv;charset=UTF-8")
	w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(end-at))
	w.Header().Set("Sforce-Locator", next)
	_, _ = w.Write([]byte(b.String()))
}

// cellText is a value as the platform writes it into CSV: nothing for null, another offset of times than in JSON.
func cellText(v any, kind string) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if kind == "datetime" {
			return strings.TrimSuffix(v, "+0000") + "Z"
		}
		return v
	}
	return fmt.Sprint(v)
}
