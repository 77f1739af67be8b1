package normalize_test

import (
	"fmt"

	"tributary/normalize"
)

func Example() {
	name := normalize.ParseOrg("青河县中医院（东院区）", nil)
	fmt.Println(name.Full, name.Kind, name.Campus, name.DivisionCode)

	id := normalize.USCC("1231O000425001236R")
	fmt.Println(id.Value, id.Valid, id.Repaired)

	quantity, _ := normalize.Quantity("（1，200.50）")
	date, _ := normalize.Date("45717")
	lot, suspect := normalize.Lot("250301.0")
	fmt.Println(quantity, date, lot, suspect)
	// Output:
	// 青河县中医医院东院区 中医医院 东院区 654325
	// 12310000425001236R true true
	// -1200.5 2025-03-01 250301 decimal
}

func ExamplePhones() {
	for _, p := range normalize.Phones("0571-85550100转8012／13800001111", "") {
		fmt.Println(p.Kind, p)
	}
	// Output:
	// landline 0571-85550100转8012
	// mobile 13800001111
}
