package bench_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// BenchmarkFileToTopic takes a file of products in and publishes an event for each, against Kafka Connect's own file
// source, which sends the lines as they are. Ours counts from the start of the program, the peer from the first line that
// lies in its topic; both wait for acknowledgement by all replicas.
func BenchmarkFileToTopic(b *testing.B) {
	rows := benchRows(b)
	path := productsFile(b, rows)
	peer := connect(b, path, rows)
	peer.print()
	h := harness.Production(b, harness.Options{Company: harness.NewCompany()})
	h.OK("relay", "--once", "--quiet") // makes tables and topics
	began := time.Now()
	taken := h.Run("import", path, "--as", "products", "--source", "erp", "--no-resolve", "--quiet")
	require.Zero(b, taken.Code, taken.Stderr)
	sent := h.Run("relay", "--once", "--quiet")
	require.Zero(b, sent.Code, sent.Stderr)
	took := time.Since(began)
	var status struct{ Published, Pending int }
	h.Into(&status, "outbox", "status")
	require.GreaterOrEqual(b, status.Published, rows)
	require.Zero(b, status.Pending)
	sent.CPU += taken.CPU
	sent.PeakRSS = max(sent.PeakRSS, taken.PeakRSS)
	f := ran("file-to-topic/postgres", rows, took, sent)
	f.Peer, f.Ratio = peer.Figure, peer.Seconds/f.Seconds
	f.print()
}

func productsFile(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "products.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.WriteString("code,name,spec,approval_no,maker,unit,case_factor,inner_factor\n")
	require.NoError(t, err)
	for i := range rows {
		_, err = fmt.Fprintf(w, "P%07d,百川胶囊%d号,0.25g*%d粒,国药准字H2025%04d,百川制药有限公司,盒,%d,10\n", i, i, 10+i%5, i%10_000, 100+i%3*100)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return path
}

// connect lets Kafka Connect send the lines of a file and says how long they took.
func connect(t testing.TB, path string, rows int) figure {
	t.Helper()
	lib, err := exec.Command(filepath.Join(harness.Root(), "test", "servers", "connect.sh"), "lib").Output()
	require.NoError(t, err)
	broker, topic, dir := servers.Kafka(t), servers.TopicPrefix(t)+"lines", t.TempDir()
	client := &kafka.Client{Addr: kafka.TCP(broker)}
	made, err := client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 3, ReplicationFactor: 1}}})
	require.NoError(t, err)
	require.NoError(t, made.Errors[topic])
	worker, source := filepath.Join(dir, "worker.properties"), filepath.Join(dir, "source.properties")
	require.NoError(t, os.WriteFile(worker, fmt.Appendf(nil, "bootstrap.servers=%s\nkey.converter=org.apache.kafka.connect.storage.StringConverter\nvalue.converter=org.apache.kafka.connect.storage.StringConverter\n"+
		"offset.storage.file.filename=%s\noffset.flush.interval.ms=1000\nlisteners=http://127.0.0.1:0\n", broker, filepath.Join(dir, "offsets")), 0o600))
	require.NoError(t, os.WriteFile(source, fmt.Appendf(nil, "name=lines\nconnector.class=org.apache.kafka.connect.file.FileStreamSourceConnector\ntasks.max=1\nfile=%s\ntopic=%s\n", path, topic), 0o600))
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
	defer stop()
	log, err := os.Create(filepath.Join(dir, "connect.log"))
	require.NoError(t, err)
	defer log.Close()
	cmd := exec.CommandContext(ctx, "java", "-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", strings.TrimSpace(string(lib))+"/*", "org.apache.kafka.connect.cli.ConnectStandalone", worker, source)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed when the lines are there
		close(ended)
	}()
	defer func() {
		stop()
		<-ended
	}()
	lying := func() (n int64) {
		asked := []kafka.OffsetRequest{kafka.LastOffsetOf(0), kafka.LastOffsetOf(1), kafka.LastOffsetOf(2)}
		offsets, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: asked}})
		require.NoError(t, err)
		for _, p := range offsets.Topics[topic] {
			n += p.LastOffset
		}
		return n
	}
	await := func(n int64) time.Time {
		for lying() < n {
			select {
			case <-ended:
				text, _ := os.ReadFile(log.Name())
				require.Fail(t, "Kafka Connect ended early", string(text))
			case <-time.After(10 * time.Millisecond):
			}
		}
		return time.Now()
	}
	began := await(1)
	took := await(int64(rows) + 1).Sub(began) // the header is a line too
	return figure{Figure: "file-to-topic/kafka-connect", Rows: rows, Seconds: took.Seconds(), PerSec: float64(rows) / took.Seconds()}
}
