package events

import (
	"strconv"
	"strings"
	"sync"
	"time"
)

// Kind says what a topic keeps.
type Kind string

// Kinds of topics. A state topic keeps the latest value of each key for ever, a fact topic every event for a time.
const (
	State Kind = "state"
	Fact  Kind = "fact"
)

// Topics, by their full names.
const (
	TopicGolden      = "tributary.customer.golden.v1"
	TopicCrosswalk   = "tributary.customer.crosswalk.v1"
	TopicAffiliation = "tributary.customer.affiliation.v1"
	TopicProduct     = "tributary.master.product.v1"
	TopicLot         = "tributary.master.lot.v1"
	TopicStock       = "tributary.channel.stock.v1"
	TopicMovement    = "tributary.channel.movement.v1"
	TopicComplaint   = "tributary.quality.complaint.v1"
	TopicRecall      = "tributary.quality.recall.v1"
	TopicActivity    = "tributary.sfa.activity.v1"
	TopicQuarantine  = "tributary.ops.quarantine.v1"
	TopicRun         = "tributary.ops.run.v1"
	TopicOrderStatus = "tributary.order.status.v1"
)

// Op is what happened: the last part of an event type before its version.
type Op string

// What can happen to an entity.
const (
	Created     Op = "created"
	Updated     Op = "updated"
	Deleted     Op = "deleted"
	Merged      Op = "merged"
	Split       Op = "split"
	Inactivated Op = "inactivated"
	Voided      Op = "voided"
	Superseded  Op = "superseded"
	Opened      Op = "opened"
	Replayed    Op = "replayed"
	Discarded   Op = "discarded"
	Finished    Op = "finished"
	Closed      Op = "closed"
	Notified    Op = "notified"
	Reminded    Op = "reminded"
	Replied     Op = "replied"
	Reconciled  Op = "reconciled"
	Accepted    Op = "accepted"
	Unknown     Op = "unknown"
	Sent        Op = "sent"
	Confirmed   Op = "confirmed"
	Refused     Op = "refused"
	Conflicted  Op = "conflicted"
	Silent      Op = "silent"
	Resumed     Op = "resumed"
)

// Topic is one entry of the catalogue.
type Topic struct {
	Name     string `json:"topic"`
	Kind     Kind   `json:"kind"`
	Key      string `json:"key"`     // what the key is, in words
	Summary  string `json:"summary"` // what one record says
	Ops      []Op   `json:"ops"`
	Personal bool   `json:"personal"` // some values describe natural persons, masked
}

// Catalogue lists the topics that have a producer, in their documented order. The slice is the caller's.
func Catalogue() []Topic {
	lifecycle := []Op{Created, Updated, Deleted}
	return []Topic{
		{TopicGolden, State, "golden id", "A customer of the master: active, inactive, or merged into a survivor. A tombstone means erased.",
			[]Op{Created, Updated, Merged, Split, Inactivated, Deleted}, true},
		{TopicCrosswalk, State, "source|source id", "The golden record that a source record belongs to. A tombstone means the record is gone.", lifecycle, false},
		{TopicAffiliation, State, "affiliation id", "A person's place of work, or an organisation's parent.", lifecycle, false},
		{TopicProduct, State, "product code", "A SKU with its base unit and pack sizes.", lifecycle, false},
		{TopicLot, State, "product code|lot", "A released lot.", lifecycle, false},
		{TopicStock, State, "reporting party's source|id|product code|lot", "What a party last reported to hold of a lot.", lifecycle, false},
		{TopicMovement, Fact, "movement id", "One physical transfer of goods, joined from the ledgers of both sides.",
			[]Op{Created, Updated, Voided, Superseded}, false},
		{TopicComplaint, Fact, "complaint number", "A quality complaint after a step of its handling, without the reporter and the text.", []Op{Opened, Updated, Closed}, false},
		{TopicRecall, Fact, "recall number", "A recall after a step: where it stands, and what was just done.",
			[]Op{Opened, Updated, Notified, Reminded, Replied, Reconciled, Closed}, false},
		{TopicActivity, Fact, "source|source id", "A visit, meeting, sample or gift of the sales force. Its golden id is that of the day it was written; " +
			"the crosswalk topic leads from the source and source id of its customer to the present one.", lifecycle, true},
		{TopicQuarantine, Fact, "quarantine id", "A row that could not be taken in, and what became of it.", []Op{Opened, Replayed, Discarded}, false},
		{TopicRun, Fact, "run id, or feed|party|ledger", "The report of one import or pull. Silent and resumed: a party's ledger stopped to come, or came again.",
			[]Op{Finished, Silent, Resumed}, false},
		{TopicOrderStatus, Fact, "key of the order", "How far an order has got on its way into the system that takes it: the answer to who asked for it.",
			[]Op{Accepted, Unknown, Sent, Confirmed, Refused, Conflicted}, false},
	}
}

// TopicOf finds a topic by its full name.
func TopicOf(name string) (Topic, bool) {
	t, ok := index().topics[name]
	return t, ok
}

// index is the catalogue for look-ups; it is never changed.
var index = sync.OnceValue(func() (x struct {
	topics map[string]Topic
	types  map[string]string // topic by event type
}) {
	x.topics, x.types = map[string]Topic{}, map[string]string{}
	for _, t := range Catalogue() {
		x.topics[t.Name] = t
		for _, op := range t.Ops {
			x.types[t.Type(op)] = t.Name
		}
	}
	return x
})

// Subject is the topic's name without product and version: customer.golden.
func (t Topic) Subject() string {
	return strings.TrimSuffix(strings.TrimPrefix(t.Name, "tributary."), ".v1")
}

// Type is the event type of an operation on the topic.
func (t Topic) Type(op Op) string { return typeOf(t.Name, op) }

// HasType reports whether an event type belongs to the topic.
func (t Topic) HasType(ceType string) bool { return index().types[ceType] == t.Name }

func typeOf(topic string, op Op) string {
	return strings.TrimSuffix(topic, ".v1") + "." + string(op) + ".v1"
}

// DefaultPartitions is the number of partitions of a topic unless the configuration says otherwise when it is made.
const DefaultPartitions = 12

const (
	factRetention  = 90 * 24 * time.Hour
	tombstonesKept = 30 * 24 * time.Hour
)

// Config is the topic's configuration in Kafka's own words. retention.ms is always explicit: a compact topic without it
// loses keys on some brokers.
func (t Topic) Config() map[string]string {
	if t.Kind == State {
		return map[string]string{"cleanup.policy": "compact", "retention.ms": "-1", "delete.retention.ms": millis(tombstonesKept)}
	}
	return map[string]string{"cleanup.policy": "delete", "retention.ms": millis(factRetention)}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
