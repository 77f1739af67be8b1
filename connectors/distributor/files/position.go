package files

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// position is the stream's cursor: the files that were taken and still lie in the folder, and how far the one in work
// was read.
type position struct {
	taken map[mark]bool
	file  mark // in work; zero for none
	row   int  // last row of it that was delivered
}

// mark tells one state of one file from every other: name, size, time, and what else the place tells states by.
type mark [9]byte

func markOf(f filesource.RemoteFile) (m mark) {
	text := f.Name + "\x00" + strconv.FormatInt(f.Size, 10) + "\x00" + strconv.FormatInt(f.ModTime.UnixNano(), 10)
	if f.Tag != "" {
		text += "\x00" + f.Tag
	}
	sum := sha256.Sum256([]byte(text))
	copy(m[:], sum[:])
	return m
}

// positionVersion is raised when the encoding changes.
const positionVersion = 1

type encodedPosition struct {
	V     int    `json:"v"`
	Taken []byte `json:"taken,omitempty"` // marks one after the other
	File  string `json:"file,omitempty"`
	Row   int    `json:"row,omitempty"`
}

// decodePosition refuses what it does not understand: starting over in silence would hide a lost or newer state.
func decodePosition(raw json.RawMessage) (position, error) {
	p := position{taken: map[mark]bool{}}
	if len(raw) == 0 || string(raw) == "null" {
		return p, nil
	}
	var e encodedPosition
	err := json.Unmarshal(raw, &e)
	if err == nil && e.V > positionVersion {
		return p, errs.New(errs.Invalid, "connectors.position_newer", errs.Args{"version": e.V})
	}
	if err != nil || e.V != positionVersion || len(e.Taken)%len(mark{}) != 0 || e.Row < 0 {
		return p, errs.New(errs.Invalid, "connectors.position", nil)
	}
	for i := 0; i < len(e.Taken); i += len(mark{}) {
		p.taken[mark(e.Taken[i:i+len(mark{})])] = true
	}
	if e.File != "" {
		b, err := base64.StdEncoding.DecodeString(e.File)
		if err != nil || len(b) != len(mark{}) {
			return p, errs.New(errs.Invalid, "connectors.position", nil)
		}
		p.file, p.row = mark(b), e.Row
	}
	return p, nil
}

// encode keeps the marks in the order given, so that equal positions are equal bytes.
func (p position) encode(order []mark) (json.RawMessage, error) {
	e := encodedPosition{V: positionVersion}
	for _, m := range order {
		if p.taken[m] {
			e.Taken = append(e.Taken, m[:]...)
		}
	}
	if p.file != (mark{}) {
		e.File, e.Row = base64.StdEncoding.EncodeToString(p.file[:]), p.row
	}
	out, err := json.Marshal(e)
	if err == nil && len(out) > connectors.MaxPosition {
		return nil, errs.New(errs.Invalid, "files.folder_full", errs.Args{"count": len(order)})
	}
	return out, err
}
