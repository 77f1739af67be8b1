package soak

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simepcis"
	"tributary/connectors/sandbox/simmsfx"
)

func epcis(_ *testing.T, s *site) (http.Handler, []changer) {
	events := sandbox.EPCISEvents(s.world)
	server := simepcis.New(sandbox.EPCISRepository(s.now, s.faults), events)
	l := &list{name: "events", rows: events, key: "eventID", steady: true, stamp: in("recordTime", utc(milliseconds)), publish: server.SetEvents}
	l.gone = func(r row) {
		r["errorDeclaration"] = row{"declarationTime": r["recordTime"], "reason": "did_not_occur"}
	}
	return server, []changer{l}
}

func msfx(_ *testing.T, s *site) (http.Handler, []changer) {
	server := sandbox.NewMsfx(s.world, s.clock, s.faults)
	return server, []changer{&bills{server: server, all: sandbox.MsfxBills(s.world)}}
}

// bills are those of the platform for traceability: its log tells which outbound bills were deleted or modified.
type bills struct {
	server *simmsfx.Server
	mu     sync.Mutex
	all    []simmsfx.Bill
	serial int
}

func (b *bills) change(r *rand.Rand, now time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := r.IntN(len(b.all))
	one, what := b.all[at], r.IntN(3)
	one.Items = slices.Clone(one.Items)
	if one.Type < "2" { // of inbound bills the log tells nothing
		what = 2
	}
	switch what {
	case 0:
		b.server.Delete(one.Enterprise, one.Type, one.Code)
		b.all = slices.Delete(b.all, at, at+1)
		return "deleted"
	case 1:
		one.Items[0].Packages++
		b.server.Put(one)
		b.all[at] = one
		return "updated"
	}
	b.serial++
	one.Code = fmt.Sprintf("%s-%d", one.Code, b.serial)
	one.Time = now.Add(-24 * time.Hour).Truncate(time.Second) // bills are uploaded late
	for i := range one.Items {
		one.Items[i].Codes = []string{fmt.Sprintf("%s%012d%d", one.Items[i].ProductCode[:min(7, len(one.Items[i].ProductCode))], 900_000_000_000+b.serial, i)}
	}
	b.server.Put(one)
	b.all = append(b.all, one)
	return "inserted"
}
