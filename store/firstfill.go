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
	marked map[flowGroup]struct{} // groups this run marked

	seed   maphash.Seed
	lines  map[uint64]uint64      // content of a line but for its document number → its document number
	groups map[flowGroup]struct{} // groups in which two lines differ in nothing but the number
	lost   bool                   // lines is not complete
}

type fillState uint8

const (
	fillUnknown fillState = iota
	fillFirst
	fillLater
)

// fillMemory bounds each of the maps.
const fillMemory = 1_000_000

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
	*x = firstFill{state: fillFirst, marked: map[flowGroup]struct{}{}, seed: maphash.MakeSeed(), lines: map[uint64]uint64{}, groups: map[flowGroup]struct{}{}}
	return nil
}

// markGroups inserts marks that are new and raises the others.
func (x *firstFill) markGroups(ctx context.Context, tx *Tx, party int64, groups map[flowGroup]bool) error {
	if !x.on() || len(x.marked) > fillMemory {
		return tx.markGroups(ctx, party, groups)
	}
	fresh := map[flowGroup]bool{}
	for g := range groups {
		if _, again := x.marked[g]; !again {
			x.marked[g] = struct{}{}
			fresh[g] = true
			delete(groups, g)
		}
	}
	if err := tx.bulk(ctx, "dirty_flow", dirtyColumns, dirtyRows(party, fresh)); err != nil {
		if tx.d.conflict(err) {
			return ErrRaced
		}
		return err
	}
	return tx.markGroups(ctx, party, groups)
}

// twins notes a new line, to find those that equal another one but for the document number.
func (x *firstFill) twins(s *lineState) {
	if !x.on() || x.lost {
		return
	}
	if len(x.lines) > fillMemory {
		x.lines, x.groups, x.lost = nil, nil, true
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
	if other, known := x.lines[key]; !known {
		x.lines[key] = doc
	} else if other != doc {
		x.groups[s.group] = struct{}{}
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
	return groups, len(groups) <= 1000
}
