// Package embedded runs a Kafka broker inside this process, for trying the hub and for small sites. Any Kafka client on
// this machine can read from it.
//
// Its log is a derived store: everything in it can be published again from the hub's database, and it is not a
// replacement for a Kafka cluster. It guarantees:
//   - A record that was acknowledged is on disk; kill -9 loses none.
//   - Nothing is dropped by age or rewritten in place: the broker's own cleaner is off.
//   - One process at a time owns a folder. A second one is refused with the owner's address, or asks for it (FindOwner).
//   - It listens on loopback only, for it has no login; or, in Memory mode, on no port at all.
//
// Topics need an explicit retention.ms (-1 on state topics) all the same, for the same specs make them on a cluster.
//
//	b, err := embedded.Start(ctx, embedded.Config{Dir: "tributary-data/kafka"})
//	if err != nil { … }
//	defer b.Close()
//	cfg := kafka.Config{Brokers: []string{b.Addr()}, Dial: b.Dialer()}
package embedded
