package dedupe_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// One record of a sandbox world of 30,000 and its share of the run: prepare, block, score, cluster.
func BenchmarkResolve(b *testing.B) {
	e := newEngine(b)
	records, _, _ := trueRecords(b, e, 1, 1.5)
	b.ResetTimer()
	for b.Loop() {
		_, err := e.Resolve(context.Background(), records, nil)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(records)), "µs/record")
}

func BenchmarkPrepare(b *testing.B) {
	e := newEngine(b)
	in := input(1, "erp", 5, org("广东省广州市第一人民医院（三甲）", phone("020-85550100"), in("广东省广州市天河区中山路8号")))
	b.ReportAllocs()
	for b.Loop() {
		e.Prepare(in)
	}
}

func BenchmarkScore(b *testing.B) {
	e := newEngine(b)
	x := e.Prepare(input(1, "erp", 5, org("广州市第一人民医院", phone("020-85550100"), in("广东省广州市天河区中山路8号"))))
	y := e.Prepare(input(2, "sfa", 5, org("广州第一人民医院", phone("020-85550100"), in("广东省广州市天河区中山路18号"))))
	b.ReportAllocs()
	for b.Loop() {
		e.Score(x, y)
	}
}
