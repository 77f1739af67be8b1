package mapping

import (
	"crypto/sha1" // UUIDv5 is defined over SHA-1
	"encoding/binary"

	"tributary/canonical"
)

// Identity gives the rows of one file their row ids: the same row of the same party gets the same id from whichever
// file it comes. Memory is eight to sixteen bytes for a row without an id of its own; of rows with one the last quarter
// to half million are remembered.
//
//   - with document number and row id: those two;
//   - with a document number only: that, partner, product, spec, lot and quantity, and the ordinal among equals;
//   - without: the same with the date instead. A row id without document number is a line number of the file.
type Identity struct {
	party  string
	ledger canonical.Ledger
	buf    []byte
	seen   fingerprints
	again  map[canonical.ID]int // ordinals of rows that were seen more than once
	rows   recent               // content of rows that carry an id of their own
}

// NewIdentity starts a file. party is the stable key of the reporting party.
func NewIdentity(party string, ledger canonical.Ledger) *Identity {
	return &Identity{party: party, ledger: ledger, again: map[canonical.ID]int{}}
}

// Of is the row's id. ordinal counts equal rows from 0. clash says that a row not far before in this file has the same
// document number and row id and other content: which of the two is right cannot be known, see ClashIssue. One that lies
// further back is corrected by this one, as by a later file.
func (x *Identity) Of(l *canonical.FlowLine) (id canonical.ID, ordinal int, clash bool) {
	base := x.content(l)
	print := binary.LittleEndian.Uint64(base[:]) ^ binary.LittleEndian.Uint64(base[8:])
	if l.DocNo != "" && l.SourceRow != "" {
		x.begin("row")
		x.part(l.DocNo)
		x.part(l.SourceRow)
		id = x.end()
		before, twice := x.rows.swap(id, print)
		return id, 0, twice && before != print
	}
	if x.seen.add(print) {
		return base, 0, false
	}
	x.again[base]++
	ordinal = x.again[base]
	x.begin("again")
	x.buf = append(x.buf, base[:]...)
	x.buf = binary.BigEndian.AppendUint32(x.buf, uint32(ordinal))
	return x.end(), ordinal, false
}

// ClashIssue is the issue of a row for which Of reported a clash.
func ClashIssue(l *canonical.FlowLine) canonical.Issue {
	return *issue("row_twice", "source_row", l.DocNo+" / "+l.SourceRow)
}

// content is the id of what makes a row itself, its ordinal apart. The sign is part of the quantity and so is the unit;
// rows of stock and usage are also told by their kind. A name counts only where there is no code: names are corrected,
// codes stay.
func (x *Identity) content(l *canonical.FlowLine) canonical.ID {
	if l.DocNo != "" {
		x.begin("doc")
		x.part(l.DocNo)
	} else {
		x.begin("date")
		x.number(int64(l.Date))
	}
	x.codeOrName(l.Partner.Code, l.Partner.Name)
	x.codeOrName(l.Product.Code, l.Product.Name)
	x.part(l.Product.Spec)
	x.part(l.Product.Unit)
	x.part(l.Lot)
	if l.Kind == canonical.Return {
		x.number(-int64(l.Quantity))
	} else {
		x.number(int64(l.Quantity))
	}
	if x.ledger == canonical.Stock || x.ledger == canonical.Usage {
		x.part(string(l.Kind))
	}
	return x.end()
}

// begin, part, number and end make a UUIDv5 over length-prefixed parts, as canonical.DeriveID does, in one buffer.
func (x *Identity) begin(what string) {
	x.buf = append(x.buf[:0], canonical.Namespace[:]...)
	x.part("flow row")
	x.part(what)
	x.part(x.party)
	x.part(string(x.ledger))
}

func (x *Identity) part(s string) {
	x.buf = append(binary.BigEndian.AppendUint32(x.buf, uint32(len(s))), s...)
}

func (x *Identity) codeOrName(code, name string) {
	x.part(code)
	if code == "" {
		x.part(name)
	}
}

func (x *Identity) number(n int64) {
	x.buf = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(x.buf, 8), uint64(n))
}

func (x *Identity) end() canonical.ID {
	sum := sha1.Sum(x.buf)
	var id canonical.ID
	copy(id[:], sum[:])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}

// recentRows is how many rows one generation of recent holds.
const recentRows = 250_000

// recent remembers the content of the last rows: one to two generations of them.
type recent struct {
	young, old map[canonical.ID]uint64
}

// swap remembers the content of a row and returns what was remembered of it.
func (r *recent) swap(id canonical.ID, print uint64) (before uint64, known bool) {
	if before, known = r.young[id]; !known {
		before, known = r.old[id]
	}
	if r.young == nil || len(r.young) >= recentRows {
		r.young, r.old = map[canonical.ID]uint64{}, r.young
	}
	r.young[id] = print
	return before, known
}

// fingerprints is a set of 64-bit values in open addressing. Two rows share one with a probability of 3 in a million
// among ten million rows; the later of them then has ordinal 1 without an equal, and an id of its own all the same.
type fingerprints struct {
	slots []uint64 // 0 is empty
	used  int
}

// add reports whether the value is new.
func (f *fingerprints) add(v uint64) bool {
	if v == 0 {
		v = 1
	}
	if 4*(f.used+1) > 3*len(f.slots) {
		old := f.slots
		f.slots = make([]uint64, max(1024, 2*len(old)))
		for _, o := range old {
			if o != 0 {
				f.slots[f.slot(o)] = o
			}
		}
	}
	at := f.slot(v)
	if f.slots[at] == v {
		return false
	}
	f.slots[at] = v
	f.used++
	return true
}

func (f *fingerprints) slot(v uint64) int {
	mask := len(f.slots) - 1
	at := int(v) & mask
	for f.slots[at] != 0 && f.slots[at] != v {
		at = (at + 1) & mask
	}
	return at
}
