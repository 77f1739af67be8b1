package events

import (
	"bytes"
	"encoding/json"
	"time"

	"tributary/canonical"
)

// Meta is what an event says about itself, whatever its value.
type Meta struct {
	Op      Op
	Version int64     // entityversion, taken while the entity's row is locked
	Time    time.Time // when it became true: the transaction's Now
	Resolve string    // resolve step, for the events that one step makes; else empty
}

// Golden is a living golden record (Op Created, Updated or Split; Updated also when it comes back to life). The value's
// status is set here.
func Golden(m Meta, v GoldenValue) Event {
	v.Status = StatusActive
	v = v.Filled()
	e := m.event(TopicGolden, v.GoldenID.String(), v)
	e.Personal = v.Kind.Person()
	return e
}

// GoldenMerged says that the id lives on in its survivor. Op is set here.
func GoldenMerged(m Meta, id, survivor canonical.ID) Event {
	m.Op = Merged
	return m.event(TopicGolden, id.String(), GoldenGone{GoldenID: id, Status: StatusMerged, Survivor: survivor})
}

// GoldenInactive says that the id has no living record. Op is set here.
func GoldenInactive(m Meta, id canonical.ID) Event {
	m.Op = Inactivated
	return m.event(TopicGolden, id.String(), GoldenGone{GoldenID: id, Status: StatusInactive})
}

// GoldenErased says that the person was erased: an event without values, then the tombstone. The second has the version
// after m.Version. Op is set here.
func GoldenErased(m Meta, id canonical.ID) []Event {
	m.Op = Deleted
	first := m.event(TopicGolden, id.String(), GoldenGone{GoldenID: id, Status: StatusErased})
	m.Version++
	return []Event{first, m.tombstone(TopicGolden, id.String())}
}

// CrosswalkKey is the key of a source record on the crosswalk topic.
func CrosswalkKey(k canonical.RecordKey) string { return k.Source + "|" + k.ID }

// Crosswalk links a source record to a golden record (Op Created or Updated).
func Crosswalk(m Meta, record canonical.RecordKey, golden canonical.ID) Event {
	return m.event(TopicCrosswalk, CrosswalkKey(record), CrosswalkValue{Source: record.Source, SourceID: record.ID, GoldenID: golden})
}

// CrosswalkGone is the tombstone of a source record that is gone. Op is set here, likewise in the other Gone functions.
func CrosswalkGone(m Meta, record canonical.RecordKey) Event {
	m.Op = Deleted
	return m.tombstone(TopicCrosswalk, CrosswalkKey(record))
}

// Affiliation links two golden records (Op Created or Updated).
func Affiliation(m Meta, v AffiliationValue) Event {
	v.Sources = filled(v.Sources)
	return m.event(TopicAffiliation, v.AffiliationID.String(), v)
}

// AffiliationGone is the tombstone of an affiliation.
func AffiliationGone(m Meta, id canonical.ID) Event {
	m.Op = Deleted
	return m.tombstone(TopicAffiliation, id.String())
}

// Product is a SKU (Op Created or Updated).
func Product(m Meta, v ProductValue) Event { return m.event(TopicProduct, v.Code, v) }

// ProductGone is the tombstone of a SKU.
func ProductGone(m Meta, code string) Event {
	m.Op = Deleted
	return m.tombstone(TopicProduct, code)
}

// Lot is a released lot (Op Created or Updated).
func Lot(m Meta, v LotValue) Event { return m.event(TopicLot, v.Product+"|"+v.Lot, v) }

// LotGone is the tombstone of a lot.
func LotGone(m Meta, product, lot string) Event {
	m.Op = Deleted
	return m.tombstone(TopicLot, product+"|"+lot)
}

// StockKey is the key of a stock position: the mention of the reporting party, not its golden id, so that it outlives
// merges.
func StockKey(party canonical.RecordKey, product, lot string) string {
	return party.Source + "|" + party.ID + "|" + product + "|" + lot
}

// Stock is what a party last reported to hold of a lot (Op Created or Updated).
func Stock(m Meta, v StockValue) Event {
	return m.event(TopicStock, StockKey(canonical.RecordKey{Source: v.Party.Source, ID: v.Party.SourceID}, v.Product, v.Lot), v)
}

