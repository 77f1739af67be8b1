package filesource

import (
	"bytes"
	"errors"
	"io"
)

// errTooLong is returned for a line that exceeds maxRecord; the line is skipped.
var errTooLong = errors.New("line too long")

// lineScanner cuts a stream into the records of a delimited text, in the bytes of its encoding. A record ends at a line
// end outside quotes. It holds one record and a read-ahead, never the file.
type lineScanner struct {
	r     io.Reader
	unit  int  // bytes of a code unit
	big   bool // of UTF-16: high byte first
	eol   byte // '\n', or '\r' in files of old Macs
	buf   []byte
	start int // of the part of buf that was not returned yet
	err   error

	last      int    // start of the last record
	lastFirst int    // length of its first line, line end included
	head      []byte // the beginning of the last line that was too long
}

// next returns the next record without its line end, and whether it holds a quote. The bytes stay valid until the call
// after. A record whose quotes never close is cut after its first line.
func (s *lineScanner) next() (rec []byte, quoted bool, err error) {
	quotes, from, first := 0, 0, 0
	for {
		end, ok, err := s.lineEnd(from)
		if err == errTooLong && from > 0 { // the quote was never meant to reach that far
			s.last, s.lastFirst = s.start, first
			s.start += first
			return s.trimEOL(s.buf[s.last:s.start]), true, nil
		}
		if err != nil {
			return nil, false, err
		}
		line := s.buf[s.start+from : s.start+end]
		if !ok && len(line) == 0 && from == 0 {
			return nil, false, s.err
		}
		quotes += s.count(line, '"')
		if from == 0 {
			first = end
		}
		if quotes%2 == 0 || !ok || end > maxRecord {
			if quotes%2 != 0 && first < end { // never closed: give the first line alone
				end = first
			}
			s.last, s.lastFirst = s.start, first
			rec = s.buf[s.start : s.start+end]
			s.start += end
			return s.trimEOL(rec), quotes > 0, nil
		}
		from = end
	}
}

// line returns the next line without its end, whatever quotes it holds.
func (s *lineScanner) line() ([]byte, error) {
	end, ok, err := s.lineEnd(0)
	if err != nil {
		return nil, err
	}
	if !ok && end == 0 {
		return nil, s.err
	}
	s.last, s.lastFirst = s.start, end
	s.start += end
	return s.trimEOL(s.buf[s.last:s.start]), nil
}

// again gives back all but the first line of the last record and returns that line.
func (s *lineScanner) again() []byte {
	s.start = s.last + s.lastFirst
	return s.trimEOL(s.buf[s.last:s.start])
}

// lineEnd finds the end of the line that begins at from (relative to start), line end included. ok is false at the end
// of the stream, where the rest is the line.
func (s *lineScanner) lineEnd(from int) (end int, ok bool, err error) {
	seen := from
	for {
		if i := s.index(s.buf[s.start+seen:], s.eol); i >= 0 && seen+i-from <= maxRecord {
			return seen + i + s.unit, true, nil
		}
		seen = (len(s.buf) - s.start) / s.unit * s.unit
		if len(s.buf)-s.start-from > maxRecord {
			if from > 0 {
				return 0, false, errTooLong
			}
			return 0, false, s.skipLine()
		}
		if s.err != nil {
			if s.err != io.EOF {
				return 0, false, s.err
			}
			return len(s.buf) - s.start, false, nil
		}
		s.fill()
	}
}

// fill reads more after moving what is unread to the front.
func (s *lineScanner) fill() {
	if s.start > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.start:])]
		s.start = 0
	}
	if cap(s.buf)-len(s.buf) < prefixSize {
		grown := make([]byte, len(s.buf), max(2*cap(s.buf), 4*prefixSize))
		copy(grown, s.buf)
		s.buf = grown
	}
	n, err := s.r.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf, s.err = s.buf[:len(s.buf)+n], err
}

// skipLine drops the endless line in the buffer but for its head.
func (s *lineScanner) skipLine() error {
	s.head = bytes.Clone(s.buf[s.start : s.start+prefixSize])
	for {
		if i := s.index(s.buf[s.start:], s.eol); i >= 0 {
			s.start += i + s.unit
			return errTooLong
		}
		odd := (len(s.buf) - s.start) % s.unit
		s.start = len(s.buf) - odd
		if s.err != nil {
			if s.err != io.EOF {
				return s.err
			}
			s.start = len(s.buf)
			return errTooLong
		}
		s.fill()
	}
}

// index finds an ASCII character at a code unit border.
func (s *lineScanner) index(b []byte, c byte) int {
	if s.unit == 1 {
		return bytes.IndexByte(b, c)
	}
	lo, hi := 0, 1
	if s.big {
		lo, hi = 1, 0
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i+lo] == c && b[i+hi] == 0 {
			return i
		}
	}
	return -1
}

func (s *lineScanner) count(b []byte, c byte) (n int) {
	if s.unit == 1 {
		return bytes.Count(b, []byte{c})
	}
	for {
		i := s.index(b, c)
		if i < 0 {
			return n
		}
		n, b = n+1, b[i+2:]
	}
}

func (s *lineScanner) trimEOL(rec []byte) []byte {
	for _, c := range []byte{s.eol, '\r'} {
		if n := len(rec) - s.unit; n >= 0 && s.index(rec[n:], c) == 0 {
			rec = rec[:n]
		}
	}
	return rec
}
