package connectortest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/sandbox/world"
)

// Start is the moment at which the clocks of simulated systems begin.
var Start = time.Date(2025, 3, 10, 12, 0, 0, 0, time.UTC)

// Clock is the clock of a simulated system and of the connector that reads it. It is safe for concurrent use.
type Clock struct{ after atomic.Int64 }

// Now is the time on the clock.
func (c *Clock) Now() time.Time { return Start.Add(time.Duration(c.after.Load())) }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.after.Add(int64(d)) }

var smallWorld = sync.OnceValues(func() (*world.World, error) {
	until, err := canonical.NewDate(2025, 2, 28)
	if err != nil {
		return nil, err
	}
	return world.New(world.Config{Seed: 4, Scale: 0.05, Until: until})
})

// SmallWorld is a world that all tests of a process share: it never changes.
func SmallWorld(t *testing.T) *world.World {
	t.Helper()
	w, err := smallWorld()
	require.NoError(t, err)
	return w
}

// Drain reads a stream from a position to the end of the run: its rows, the pages they came in, and the position behind
// them.
func Drain(t testing.TB, src connectors.Source, stream string, from json.RawMessage) (rows []connectors.Row, pages []connectors.Batch, last json.RawMessage) {
	t.Helper()
	r, err := read(t.Context(), src, stream, from)
	require.NoError(t, err)
	if last = r.last(); last == nil {
		last = from
	}
	return r.rows, r.batches, last
}

// Rows is the stream of a simulated system that the suite fills and changes. Its methods are those a System needs; they
// are safe for concurrent use.
type Rows struct {
	Clock   *Clock
	Make    func(i int, changed time.Time) map[string]any
	Text    string                 // field that takes any text
	Gone    string                 // field that is true in a deleted row; "" = a deleted row is missing
	Publish func([]map[string]any) // gives the system its rows; the slice is its own, the rows are not changed any more

	mu   sync.Mutex
	list []map[string]any
}

func (r *Rows) change(do func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	do()
	r.Publish(slices.Clone(r.list))
}

// put replaces a row by one that changed now, with one more field.
func (r *Rows) put(i int, field string, value any) {
	r.change(func() {
		row := maps.Clone(r.Make(i, r.Clock.Now()))
		row[field] = value
		r.list[i] = row
	})
}

// Fill replaces the rows by n rows that changed an hour before the clock began.
func (r *Rows) Fill(n int) {
	r.change(func() {
		r.list = nil
		for i := range n {
			r.list = append(r.list, r.Make(i, Start.Add(-time.Hour)))
		}
	})
}

// Touch changes a row now.
func (r *Rows) Touch(i int) { r.put(i, r.Text, fmt.Sprintf("更名%d", r.Clock.Now().UnixMilli())) }

// Write puts a text into a row now.
func (r *Rows) Write(i int, text string) { r.put(i, r.Text, text) }

// Remove deletes a row now, in the system's own way.
func (r *Rows) Remove(i int) {
	if r.Gone != "" {
		r.put(i, r.Gone, true)
		return
	}
	r.change(func() { r.list = slices.Delete(r.list, i, i+1) })
}