// StockGone is the tombstone of a stock position.
func StockGone(m Meta, party canonical.RecordKey, product, lot string) Event {
	m.Op = Deleted
	return m.tombstone(TopicStock, StockKey(party, product, lot))
}

// Movement is a transfer of goods (Op Created, Updated, Voided or Superseded). The value's status follows from Op.
func Movement(m Meta, v MovementValue) Event {
	switch m.Op {
	case Voided:
		v.Status = MovementVoided
	case Superseded:
		v.Status = MovementSuperseded
	default:
		v.Status = MovementActive
	}
	v.Evidence = filled(v.Evidence)
	return m.event(TopicMovement, v.MovementID.String(), v)
}

// Complaint is a quality complaint after a step (Op Opened, Updated or Closed).
func Complaint(m Meta, v ComplaintValue) Event { return m.event(TopicComplaint, v.Number, v) }

// Recall is a recall after a step (Op Opened, Updated, Notified, Reminded, Replied, Reconciled or Closed).
func Recall(m Meta, v RecallValue) Event {
	v.Lots, v.Complaints, v.Balance = filled(v.Lots), filled(v.Complaints), filled(v.Balance)
	return m.event(TopicRecall, v.Number, v)
}

// Activity is an activity of the sales force (Op Created, Updated or Deleted). When its customer is a person, owner is
// the golden id whose data key seals it; else owner is zero.
func Activity(m Meta, v ActivityValue, owner canonical.ID) Event {
	e := m.event(TopicActivity, v.Source+"|"+v.SourceID, v)
	if !owner.IsZero() {
		e.Personal, e.Owner = true, owner.String()
	}
	return e
}

// OrderStatus is how far an order has got (Op Accepted, Unknown, Sent, Confirmed, Refused), or that its key came again with
// other content (Conflicted).
func OrderStatus(m Meta, v OrderStatusValue) Event {
	v.Final = v.State.Final()
	return m.event(TopicOrderStatus, v.Key, v)
}

// Run is the report of an import or pull. Op is set here.
func Run(m Meta, v RunValue) Event {
	m.Op = Finished
	return m.event(TopicRun, v.RunID.String(), v)
}

// Feed tells that a feed stopped, or came again (Op Silent or Resumed). The value's state follows from Op.
func Feed(m Meta, v FeedValue) Event {
	v.State, v.LastAt = string(m.Op), v.LastAt.UTC()
	return m.event(TopicRun, "feed|"+v.Party+"|"+string(v.Ledger), v)
}

// Quarantine says what became of a row (Op Opened, Replayed or Discarded). The value's status follows from Op.
func Quarantine(m Meta, v QuarantineValue) Event {
	v.Status = string(m.Op)
	if m.Op == Opened {
		v.Status = "open"
	}
	return m.event(TopicQuarantine, v.QuarantineID.String(), v)
}

// Filled returns the value with empty lists and maps in the place of nil ones, so that consumers never read null there.
func (v GoldenValue) Filled() GoldenValue {
	v.Aliases, v.Phones, v.Emails, v.Tags = filled(v.Aliases), filled(v.Phones), filled(v.Emails), filled(v.Tags)
	v.Sources, v.Affiliations = filled(v.Sources), filled(v.Affiliations)
	if v.Identifiers == nil {
		v.Identifiers = map[string]string{}
	}
	if v.Attributes == nil {
		v.Attributes = map[string]string{}
	}
	v.UpdatedAt = v.UpdatedAt.UTC()
	return v
}

func filled[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func (m Meta) tombstone(topic, key string) Event {
	return Event{Topic: topic, Key: key, Version: m.Version, Type: typeOf(topic, m.Op), Time: m.Time.UTC(), Resolve: m.Resolve}
}

func (m Meta) event(topic, key string, value any) Event {
	e := m.tombstone(topic, key)
	e.Value = json.RawMessage{} // what Check refuses, should the value not render
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err == nil {
		e.Value = bytes.TrimRight(buf.Bytes(), "\n")
	}
	return e
}
