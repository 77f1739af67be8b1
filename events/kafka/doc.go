// Package kafka carries watermill messages to and from Apache Kafka, or anything that speaks its protocol, over
// segmentio/kafka-go. It is the only package that knows that library.
//
// Guarantees:
//   - Publish returns after every in-sync replica has the messages, or with a *WriteError that names the first message
//     that is not known to be stored. Messages with one key reach one partition in the order given, chosen as Java
//     producers choose it.
//   - A Subscriber with a Group commits a message only after it was acknowledged, and every message before it in its
//     partition was: delivery is at least once. In a partition one message is out at a time; partitions run beside
//     each other. Without a Group it reads every partition from the start and remembers nothing.
//   - A null value stays null (a tombstone) and an empty one stays empty, in both directions.
//   - Admin creates missing topics and reports what differs on existing ones; it changes nothing that exists.
//
// Transactions are not used, and records of aborted transactions of others are not filtered.
//
//	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: kafka.Config{Brokers: []string{"kafka-1:9092"}}}, logger)
//	…
//	m := message.NewMessage(id, payload)
//	m.Metadata.Set(kafka.KeyMetadata, goldenID)
//	m.Metadata.Set("ce_id", id)
//	err = pub.PublishContext(ctx, "tributary.customer.golden.v1", m)
package kafka
