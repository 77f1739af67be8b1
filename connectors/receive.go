package connectors

import (
	"context"
	"net/http"
	"time"
)

// Receiver is a source whose system posts to the hub instead of being asked. The hub keeps in an inbox what Judge accepts
// before it answers the sender; the source reads it from there (Env.Inbox). Both methods are safe for concurrent use.
type Receiver interface {
	// Judge decides about what a sender posted. An error refuses it; its code decides how the sender is answered.
	Judge(p Posted) (Accepted, error)
	Terms() Terms
}

// Terms are what the hub keeps to when it receives for a connection.
type Terms struct {
	MaxBody  int           // bytes of one delivery
	Waiting  int           // deliveries that may wait to be read; with more the sender is asked to come later
	Remember time.Duration // how long a delivery is known again
	Status   int           // of the answer to a delivery that is kept
	Answer   string        // body of the answer
}

// Posted is what a sender posted.
type Posted struct {
	Path   string // behind the connection's address, without slashes at its ends
	Header http.Header
	Body   []byte
	At     time.Time
}

// Accepted is what is kept of a delivery. Without streams nothing is kept: the settings say that such deliveries are of no
// interest.
type Accepted struct {
	Streams []string
	Split   bool     // the streams share the body: each reads those items that are its own
	Marks   [][]byte // what the delivery is known by: one that has a mark of an earlier one is a repetition
}

// Inbox holds what came for one connection. It is kept in the store: deliveries survive restarts, and are read by whichever
// process pulls the stream.
type Inbox interface {
	// Number gives numbers to what came for a stream since the last call, in the order in which it came, and tells the last
	// number that was ever given. Reading by these numbers passes nothing by, whenever a delivery was committed.
	Number(ctx context.Context, stream string) (int64, error)
	// Read lists deliveries with after < number ≤ upTo, in order: limit of them at most, at least one if there is any, and no
	// more once maxBytes are reached.
	Read(ctx context.Context, stream string, after, upTo int64, limit, maxBytes int) ([]Delivery, error)
	// Drop forgets the deliveries of a stream up to a number.
	Drop(ctx context.Context, stream string, upTo int64) error
	// State tells what waits and when something last came.
	State(ctx context.Context) (InboxState, error)
}

// Delivery is what came in one request, as received.
type Delivery struct {
	Number    int64
	At        time.Time
	MediaType string
	Split     bool
	Body      []byte
}

// InboxState is how an inbox stands.
type InboxState struct {
	Last    time.Time      // when a delivery last came; zero = never, or longer ago than deliveries are remembered
	Waiting map[string]int // deliveries by stream
}
