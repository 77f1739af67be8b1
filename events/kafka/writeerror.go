package kafka

import "fmt"

// WriteError says which messages of one Publish call are not known to be stored.
//
// Every message before Index is stored. Those from Index on may be stored or not: a broker that did not answer in time
// may have written. To keep order, send everything from Index on again, under the same ids.
type WriteError struct {
	Topic string
	Index int     // the first message not known to be stored
	Count int     // messages in the call
	Errs  []error // one per message; nil where the message is stored
	Err   error   // why the call failed

	culprit int // the message Err is about
}

// Error names the topic, the place and the cause.
func (e *WriteError) Error() string {
	return fmt.Sprintf("publish on %s: message %d of %d: %v", e.Topic, e.culprit+1, e.Count, e.Err)
}

// Unwrap returns Err.
func (e *WriteError) Unwrap() error { return e.Err }

// Failed counts the messages not known to be stored.
func (e *WriteError) Failed() int {
	n := 0
	for _, err := range e.Errs {
		if err != nil {
			n++
		}
	}
	return n
}
