package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/world"
)

// Settings are the settings that point a connector at its system of the cast, served at an address.
func Settings(connector, url string) map[string]any {
	private, _, err := FHIRKey()
	if err != nil {
		return nil
	}
	for _, s := range cast() {
		if s.connector == connector && s.serve != nil {
			return s.settings(&stage{url: url, private: private})
		}
	}
	return nil
}

// Config is the configuration file that points a hub at the sandbox: company and connections, without store and broker.
func (sb *Sandbox) Config() string {
	var b strings.Builder
	b.WriteString("company: {name: " + sb.w.Customers[sb.w.Maker].Name + ", code: M, source: erp}\nconnections:\n")
	for _, s := range sb.cast {
		settings := s.settings(&sb.stage)
		if s.serve != nil {
			settings["calls_per_second"] = "1000"
		}
		party := ""
		if s.party != nil {
			party = sb.erpCode(s.party(sb.w))
		}
		connection(&b, s, party, settings)
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

func connection(b *strings.Builder, s system, party string, settings map[string]any) {
	fmt.Fprintf(b, "  - name: %s\n    connector: %s\n", s.name, s.connector)
	if party != "" {
		fmt.Fprintf(b, "    party: %s\n", party)
	}
	b.WriteString("    settings:\n")
	for _, k := range sortedKeys(settings) {
		if table, ok := settings[k].(map[string]any); ok {
			fmt.Fprintf(b, "      %s:\n", k)
			for _, inner := range sortedKeys(table) {
				fmt.Fprintf(b, "        %s: %s\n", inner, strconv.Quote(fmt.Sprint(table[inner])))
			}
			continue
		}
		value := strconv.Quote(fmt.Sprint(settings[k]))
		if k == "calls_per_second" || k == "calls_per_minute" {
			value = fmt.Sprint(settings[k])
		}
		fmt.Fprintf(b, "      %s: %s\n", k, value)
	}
	b.WriteString("    streams:\n")
	for _, stream := range s.streams {
		fmt.Fprintf(b, "      - {stream: %s, every: 1m}\n", stream)
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
