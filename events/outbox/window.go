package outbox

import (
	"cmp"
	"slices"

	"github.com/ThreeDotsLabs/watermill/message"

	"tributary/events"
	"tributary/events/kafka"
)

// window is a stretch of a shard's events, topic by topic and in order, and how far it has been published.
type window struct {
	source string
	chunks []events.Chunk
	events int   // in all chunks, not yet published when the window was read
	at     place // the first event not known to be published
	was    place // the same when progress was last marked
	added  []int // by chunk: records added to the log since then
	offers []place
}

// place is an event by its chunk and its index there; it may be one behind the last of a chunk.
type place struct{ chunk, event int }

// maxCall bounds the messages of one call.
const maxCall = 5000

// newWindow puts the chunks of one topic together: order matters only among events of a key, which has one topic, and a
// call carries events of one topic.
func newWindow(chunks []events.Chunk, source string) *window {
	slices.SortStableFunc(chunks, func(a, b events.Chunk) int { return cmp.Compare(a.Topic, b.Topic) })
	w := &window{source: source, chunks: chunks, added: make([]int, len(chunks))}
	for _, c := range chunks {
		w.events += len(c.Events) - c.Sent
	}
	if len(chunks) > 0 {
		w.at.event = chunks[0].Sent
	}
	w.was = w.at
	w.skip()
	return w
}

func (w *window) done() bool { return w.at.chunk == len(w.chunks) }

// next renders the following events of one topic as messages of one call.
func (w *window) next() (topic string, out []*message.Message) {
	topic = w.chunks[w.at.chunk].Topic
	w.offers = w.offers[:0]
	for p := w.at; p.chunk < len(w.chunks) && w.chunks[p.chunk].Topic == topic && len(out) < maxCall; p = w.after(p) {
		c := &w.chunks[p.chunk]
		if p.event < len(c.Events) && !c.Events[p.event].Erased {
			out = append(out, Message(&c.Events[p.event], w.source))
			w.offers = append(w.offers, p)
		}
	}
	return topic, out
}

// advance moves behind the first n messages of the last call.
func (w *window) advance(n int) {
	for _, p := range w.offers[:n] {
		w.added[p.chunk]++
	}
	if n > 0 {
		w.at = w.after(w.offers[n-1])
	}
	w.skip()
}

// skip moves over events that are not sent: an erasure took their values.
func (w *window) skip() {
	for !w.done() {
		c := &w.chunks[w.at.chunk]
		if w.at.event < len(c.Events) && !c.Events[w.at.event].Erased {
			return
		}
		w.at = w.after(w.at)
	}
}

func (w *window) after(p place) place {
	if p.event++; p.event < len(w.chunks[p.chunk].Events) {
		return p
	}
	if p.chunk++; p.chunk < len(w.chunks) {
		return place{p.chunk, w.chunks[p.chunk].Sent}
	}
	return place{p.chunk, 0}
}

// progress tells what has changed since it was last marked.
func (w *window) progress() []events.Progress {
	var out []events.Progress
	for i := w.was.chunk; i <= w.at.chunk && i < len(w.chunks); i++ {
		c := &w.chunks[i]
		p := events.Progress{Chunk: c.ID, Topic: c.Topic, Sent: len(c.Events), New: w.added[i], Done: i < w.at.chunk}
		if i == w.at.chunk {
			if p.Sent = w.at.event; p.Sent == c.Sent {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}

// marked remembers that progress was recorded.
func (w *window) marked() {
	for i := w.was.chunk; i <= w.at.chunk && i < len(w.chunks); i++ {
		w.added[i] = 0
		if i == w.at.chunk {
			w.chunks[i].Sent = w.at.event
		}
	}
	w.was = w.at
}

// Message renders an event as a watermill message for events/kafka: key and headers in the metadata, no payload for a
// tombstone.
func Message(e *events.Event, source string) *message.Message {
	headers := e.Headers(source)
	m := message.NewMessage(headers["ce_id"], message.Payload(e.Value))
	m.Metadata = headers
	m.Metadata[kafka.KeyMetadata] = e.Key
	return m
}
