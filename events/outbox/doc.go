// Package outbox carries events from the outbox of the database to Kafka (rule 6.8).
//
// Guarantees (invariant 9): events of one key reach their topic in the order of their versions, at least once, each time
// with the same id and headers; an event counts as published only after every in-sync replica has it. Several relays may
// run at once, in one process or many: each shard belongs to one of them at a time, and a relay that was paused can
// neither send nor mark behind its successor. A broker that is away, a full disk or a killed process delay events and
// lose none.
//
// Not promised: an order between keys, or that an event is sent only once. Consumers drop repeats by ce_id, or whatever
// does not raise ce_entityversion.
//
//	relay, err := outbox.New(outbox.Config{Source: events.Source("M"), Now: time.Now}, db, open, log)
//	err = relay.Run(ctx)  // until ctx ends; or
//	err = relay.Once(ctx) // until nothing waits
package outbox
