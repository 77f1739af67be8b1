package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// corpus is a small channel as files: masters, and four months of the maker's and a distributor's ledgers. It is the
// same in every run. A step is the command line that imports one file.
func corpus(t *testing.T) (steps [][]string) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(20261124, 7))
	write := func(name, as, party string, header string, rows []string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"), 0o600))
		args := []string{"import", path, "--as", as, "--source", "erp", "--quiet"}
		if party != "" {
			args = append(args, "--party", party)
		}
		steps = append(steps, args)
	}
	var customers []string
	for i := range hospitals {
		customers = append(customers, fmt.Sprintf("H%03d,%s,医院,山东省,济南市", i, hospital(i)))
	}
	customers = append(customers, "D1,青河市康泽医药有限公司,经销商,山东省,济南市")
	write("customers.csv", "customers", "", "客户编码,客户名称,类型,省份,城市", customers)
	write("products.csv", "products", "", "产品编码,产品名称,规格,批准文号,单位,件装量", []string{
		"AMX24,阿莫西林胶囊,0.25g×24粒,国药准字H20250001,盒,40", "IBU20,布洛芬片,0.2g×20片,国药准字H20250002,盒,60"})
	var lots []string
	for _, product := range products {
		for lot := range lotsEach {
			lots = append(lots, fmt.Sprintf("%s,%s,100000,2025-01-01,2027-12-31", product[0], lotNo(lot)))
		}
	}
	write("lots.csv", "lots", "", "产品编码,批号,数量,生产日期,有效期至", lots)
	for month := 1; month <= months; month++ {
		shipped, received, sold := monthOf(r, month)
		write(fmt.Sprintf("sales_M_%02d.csv", month), "sales", "self", "销售日期,销售单号,行号,客户编码,客户名称,产品名称,规格,批号,数量,单位", shipped)
		write(fmt.Sprintf("purchases_D1_%02d.csv", month), "purchases", "D1", "入库日期,入库单号,行号,供应商编码,供应商名称,产品名称,规格,批号,数量,单位", received)
		write(fmt.Sprintf("sales_D1_%02d.csv", month), "sales", "D1", "销售日期,销售单号,行号,客户编码,客户名称,产品名称,规格,批号,数量,单位", sold)
	}
	write("stock_D1.csv", "stock", "D1", "库存日期,产品名称,规格,批号,数量,单位", []string{"2025-04-30,阿莫西林胶囊,0.25g×24粒,L00,500,盒"})
	return steps
}

const (
	hospitals = 120
	lotsEach  = 6
	months    = 4
)

var products = [][2]string{{"AMX24", "阿莫西林胶囊,0.25g×24粒"}, {"IBU20", "布洛芬片,0.2g×20片"}}

func hospital(i int) string {
	places := []string{"青河", "临江", "安远", "东阳", "南屏", "北仑", "西宁", "长乐"}
	kinds := []string{"市第一人民医院", "市第二人民医院", "市中医院", "县人民医院", "市妇幼保健院", "市第三人民医院", "县中医院", "市儿童医院", "市口腔医院", "市肿瘤医院", "市胸科医院", "市眼科医院", "市精神卫生中心", "市传染病医院", "市康复医院"}
	return places[i%len(places)] + kinds[i/len(places)%len(kinds)]
}

func lotNo(i int) string { return fmt.Sprintf("L%02d", i) }

// monthOf makes the lines of a month: 20 shipments that both ledgers know, and 250 sales, a few of them broken, a few
// without a lot, a few to customers that no master knows.
func monthOf(r *rand.Rand, month int) (shipped, received, sold []string) {
	for i := range 20 {
		p := products[r.IntN(len(products))]
		line := fmt.Sprintf("%s,%s,%d,盒", p[1], lotNo(r.IntN(lotsEach)), 400+r.IntN(20)*40)
		day := 1 + r.IntN(25)
		shipped = append(shipped, fmt.Sprintf("2025-%02d-%02d,M-%02d%03d,1,D1,青河市康泽医药有限公司,%s", month, day, month, i, line))
		received = append(received, fmt.Sprintf("2025-%02d-%02d,R-%02d%03d,1,M,本公司,%s", month, day+r.IntN(3), month, i, line))
	}
	for i := range 250 {
		p, customer := products[r.IntN(len(products))], r.IntN(hospitals)
		lot, code, name, quantity := lotNo(r.IntN(lotsEach)), fmt.Sprintf("H%03d", customer), hospital(customer), fmt.Sprint(1+r.IntN(40))
		switch r.IntN(25) {
		case 0:
			quantity = "十盒左右"
		case 1, 2:
			lot = ""
		case 3:
			code, name = fmt.Sprintf("K%02d", r.IntN(30)), fmt.Sprintf("%s康宁诊所", hospital(r.IntN(30))[:6])
		case 4:
			quantity = "-" + quantity
		}
		sold = append(sold, fmt.Sprintf("2025-%02d-%02d,S-%02d%04d,1,%s,%s,%s,%s,%s,盒", month, 1+r.IntN(28), month, i, code, name, p[1], lot, quantity))
	}
	return shipped, received, sold
}
