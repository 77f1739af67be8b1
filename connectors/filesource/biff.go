package filesource

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf16"
)

// The records of a BIFF8 stream (Excel 97 to 2003) that hold what a table needs.
const (
	biffFormula    = 0x0006
	biffEOF        = 0x000A
	biffDateMode   = 0x0022
	biffFilePass   = 0x002F
	biffContinue   = 0x003C
	biffBoundSheet = 0x0085
	biffMulRK      = 0x00BD
	biffRString    = 0x00D6
	biffXF         = 0x00E0
	biffSST        = 0x00FC
	biffLabelSST   = 0x00FD
	biffNumber     = 0x0203
	biffLabel      = 0x0204
	biffBoolErr    = 0x0205
	biffString     = 0x0207
	biffRK         = 0x027E
	biffFormat     = 0x041E
	biffBOF        = 0x0809
)

var errBIFF = errors.New("damaged workbook stream")

// biffRecord is a record with the records that continue it.
type biffRecord struct {
	id   uint16
	data []byte
	cont [][]byte
}

// biffAt reads the record at an offset and returns the offset after it.
func biffAt(stream []byte, at int) (biffRecord, int, error) {
	data, id, next, err := biffRaw(stream, at)
	r := biffRecord{id: id, data: data}
	for err == nil && id != biffContinue {
		more, kind, after, end := biffRaw(stream, next)
		if end != nil || kind != biffContinue {
			break
		}
		r.cont, next = append(r.cont, more), after
	}
	return r, next, err
}

func biffRaw(stream []byte, at int) (data []byte, id uint16, next int, err error) {
	if at < 0 || at+4 > len(stream) {
		return nil, 0, 0, errBIFF
	}
	id = binary.LittleEndian.Uint16(stream[at:])
	end := at + 4 + int(binary.LittleEndian.Uint16(stream[at+2:]))
	if end > len(stream) {
		return nil, 0, 0, errBIFF
	}
	return stream[at+4 : end], id, end, nil
}

// biffCursor reads through a record and its continuations.
type biffCursor struct {
	data []byte
	cont [][]byte
}

func (r biffRecord) cursor() *biffCursor { return &biffCursor{data: r.data, cont: r.cont} }

func (c *biffCursor) turn() bool {
	for len(c.data) == 0 && len(c.cont) > 0 {
		c.data, c.cont = c.cont[0], c.cont[1:]
	}
	return len(c.data) > 0
}

func (c *biffCursor) u8() (byte, error) {
	if !c.turn() {
		return 0, errBIFF
	}
	b := c.data[0]
	c.data = c.data[1:]
	return b, nil
}

func (c *biffCursor) uint(size int) (n int, err error) {
	for i := range size {
		b, err := c.u8()
		if err != nil {
			return 0, err
		}
		n |= int(b) << (8 * i)
	}
	return n, nil
}

func (c *biffCursor) skip(n int) error {
	for n > 0 {
		if !c.turn() {
			return errBIFF
		}
		step := min(n, len(c.data))
		c.data, n = c.data[step:], n-step
	}
	return nil
}

// text reads a string of n characters that begins with its flags. Where a continuation cuts the characters, it begins
// with flags of its own; their width may change there.
func (c *biffCursor) text(n int) (string, error) {
	flags, err := c.u8()
	if err != nil {
		return "", err
	}
	runs, phonetic := 0, 0
	if flags&0x08 != 0 {
		if runs, err = c.uint(2); err != nil {
			return "", err
		}
	}
	if flags&0x04 != 0 {
		if phonetic, err = c.uint(4); err != nil {
			return "", err
		}
	}
	units := make([]uint16, 0, min(n, 4096))
	for len(units) < n {
		if len(c.data) == 0 {
			if !c.turn() {
				return "", errBIFF
			}
			flags = c.data[0]
			c.data = c.data[1:]
			continue
		}
		if flags&0x01 == 0 {
			units = append(units, uint16(c.data[0]))
			c.data = c.data[1:]
			continue
		}
		if len(c.data) < 2 {
			return "", errBIFF
		}
		units = append(units, binary.LittleEndian.Uint16(c.data))
		c.data = c.data[2:]
	}
	if err := c.skip(4*runs + phonetic); err != nil {
		return "", err
	}
	return string(utf16.Decode(units)), nil
}

// rkNumber decodes the short form of numbers.
func rkNumber(rk uint32) float64 {
	var f float64
	if rk&2 != 0 {
		f = float64(int32(rk) >> 2)
	} else {
		f = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		f /= 100
	}
	return f
}

// numberText writes a stored number as a spreadsheet shows it in full: 15 significant digits, no exponent.
func numberText(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) > 1e18 {
		return strconv.FormatFloat(f, 'g', 15, 64)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64)
	if err != nil {
		short = f
	}
	if short == 0 {
		return "0"
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}
