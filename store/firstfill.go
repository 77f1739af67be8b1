package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
)

// firstFill makes the first import of a party fast: while nothing of the party was stored before this run, no line has
// to be looked up, and dirty marks are new. It is a bet on what it saw, not a lock: when a row turns out to be there
// already, the transaction fails on the primary key, and the run goes on with look-ups.
type firstFill struct {
	state  fillState
	seed   maphash.Seed
	marked fingerprints           // of groups this run marked
	lines  fingerprints           // of lines: content but for the document number, and that number
	groups map[flowGroup]struct{} // groups in which two lines may differ in nothing but the number
	lost   bool                   // lines is not complete
}

type fillState uint8

const (
	fillUnknown fillState = iota
	fillFirst
	fillLater
)

// fillMemory bounds each of the sets, which take eight to sixteen bytes an entry. It lies below the number at which they
// would grow once more, to 32 MB each.
const fillMemory = 1_500_000

func (x *firstFill) on() bool { return x.state == fillFirst }

// give ends the fast way.
func (x *firstFill) give() { *x = firstFill{state: fillLater} }

// look finds out once whether the party has lines or marks.
func (x *firstFill) look(ctx context.Context, tx *Tx, party int64) error {
	if x.state != fillUnknown {
		return nil
	}
	var n int
	err := tx.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT party FROM (SELECT party FROM flow_line WHERE party = ? LIMIT 1) AS l
		UNION ALL SELECT party FROM (SELECT party FROM dirty_flow WHERE party = ? LIMIT 1) AS d) AS any_row`, party, party)
	if err != nil {
		return fmt.Errorf("look whether the party reported before: %w", err)
	}
	if n > 0 {
		x.give()
		return nil
	}
	*x = firstFill{state: fillFirst, seed: maphash.MakeSeed(), groups: map[flowGroup]struct{}{}}
	return nil
}

// split tells groups whose marks are certainly new, while this is the first fill, from those to be raised.
func (x *firstFill) split(groups map[flowGroup]bool) (fresh, again map[flowGroup]bool) {
	if !x.on() || x.marked.used > fillMemory {
		return nil, groups
	}
	fresh, again = map[flowGroup]bool{}, map[flowGroup]bool{}
	for g := range groups {
		// A group taken for another one is raised instead of inserted, which does for both.
		if _, met := x.marked.put(maphash.Comparable(x.seed, g), ^uint64(0), 0); met {
			again[g] = true
		} else {
			fresh[g] = true
		}
	}
	return fresh, again
}

// twins notes a new line, to find those that equal another one but for the document number.
func (x *firstFill) twins(s *lineState) {
	if !x.on() || x.lost {
		return
	}
	if x.lines.used > fillMemory {
		x.lines, x.groups, x.lost = fingerprints{}, nil, true
		return
	}
	l := &s.next.Line
	var b [64]byte
	k := binary.LittleEndian.AppendUint32(b[:0], uint32(l.Date))
	k = binary.LittleEndian.AppendUint64(k, uint64(s.group.partner))
	k = binary.LittleEndian.AppendUint64(k, uint64(s.group.product))
	k = binary.LittleEndian.AppendUint64(k, uint64(l.Quantity))
	k = append(k, byte(KindNumber(l.Kind)))
	k = append(k, l.Lot...)
	key, doc := maphash.Bytes(x.seed, k), maphash.String(x.seed, l.DocNo)
	const content uint64 = 0xffffffff_00000000
	if other, known := x.lines.put(key, content, doc>>32); known && other != doc>>32 {
		x.groups[s.group] = struct{}{} // or one line was taken for another: the look at the table will tell
	}
}

// suspectGroups lists the only groups that can hold suspected duplicates; known is false when any may.
func (x *firstFill) suspectGroups() (groups []flowGroup, known bool) {
	if !x.on() || x.lost {
		return nil, false
	}
	for g := range x.groups {
		groups = append(groups, g)
	}
	return groups, len(groups) <= 5000
}

// fingerprints is a set of 64-bit values in open addressing.
type fingerprints struct {
	slots []uint64 // 0 is empty
	used  int
}

// put adds the bits of a hash that the mask keeps, with others in the place of the rest, unless a value with these bits
// is there; then it returns what that one has in the rest.
func (f *fingerprints) put(hash, mask, rest uint64) (other uint64, known bool) {
	if 4*(f.used+1) > 3*len(f.slots) {
		old := f.slots
		f.slots = make([]uint64, max(1024, 2*len(old)))
		for _, v := range old {
			if v != 0 {
				f.slots[f.slot(v, mask)] = v
			}
		}
	}
	value := hash&mask | rest&^mask
	if value&mask == 0 {
		value |= mask & -mask // the value of an empty slot
	}
	at := f.slot(value, mask)
	if f.slots[at] != 0 {
		return f.slots[at] &^ mask, true
	}
	f.slots[at] = value
	f.used++
	return 0, false
}

// slot is where a value with these bits is, or would be.
func (f *fingerprints) slot(value, mask uint64) int {
	wrap := len(f.slots) - 1
	at := int(value>>32) & wrap
	for f.slots[at] != 0 && f.slots[at]&mask != value&mask {
		at = (at + 1) & wrap
	}
	return at
}
