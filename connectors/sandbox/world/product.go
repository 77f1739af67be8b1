package world

import "tributary/canonical"

// Product is a SKU of the maker. Quantities are in base units.
type Product struct {
	Code, Name, Spec, ApprovalNo, GTIN, Unit string
	Inner, Case                              int // base units in 中包 and 件
	Price                                    int // fen for a base unit, from the maker
	share                                    float64
	lotSize                                  int
}

func products() []Product {
	p := func(code, name, spec, approval, gtin, unit string, inner, cs, price int, share float64, lot int) Product {
		return Product{code, name, spec, approval, gtin, unit, inner, cs, price, share, lot}
	}
	return []Product{
		p("P001", "复方丹参滴丸", "27mg×180丸/瓶", "国药准字Z20230101", "09520001000010", "盒", 10, 40, 2680, 0.24, 16000),
		p("P002", "盐酸二甲双胍缓释片", "0.5g×30片", "国药准字H20230102", "09520001000027", "盒", 10, 200, 1850, 0.18, 12000),
		p("P003", "阿莫西林胶囊", "0.25g×24粒", "国药准字H20230103", "09520001000034", "盒", 10, 300, 1120, 0.15, 10000),
		p("P004", "苯磺酸氨氯地平片", "5mg×28片", "国药准字H20230104", "09520001000041", "盒", 20, 400, 2390, 0.13, 9000),
		p("P005", "注射用头孢曲松钠", "1.0g/支", "国药准字H20230105", "09520001000058", "支", 10, 600, 980, 0.10, 8000),
		p("P006", "连花清瘟胶囊", "0.35g×36粒", "国药准字Z20230106", "09520001000065", "盒", 10, 120, 1980, 0.09, 7000),
		p("P007", "沙美特罗替卡松粉吸入剂", "50μg/250μg×60吸", "国药准字H20230107", "09520001000072", "盒", 5, 50, 16800, 0.06, 4000),
		p("P008", "人血白蛋白注射液", "10g(20%,50ml)/瓶", "国药准字S20230108", "09520001000089", "瓶", 1, 20, 38500, 0.05, 3000),
	}
}

// draw picks a product by its share of sales.
func (w *World) draw(r random) int {
	x := r.Float64()
	for i, p := range w.Products {
		if x -= p.share; x < 0 {
			return i
		}
	}
	return 0
}

// Lot is a released lot.
type Lot struct {
	Product  int
	Number   string
	Quantity int // released
	Made     canonical.Date
	Expires  canonical.Date
	Released canonical.Date
}
