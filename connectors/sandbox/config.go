package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/world"
)

// Settings are the settings that point a connector at its system of the cast at an address; nil for files.
func Settings(connector, url string) map[string]any {
	private, _, err := FHIRKey()
	if err != nil {
		return nil
	}
	if s := systemOf(connector); s != nil {
		return s.settings(&stage{url: url, private: private})
	}
	return nil
}

// Maps are the maps of the streams of a connector's system of the cast that the connector has none for.
func Maps(connector string) map[string]string {
	if s := systemOf(connector); s != nil {
		return s.maps
	}
	return nil
}

// systemOf is a connector's system of the cast.
func systemOf(connector string) *system {
	for _, s := range cast() {
		if _, files := s.by.(writing); !files && s.connector == connector {
			return &s
		}
	}
	return nil
}

// Config is the configuration file that points a hub at the sandbox: company and connections, without store and broker.
func (sb *Sandbox) Config() string {
	var b strings.Builder
	b.WriteString("company: {name: " + sb.w.Customers[sb.w.Maker].Name + ", code: M, source: erp}\nconnections:\n")
	for _, s := range sb.cast {
		sb.connection(&b, s)
	}
	return b.String()
}

// erpCode is the company's own code of a customer.
func (s *stage) erpCode(customer int) string {
	for i := range s.w.Len(world.ERP) {
		if s.w.TruthOf(world.ERP, i) == customer {
			return s.w.RecordID(world.ERP, i)
		}
	}
	return ""
}

func (sb *Sandbox) connection(b *strings.Builder, s system) {
	fmt.Fprintf(b, "  - name: %s\n    connector: %s\n", s.name, s.connector)
	if s.party != nil {
		fmt.Fprintf(b, "    party: %s\n", sb.erpCode(s.party(sb.w)))
	}
	at := sb.stage
	at.url = sb.addresses[s.name]
	settings := s.settings(&at)
	if _, web := s.by.(served); web {
		settings["calls_per_second"] = json.Number("1000")
	}
	b.WriteString("    settings:\n")
	writeTree(b, "      ", settings)
	b.WriteString("    streams:\n")
	for _, stream := range s.streams {
		more := ""
		if s.maps[stream] != "" {
			more = ", map: " + strconv.Quote(sb.mapFile(s.name, stream))
		}
		fmt.Fprintf(b, "      - {stream: %s, every: 1m%s}\n", stream, more)
	}
}

// writeTree writes settings as YAML, texts in quotes.
func writeTree(b *strings.Builder, indent string, tree map[string]any) {
	for _, k := range sortedKeys(tree) {
		switch v := tree[k].(type) {
		case map[string]any:
			fmt.Fprintf(b, "%s%s:\n", indent, k)
			writeTree(b, indent+"  ", v)
		case []any:
			items := make([]string, len(v))
			for i := range v {
				items[i] = strconv.Quote(fmt.Sprint(v[i]))
			}
			fmt.Fprintf(b, "%s%s: [%s]\n", indent, k, strings.Join(items, ", "))
		case json.Number, int, bool:
			fmt.Fprintf(b, "%s%s: %v\n", indent, k, v)
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, k, strconv.Quote(fmt.Sprint(v)))
		}
	}
}

func sortedKeys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
