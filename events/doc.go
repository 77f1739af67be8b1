// Package events is the contract with those who read from Kafka: the catalogue of topics, what their records say, and
// the JSON Schema of each event type.
//
// A stage renders events in the unit of work that makes them true and hands them to the store:
//
//	e := events.Crosswalk(events.Meta{Op: events.Updated, Version: row.LinkVersion, Time: tx.Now, Resolve: step}, record, golden)
//	err := tx.AppendEvents(ctx, []events.Event{e})
//
// Guarantees: an event's id follows from its topic, key and version, so it is the same whenever it is sent; values are
// closed (no field that the schema does not name), quantities are decimal strings, times UTC, ids opaque. A state topic
// keeps the latest value of a key for ever, and a tombstone once the thing is gone; a fact topic keeps events for a time.
// Versions of a key rise by one with each event, the tombstone behind a deleted event included.
//
// Everything here is pure. How events travel: package outbox. How they are stored: store.AppendEvents.
package events
