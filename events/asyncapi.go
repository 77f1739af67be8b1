package events

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// AsyncAPI is the catalogue as an AsyncAPI 3.0 document in YAML. Schemas are referred to by the folder that holds them,
// seen from the document.
func AsyncAPI(schemas string) ([]byte, error) {
	channels, operations, messages := yaml.MapSlice{}, yaml.MapSlice{}, yaml.MapSlice{}
	for _, t := range Catalogue() {
		own, refs := yaml.MapSlice{}, []yaml.MapSlice{}
		for _, op := range t.Ops {
			name := t.Subject() + "." + string(op)
			own = append(own, item(string(op), ref("#/components/messages/"+name)))
			refs = append(refs, ref("#/channels/"+t.Subject()+"/messages/"+string(op)))
			messages = append(messages, item(name, asyncMessage(t, op, schemas)))
		}
		channels = append(channels, item(t.Subject(), asyncChannel(t, own)))
		operations = append(operations, item("publish."+t.Subject(), yaml.MapSlice{
			item("action", "send"), item("channel", ref("#/channels/"+t.Subject())), item("summary", t.Summary), item("messages", refs),
		}))
	}
	for _, in := range InboundTopics() {
		channels = append(channels, item(in.Subject(), asyncChannel(Topic{Name: in.Name, Kind: Fact, Key: in.Key, Summary: in.Summary},
			yaml.MapSlice{item("request", ref("#/components/messages/"+in.Subject()))})))
		operations = append(operations, item("receive."+in.Subject(), yaml.MapSlice{
			item("action", "receive"), item("channel", ref("#/channels/"+in.Subject())), item("summary", in.Summary),
			item("messages", []yaml.MapSlice{ref("#/channels/" + in.Subject() + "/messages/request")}),
			item("reply", yaml.MapSlice{item("channel", ref("#/channels/"+Topic{Name: in.Answer}.Subject()))}),
		}))
		messages = append(messages, item(in.Subject(), inboundMessage(in, schemas)))
	}
	doc := yaml.MapSlice{
		item("asyncapi", "3.0.0"),
		item("info", yaml.MapSlice{
			item("title", "Tributary events"), item("version", schemaVersion+".0"),
			item("description", "Topics that Tributary publishes on Kafka, and those that it reads. CloudEvents 1.0 in binary mode: attributes are record headers, the value is JSON, a null value is a tombstone. "+
				"Records of one key come in the order of ce_entityversion, at least once, each time with the same ce_id: drop what does not raise the version."),
		}),
		item("defaultContentType", "application/json"),
		item("channels", channels),
		item("operations", operations),
		item("components", yaml.MapSlice{item("messages", messages), item("schemas", yaml.MapSlice{item("headers", asyncHeaders())})}),
	}
	b, err := yaml.MarshalWithOptions(doc, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("render the AsyncAPI document: %w", err)
	}
	return b, nil
}

// bindingVersion is that of the Kafka bindings whose members are used here.
const bindingVersion = "0.4.0"

func asyncChannel(t Topic, messages yaml.MapSlice) yaml.MapSlice {
	cfg := t.Config()
	topic := yaml.MapSlice{item("cleanup.policy", []string{cfg["cleanup.policy"]}), item("retention.ms", yamlInt(cfg["retention.ms"]))}
	if v, ok := cfg["delete.retention.ms"]; ok {
		topic = append(topic, item("delete.retention.ms", yamlInt(v)))
	}
	return yaml.MapSlice{
		item("address", t.Name),
		item("description", fmt.Sprintf("%s Key: %s. Kind: %s.", t.Summary, t.Key, t.Kind)),
		item("messages", messages),
		item("bindings", yaml.MapSlice{item("kafka", yaml.MapSlice{
			item("topic", t.Name), item("partitions", DefaultPartitions), item("topicConfiguration", topic), item("bindingVersion", bindingVersion),
		})}),
	}
}

func asyncMessage(t Topic, op Op, schemas string) yaml.MapSlice {
	payload := yaml.MapSlice{item("type", "null"), item("description", "A tombstone: the record has no value.")}
	if _, ok := Schema(t.Type(op)); ok {
		payload = yaml.MapSlice{
			item("schemaFormat", "application/schema+json;version=draft-2020-12"),
			item("schema", ref(schemas+"/"+schemaName(t.Type(op)))),
		}
	}
	summary := t.Subject() + " " + string(op)
	if _, ok := Schema(t.Type(op)); ok && t.Kind == State && op == Deleted {
		summary += ": sent with this value, then once more as a tombstone"
	}
	return yaml.MapSlice{
		item("name", t.Type(op)),
		item("summary", summary),
		item("contentType", "application/json"),
		item("headers", ref("#/components/schemas/headers")),
		item("payload", payload),
		item("bindings", yaml.MapSlice{item("kafka", yaml.MapSlice{
			item("key", yaml.MapSlice{item("type", "string"), item("description", t.Key)}), item("bindingVersion", bindingVersion),
		})}),
	}
}

func inboundMessage(in Inbound, schemas string) yaml.MapSlice {
	return yaml.MapSlice{
		item("name", in.Name), item("summary", in.Summary+" What cannot be read goes to "+in.Dead+" with the reason in its headers."), item("contentType", "application/json"),
		item("payload", yaml.MapSlice{item("schemaFormat", "application/schema+json;version=draft-2020-12"), item("schema", ref(schemas+"/"+in.Subject()+".json"))}),
		item("bindings", yaml.MapSlice{item("kafka", yaml.MapSlice{
			item("key", yaml.MapSlice{item("type", "string"), item("description", in.Key)}), item("bindingVersion", bindingVersion),
		})}),
	}
}

func asyncHeaders() yaml.MapSlice {
	text := func(description string) yaml.MapSlice {
		return yaml.MapSlice{item("type", "string"), item("description", description)}
	}
	return yaml.MapSlice{
		item("type", "object"),
		item("required", []string{"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_entityversion"}),
		item("properties", yaml.MapSlice{
			item("ce_specversion", yaml.MapSlice{item("const", "1.0")}),
			item("ce_id", text("UUIDv5 of topic, key and entityversion; the same whenever the event is sent")),
			item("ce_source", text("/tributary/ and the code of the company")),
			item("ce_type", text("what happened to what")),
			item("ce_subject", text("the record's key")),
			item("ce_time", text("when it became true, UTC")),
			item("ce_entityversion", text("decimal number that rises by one with each event of the key")),
			item("ce_resolveid", text("shared by the events of one resolve step; absent elsewhere")),
			item("ce_dataschema", text("$id of the value's JSON Schema; absent on a tombstone")),
			item("content-type", text("application/json; absent on a tombstone")),
		}),
	}
}

func item(key string, value any) yaml.MapItem { return yaml.MapItem{Key: key, Value: value} }

func ref(to string) yaml.MapSlice { return yaml.MapSlice{item("$ref", to)} }

// yamlInt is a number given as text, as a number.
func yamlInt(s string) (n int64) {
	_, _ = fmt.Sscan(s, &n) // the catalogue holds numbers
	return n
}
