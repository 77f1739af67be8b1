package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simsender"
	"tributary/connectors/sandbox/world"
)

// hotline is a system that posts what it holds to the hub: late, in no order, again when it was not answered, again when it
// was, and to a hub that may have been killed meanwhile.
type hotline struct {
	settings map[string]any
	list     *list
	mu       sync.Mutex
	address  string // of the hub; "" while there is none
	unsent   []simsender.Delivery
	sent     []simsender.Delivery
	serial   int
}

// forgotten is what happened to rows that are gone.
const forgotten = "caller.forgotten"

func startHotline(w *world.World) *hotline {
	h := &hotline{settings: sandbox.Settings("webhook", "")}
	l := &list{name: "callers", key: "id", vary: "name", stamp: in("updated_at", utc(time.RFC3339Nano)), gone: flag("event", forgotten), changed: func(r row) { h.enqueue(r) }}
	l.publish = func([]row) {}
	for _, d := range sandbox.HotlineDeliveries(w) {
		l.rows = append(l.rows, d.Rows...)
	}
	h.list, h.unsent = l, sandbox.HotlineDeliveries(w)
	return h
}

func (h *hotline) enqueue(r row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serial++
	h.unsent = append(h.unsent, simsender.Delivery{ID: fmt.Sprintf("HL-%06d", h.serial), Rows: []row{r}})
}

// serve says under which address the hub is reached now.
func (h *hotline) serve(address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.address = address
}

// send tries to send one delivery, which may be one that was sent before, and says what came of it.
func (h *hotline) send(ctx context.Context, r *rand.Rand) string {
	h.mu.Lock()
	again := len(h.sent) > 0 && (len(h.unsent) == 0 || r.IntN(4) == 0)
	from := h.unsent
	if again {
		from = h.sent
	}
	if len(from) == 0 {
		h.mu.Unlock()
		return "nothing to post"
	}
	d, address := from[r.IntN(len(from))], h.address
	h.mu.Unlock()
	err := h.post(ctx, address, d)
	switch {
	case err != nil:
		return "post failed"
	case again:
		return "posted again"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unsent = slices.DeleteFunc(h.unsent, func(o simsender.Delivery) bool { return o.ID == d.ID })
	h.sent = append(h.sent, d)
	return "posted"
}

func (h *hotline) post(ctx context.Context, address string, d simsender.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return simsender.Sender{URL: address + "/in/hotline", Secret: h.settings["secret"].(string), Now: time.Now, Pause: 50 * time.Millisecond}.Send(ctx, d)
}

// end posts what the hub has not taken yet.
func (h *hotline) end(t *testing.T, r *rand.Rand) {
	for deadline := time.Now().Add(2 * time.Minute); len(h.unsent) > 0; {
		require.True(t, time.Now().Before(deadline), "%d deliveries that the hub does not take", len(h.unsent))
		h.send(t.Context(), r)
	}
}

// tell posts to a quiet hub what there is in the end, once.
func (h *hotline) tell(t *testing.T, address string) {
	for part := range slices.Chunk(slices.DeleteFunc(slices.Clone(h.list.rows), func(r row) bool { return r["event"] == forgotten }), 100) {
		h.serial++
		require.NoError(t, h.post(t.Context(), address, simsender.Delivery{ID: fmt.Sprintf("HL-END-%06d", h.serial), Rows: part}))
	}
}
