package filesource_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"tributary/connectors/filesource"
)

// salesRows is a ledger of rows of about 190 bytes.
func salesRows(n int) string {
	var b strings.Builder
	b.WriteString("销售日期,单据号,客户编码,客户名称,产品名称,规格,批准文号,生产厂家,批号,数量,单位,单价,备注\n")
	for i := range n {
		fmt.Fprintf(&b, "2025-03-%02d,XSCK%08d,C%06d,青河市第一人民医院南院区,阿莫西林胶囊,0.25g*24粒,国药准字H20250001,百川制药有限公司,250%03d,%d,盒,12.50,常温配送\n", i%28+1, i, i%5000, i%999, i%200)
	}
	return b.String()
}

func benchmarkRows(b *testing.B, content []byte) {
	const n = 50_000
	path := write(b, "s.csv", content)
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		table, err := filesource.Open(b.Context(), path, filesource.Options{Known: known})
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		for {
			_, err := table.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			rows++
		}
		table.Close()
		if rows != n {
			b.Fatal(rows)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCSV(b *testing.B)    { benchmarkRows(b, []byte(salesRows(50_000))) }
func BenchmarkCSVGBK(b *testing.B) { benchmarkRows(b, gbk(b, salesRows(50_000))) }
func BenchmarkCSVQuoted(b *testing.B) {
	benchmarkRows(b, []byte(`"`+strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(salesRows(50_000), "\n"), ",", `","`), "\n", "\"\n\"")+`"`))
}
