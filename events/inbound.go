package events

import "sync"

// Inbound is a topic that others write and the hub reads.
type Inbound struct {
	Name    string `json:"topic"`
	Key     string `json:"key"`
	Summary string `json:"summary"`
	Answer  string `json:"answer"` // topic of the answers
	Dead    string `json:"dead"`   // topic of what could not be read, with the reason in its headers
}

// TopicOrders is where orders are asked for.
const TopicOrders = "tributary.in.orders.v1"

// InboundTopics lists the topics that the hub reads. The slice is the caller's.
func InboundTopics() []Inbound {
	return []Inbound{{TopicOrders, "key of the order", "An order for the system that takes orders. The same key with the same content is the same order, however often it comes.",
		TopicOrderStatus, TopicOrders + ".dlq"}}
}

// Subject is the topic's name without product and version: in.orders.
func (i Inbound) Subject() string { return Topic{Name: i.Name}.Subject() }

// Schema is the JSON Schema of a record's value.
func (i Inbound) Schema() []byte { return inboundSchemas()[i.Name] }

var inboundSchemas = sync.OnceValue(func() map[string][]byte {
	out := map[string][]byte{}
	for _, i := range InboundTopics() {
		out[i.Name], _ = schemaFiles.ReadFile("schemas/" + i.Subject() + ".json") // a test sees that it is there
	}
	return out
})

// Config is the configuration of topic and dead letters in Kafka's own words.
func (Inbound) Config() map[string]string { return Topic{Kind: Fact}.Config() }
