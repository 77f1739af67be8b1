package hub

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// When the service rests, and what a rest is worth.
const (
	restLook  = 10 * time.Second
	restQuiet = 4 << 20  // bytes that may be allocated between two looks: what the loops take that only look for work
	restWorth = 32 << 20 // bytes allocated since the last time, at least
)

// restLoop gives memory back to the machine when a burst of work is over. The runtime keeps for long what a burst took, as
// if the next one came at once; a service whose connections wait for hours would hold it all that time.
func (h *Hub) restLoop(ctx context.Context) {
	var r rest
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(restLook):
		}
		if r.due(heap()) {
			debug.FreeOSMemory()
		}
	}
}

// rest remembers how much had been allocated at the last look and when memory was given back.
type rest struct{ last, given uint64 }

// due reports whether work is over and left enough behind: no less than what lives, so that collecting here costs no more
// than the runtime's own collections do.
func (r *rest) due(allocated, live uint64) bool {
	quiet := allocated-r.last < restQuiet
	r.last = allocated
	if !quiet || allocated-r.given < max(restWorth, live) {
		return false
	}
	r.given = allocated
	return true
}

// heap is what was allocated since the program began, and what lived at the last collection, in bytes.
func heap() (allocated, live uint64) {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64(), s[1].Value.Uint64()
}
