package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tributary/internal/errs"
)

// Manifest lists the files of a pack.
type Manifest struct {
	Version  int            `json:"version"`
	RecallNo string         `json:"recall_no"`
	MadeAt   time.Time      `json:"made_at"`
	MadeBy   string         `json:"made_by"`
	Files    []ManifestFile `json:"files"`
	Digest   string         `json:"-"` // SHA-256 of the manifest itself: kept elsewhere, it proves that the manifest was not exchanged
}

// ManifestFile is one file with its SHA-256 in hexadecimal.
type ManifestFile struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func manifestOf(in *Input, files []File) (File, error) {
	m := Manifest{Version: 1, RecallNo: in.Recall.No, MadeAt: in.MadeAt.UTC(), MadeBy: in.MadeBy}
	for _, f := range files {
		m.Files = append(m.Files, ManifestFile{f.Name, len(f.Body), digest(f.Body)})
	}
	body, err := json.MarshalIndent(m, "", "  ")
	return File{ManifestName, append(body, '\n')}, err
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Write puts the files that Render made into a folder, which it makes. A folder that holds anything else is refused with
// errs.Conflict: a pack is a folder of its own. A pack that is already there is replaced, the manifest last.
func Write(dir string, files []File) (Manifest, error) {
	var m Manifest
	names := map[string]bool{WorkbookName: true, ReportName: true, EPCISName: true, ManifestName: true}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return m, errs.Wrap(errs.Unavailable, "pack.not_writable", err, errs.Args{"dir": dir})
	}
	have, err := os.ReadDir(dir)
	if err != nil {
		return m, errs.Wrap(errs.Unavailable, "pack.not_writable", err, errs.Args{"dir": dir})
	}
	for _, e := range have {
		if !names[e.Name()] {
			return m, errs.New(errs.Conflict, "pack.dir_in_use", errs.Args{"dir": dir, "file": e.Name()})
		}
	}
	for _, e := range have {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return m, errs.Wrap(errs.Unavailable, "pack.not_writable", err, errs.Args{"dir": dir})
		}
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Body, 0o640); err != nil {
			return m, errs.Wrap(errs.Unavailable, "pack.not_writable", err, errs.Args{"dir": dir})
		}
		if f.Name == ManifestName {
			if err := json.Unmarshal(f.Body, &m); err != nil {
				return m, fmt.Errorf("read back the manifest: %w", err)
			}
			m.Digest = digest(f.Body)
		}
	}
	return m, nil
}

// Report is the result of Verify.
type Report struct {
	OK       bool         `json:"ok"`
	RecallNo string       `json:"recall_no"`
	MadeAt   time.Time    `json:"made_at"`
	Digest   string       `json:"manifest_sha256"`
	Files    []FileStatus `json:"files"` // the manifest when it was changed, its files in its order, then what is not in it
}

// FileStatus says of one file whether it is as the manifest has it: ok, missing, changed, or extra.
type FileStatus struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Want   string `json:"want,omitempty"` // SHA-256
	Got    string `json:"got,omitempty"`
}

// Err is nil for a sound pack, else an error that names every faulty file.
func (r Report) Err() error {
	if r.OK {
		return nil
	}
	var faults faultList
	for _, f := range r.Files {
		if f.Status != "ok" {
			faults = append(faults, errs.New(errs.Conflict, "pack.file_"+f.Status, errs.Args{"file": f.Name}))
		}
	}
	return errs.New(errs.Conflict, "pack.broken", errs.Args{"why": faults})
}

// faultList shows what is wrong with each file, in the reader's language.
type faultList []*errs.Error

func (l faultList) In(lang string) string {
	texts := make([]string, len(l))
	for i, f := range l {
		texts[i] = f.Text(lang)
	}
	return strings.Join(texts, "; ")
}

// Verify compares a folder with its manifest, and the manifest with its hash as it was kept elsewhere; empty: it was not.
// Who changes a file and its entry in the manifest is found by that hash alone. A folder without a readable manifest is an
// error, of kind NotFound or Invalid; a difference is no error but a Report that is not OK.
func Verify(dir, kept string) (Report, error) {
	r := Report{Files: []FileStatus{}}
	body, err := os.ReadFile(filepath.Join(dir, ManifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, errs.New(errs.NotFound, "pack.no_manifest", errs.Args{"dir": dir})
	case err != nil:
		return r, errs.Wrap(errs.Unavailable, "pack.unreadable", err, errs.Args{"file": filepath.Join(dir, ManifestName)})
	}
	var m Manifest
	if err := json.Unmarshal(body, &m); err != nil || m.Version != 1 {
		return r, errs.New(errs.Invalid, "pack.bad_manifest", errs.Args{"dir": dir})
	}
	r.OK, r.RecallNo, r.MadeAt, r.Digest = true, m.RecallNo, m.MadeAt, digest(body)
	if kept != "" && !strings.EqualFold(kept, r.Digest) {
		r.OK = false
		r.Files = append(r.Files, FileStatus{Name: ManifestName, Status: "changed", Want: strings.ToLower(kept), Got: r.Digest})
	}
	listed := map[string]bool{ManifestName: true}
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Name) || filepath.Base(f.Name) != f.Name {
			return r, errs.New(errs.Invalid, "pack.bad_manifest", errs.Args{"dir": dir})
		}
		listed[f.Name] = true
		status := FileStatus{Name: f.Name, Status: "ok", Want: f.SHA256}
		content, err := os.ReadFile(filepath.Join(dir, f.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			status.Status = "missing"
		case err != nil:
			return r, errs.Wrap(errs.Unavailable, "pack.unreadable", err, errs.Args{"file": filepath.Join(dir, f.Name)})
		default:
			if status.Got = digest(content); status.Got != f.SHA256 {
				status.Status = "changed"
			}
		}
		r.OK = r.OK && status.Status == "ok"
		r.Files = append(r.Files, status)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return r, errs.Wrap(errs.Unavailable, "pack.unreadable", err, errs.Args{"file": dir})
	}
	for _, e := range entries {
		if !listed[e.Name()] {
			r.OK = false
			r.Files = append(r.Files, FileStatus{Name: e.Name(), Status: "extra"})
		}
	}
	return r, nil
}
