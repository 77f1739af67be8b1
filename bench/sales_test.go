package bench_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// salesFile writes a month of sales of one distributor as CSV: rows of about 190 bytes, 20,000 partners, 200 products
// with 5 lots each. The same size gives the same bytes.
func salesFile(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "SM_D1_青河医药_20250331.csv")
	f, err := os.Create(path)
	require.NoError(t, err)
	w := bufio.NewWriterSize(f, 1<<20)
	_, err = w.WriteString("销售日期,销售单号,行号,客户编码,客户名称,产品编码,产品名称,规格,批准文号,生产厂家,批号,有效期,数量,单位,单价,金额\n")
	require.NoError(t, err)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		day, partner, product := 1+i*31/rows, rnd.IntN(20_000), rnd.IntN(200)
		quantity, price := 1+rnd.IntN(200), 1000+rnd.IntN(9000)
		_, err := fmt.Fprintf(w, "2025-03-%02d,XS202503%02d%06d,%d,K%05d,青河市第%d人民医院,P%03d,百川胶囊%d号,0.25g*%d粒,国药准字H2025%04d,百川制药有限公司,2503%02d,2027-02-28,%d,盒,%d.%02d,%d.%02d\n",
			day, day, i/5, i%5+1, partner, partner, product, product, 10+product%5, product, rnd.IntN(5)+1, quantity, price/100, price%100, quantity*price/100, quantity*price%100)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
	require.NoError(t, f.Close())
	return path
}
