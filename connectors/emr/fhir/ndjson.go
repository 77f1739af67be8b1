package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// removed marks what is known of a resource only because it was deleted. No resource has an element of such a name.
const removed = "@deleted"

// medicationsKept bounds the medication that is remembered while an export is read.
const medicationsKept = 10_000

// download is a file of an export that was read last.
type download struct {
	place export // without the line
	lines [][]byte
}

// lines are the resources of the file at a place. A link that expired is asked for once more with the status; when that does
// not help the export is begun again.
func (c *connection) lines(ctx context.Context, run *objectsource.Run, at export, m manifest) ([][]byte, error) {
	at.Line = 0
	c.mu.Lock()
	kept := c.kept
	c.mu.Unlock()
	if kept.place == at {
		return kept.lines, nil
	}
	f := m.of(run.Object())[at.File]
	lines, err := c.read(ctx, run, f, m.Token)
	if err != nil && httpsource.ClassOf(err) == httpsource.RestartCursor {
		c.mu.Lock()
		delete(c.manifests, at.Status)
		c.mu.Unlock()
		if m, err = c.await(ctx, run, at.Status); err != nil {
			return nil, err
		}
		files := m.of(run.Object())
		if len(files) != at.Files {
			return nil, changedFiles()
		}
		f = files[at.File]
		lines, err = c.read(ctx, run, f, m.Token)
	}
	if err == nil && f.Type == "Bundle" {
		lines, err = gone(lines, run.Object(), m.Time)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.kept = download{place: at, lines: lines}
	c.mu.Unlock()
	return lines, nil
}

// read fetches a file. Where the manifest says that no token is wanted none is sent, and the file may lie on another host of
// the same site.
func (c *connection) read(ctx context.Context, run *objectsource.Run, f file, token bool) (out [][]byte, err error) {
	client, path := c.client, c.link(f.URL)
	if u, err := url.Parse(path); err == nil && u.IsAbs() && u.Host != c.client.Host() && !token {
		if err := c.files.Rebase(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
		client = c.files
	}
	_, err = client.Do(ctx, httpsource.Request{
		Op: "file of the export of " + run.Object(), Method: http.MethodGet, Path: path, Header: http.Header{"Accept": {"application/fhir+ndjson"}}, NoAuth: !token,
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			out, e = readLines(r.Body, f)
			return e
		},
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error {
			if r.Status == http.StatusForbidden {
				return &httpsource.Error{Class: httpsource.RestartCursor, Message: "the link to the file has expired"}
			}
			return refusal(true)(r)
		},
	})
	return out, err
}

// readLines parts a file that came whole: every line is JSON, and there are as many as the manifest said.
func readLines(body []byte, f file) ([][]byte, *httpsource.Error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '<' {
		return nil, httpsource.ExpectJSON(body)
	}
	damaged := func(why string) *httpsource.Error {
		return &httpsource.Error{Class: httpsource.Retry, Kind: httpsource.NotJSON, Message: "a file that is cut short or damaged: " + why}
	}
	var out [][]byte
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		if body = rest; len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if !json.Valid(line) {
			return nil, damaged(fmt.Sprintf("line %d is no JSON", n))
		}
		out = append(out, line)
	}
	if f.Count != nil && *f.Count != len(out) {
		return nil, damaged(fmt.Sprintf("%d lines of %d", len(out), *f.Count))
	}
	return out, nil
}

// resourceOf reads a line of a file of a type.
func resourceOf(line []byte, typ string) (map[string]any, error) {
	var r map[string]any
	if err := httpsource.Decode(line, &r); err != nil || objectsource.Text(r["resourceType"]) != typ {
		return nil, httpsource.UnknownShape("a line of a file of %s that is none", typ)
	}
	return r, nil
}

// gone are the resources of a type that bundles of deleted ones name. They bear the export's time: the server lists none that
// came back before.
func gone(bundles [][]byte, typ string, at time.Time) ([][]byte, error) {
	var out [][]byte
	for _, line := range bundles {
		bundle, err := resourceOf(line, "Bundle")
		if err != nil {
			return nil, err
		}
		entries, _ := bundle["entry"].([]any)
		for _, e := range entries {
			entry, _ := e.(map[string]any)
			request, _ := entry["request"].(map[string]any)
			kind, id, ok := strings.Cut(referenceOf(objectsource.Text(request["url"])), "/")
			if objectsource.Text(request["method"]) != http.MethodDelete || !ok || id == "" {
				return nil, httpsource.UnknownShape("an entry of deleted resources that deletes none")
			}
			if kind != typ {
				continue
			}
			text, err := json.Marshal(map[string]any{"resourceType": typ, "id": id, removed: true, "meta": map[string]any{"lastUpdated": at.UTC().Format(time.RFC3339Nano)}})
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		}
	}
	return out, nil
}

// pageOf is the resources of some lines that belong to the window; what changed behind its end comes with the next one.
func pageOf(lines [][]byte, typ string, w httpsource.Window) (objectsource.Page, error) {
	var out objectsource.Page
	for _, line := range lines {
		r, err := resourceOf(line, typ)
		if err != nil {
			return out, err
		}
		at, err := time.Parse(time.RFC3339, objectsource.Text(objectsource.At(r, changed)))
		if err == nil && r[removed] != true && (at.Before(w.From) || !at.Before(w.To)) {
			continue
		}
		out.Rows = append(out.Rows, httpsource.Element{Fields: r, Off: len(out.Raw), Len: len(line)})
		out.Raw = append(append(out.Raw, line...), '\n')
	}
	return out, nil
}

// troubles reads what the server could not export. A failure there is one of the export: rows would be missing.
func (c *connection) troubles(ctx context.Context, run *objectsource.Run, m manifest) error {
	for _, f := range m.Error {
		lines, err := c.read(ctx, run, f, m.Token)
		if err != nil {
			return err
		}
		for _, line := range lines {
			r, err := resourceOf(line, "OperationOutcome")
			if err != nil {
				return err
			}
			if e := warned(r); e != nil {
				return e
			}
		}
	}
	return nil
}

// withRemembered puts medication beside the dispenses of an export, where none is included: what was fetched for one page is
// remembered for the next.
func (c *connection) withRemembered(ctx context.Context, p *objectsource.Page) error {
	c.mu.Lock()
	met := maps.Clone(c.medication)
	c.mu.Unlock()
	if met == nil || len(met) > medicationsKept {
		met = map[string]map[string]any{}
	}
	if err := c.withMedication(ctx, p, met); err != nil {
		return err
	}
	c.mu.Lock()
	c.medication = met
	c.mu.Unlock()
	return nil
}
