package e2e

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// A small world is pulled, resolved, joined and published. Consumers that are not ours read it; every event is well
// formed; golden and crosswalk alone, read in any interleaving, rebuild exactly the export and the crosswalk.
func TestForeignConsumersRebuildTheMasterFromTheLog(t *testing.T) {
	t.Parallel()
	world := harness.StartSandbox(t, 0.05, "")
	harness.OnBothProfiles(t, harness.Options{Company: harness.NewCompany(), Config: world.Config}, func(t *testing.T, h *harness.Hub) {
		report, r := h.Report("pull", "--quiet")
		require.Zero(t, r.Code, r.Stderr)
		report.AddsUp(t)
		h.OK("relay", "--once")
		log := h.Log()
		log.CheckSchemas(t)
		log.CheckOrder(t)
		for _, subject := range []string{"customer.golden", "customer.crosswalk", "master.product", "master.lot", "channel.movement", "channel.stock", "ops.run"} {
			require.NotZero(t, log.State(t).Count(subject)+len(log.Last()["tributary."+subject+".v1"]), subject)
		}

		exported, linked := export(t, h)
		whole := log.Master(t)
		whole.CheckWhole(t)
		require.ElementsMatch(t, slices.Collect(maps.Keys(exported)), slices.Collect(maps.Keys(whole.Golden)), "living keys")
		for range 5 {
			rebuilt := interleaved(log).Master(t)
			require.Equal(t, linked, rebuilt.Crosswalk)
			require.Equal(t, whole.Golden, rebuilt.Golden)
			for id, row := range exported {
				for column, cell := range row {
					require.Equal(t, cell, exportCell(rebuilt.Golden[id], column), "%s of %s", column, id)
				}
			}
		}
		requireKafkaReads(t, h, log)
	})
}

// export is `customers export` by golden id and `customers crosswalk` by source|source id.
func export(t *testing.T, h *harness.Hub) (customers map[string]map[string]string, links map[string]string) {
	t.Helper()
	customers, links = map[string]map[string]string{}, map[string]string{}
	for _, row := range h.CSV("customers", "export") {
		customers[row["golden_id"]] = row
	}
	for _, row := range h.CSV("customers", "crosswalk") {
		links[row["source"]+"|"+row["source_id"]] = row["golden_id"]
	}
	return customers, links
}

// exportCell is what the export's column must hold for the value of a golden event.
func exportCell(golden map[string]any, column string) string {
	in := func(field string) string {
		text, _ := golden[field].(map[string]any)[column].(string)
		return text
	}
	cell := ""
	switch column {
	case "golden_id", "kind", "name", "division":
		cell = golden[column].(string)
	case "code":
		cell, _ = golden["attributes"].(map[string]any)["company_code"].(string)
	case "address":
		cell, _ = golden["address"].(map[string]any)["text"].(string)
	case "province", "city", "county", "postcode":
		cell = in("address")
	case "aliases", "phones", "emails", "tags":
		cell = joined(golden[column], func(v any) string { return v.(string) })
	case "sources":
		cell = joined(golden[column], func(v any) string {
			key := v.(map[string]any)
			return key["source"].(string) + "|" + key["id"].(string)
		})
	case "completeness":
		cell = fmt.Sprint(golden[column])
	case "updated_at":
		at, _ := time.Parse(time.RFC3339, golden[column].(string))
		cell = at.Format(time.RFC3339)
	default:
		if cell = in("identifiers"); cell == "" {
			cell = in("attributes")
		}
	}
	if len(cell) > 1 && strings.ContainsRune("=+-@", rune(cell[0])) {
		return "'" + cell // a spreadsheet must not run it
	}
	return cell
}

func joined(list any, text func(any) string) string {
	var out []string
	for _, v := range list.([]any) {
		out = append(out, text(v))
	}
	return strings.Join(out, " / ")
}

// interleaved is the log as a consumer of many partitions may see it: in any order, some records twice.
func interleaved(l harness.Log) harness.Log {
	out := slices.Clone(l)
	for range len(l) / 10 {
		out = append(out, l[rand.IntN(len(l))])
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// requireKafkaReads compares what Kafka's own console consumer reads of the golden topic with our log.
func requireKafkaReads(t *testing.T, h *harness.Hub, log harness.Log) {
	t.Helper()
	at := h.Kafka
	if at == "" { // the embedded broker listens while the service runs
		serve := h.Start("serve", "--lang", "en")
		line := serve.Line("Kafka ")
		at = strings.Fields(line)[len(strings.Fields(line))-1]
		defer func() {
			serve.Signal(syscall.SIGTERM)
			require.Zero(t, serve.Wait(stopWithin).Code)
		}()
	}
	golden, ok := events.TopicOf("tributary.customer.golden.v1")
	require.True(t, ok)
	want := map[string]int{} // ce_id and key
	for _, r := range log {
		if r.Topic == golden.Name {
			want[r.Headers["ce_id"]+" "+r.Key]++
		}
	}
	got := map[string]int{}
	for line := range strings.Lines(consoleConsumer(t, at, golden.Name)) {
		headers, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		require.True(t, ok, line)
		key, value, ok := strings.Cut(rest, "\t")
		require.True(t, ok, line)
		h2 := map[string]string{}
		for _, pair := range strings.Split(headers, ",") {
			name, v, _ := strings.Cut(pair, ":")
			h2[name] = v
		}
		if h2["ce_source"] == "/tributary/"+h.Company {
			got[h2["ce_id"]+" "+key]++
			require.True(t, value == "null" || strings.Contains(value, key), "the value contains the golden id: %s", line)
		}
	}
	require.Equal(t, want, got)
}

// consoleConsumer reads a topic from its beginning with Kafka's own tool, until nothing came for a while.
func consoleConsumer(t *testing.T, at, topic string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "java", "-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8",
		"-cp", filepath.Join(servers.KafkaLib(t), "*"), "org.apache.kafka.tools.consumer.ConsoleConsumer",
		"--bootstrap-server", at, "--topic", topic, "--from-beginning", "--timeout-ms", "8000",
		"--formatter-property", "print.key=true", "--formatter-property", "print.headers=true")
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	require.NotEmpty(t, out.String(), "%v\n%s", err, complaints.String()) // it ends by its timeout, which it calls an error
	return out.String()
}
