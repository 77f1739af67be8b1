package filesource

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"tributary/canonical"
)

// Name is what the file name of a monthly report says, by the rule SM|PM|IM_<code>_<name>_<yyyymmdd>[_补传n].ext.
type Name struct {
	Ledger     canonical.Ledger
	Code       string // the reporting party's code
	Party      string // its name
	Date       canonical.Date
	Supplement int // 补传 number; 0 for the normal upload
}

// ParseName reads a file name of the rule. Folders before it do not count.
func ParseName(file string) (Name, bool) {
	base := path.Base(strings.ReplaceAll(file, "\\", "/"))
	parts := strings.Split(strings.TrimSuffix(base, path.Ext(base)), "_")
	if len(parts) < 4 {
		return Name{}, false
	}
	var n Name
	switch strings.ToUpper(parts[0]) {
	case "SM":
		n.Ledger = canonical.Sales
	case "PM":
		n.Ledger = canonical.Purchases
	case "IM":
		n.Ledger = canonical.Stock
	default:
		return Name{}, false
	}
	if number, ok := strings.CutPrefix(parts[len(parts)-1], "补传"); ok {
		if n.Supplement = 1; number != "" {
			v, err := strconv.Atoi(number)
			if err != nil || v < 1 || v > 999 {
				return Name{}, false
			}
			n.Supplement = v
		}
		parts = parts[:len(parts)-1]
	}
	if len(parts) < 4 {
		return Name{}, false
	}
	day := parts[len(parts)-1]
	if len(day) != 8 {
		return Name{}, false
	}
	date, err := canonical.ParseDate(day[:4] + "-" + day[4:6] + "-" + day[6:])
	if err != nil {
		return Name{}, false
	}
	n.Date, n.Code, n.Party = date, parts[1], strings.Join(parts[2:len(parts)-1], "_")
	return n, n.Code != "" || n.Party != ""
}

// Period is the flow month the file reports, "2025-03".
func (n Name) Period() string { return n.Date.Month() }

// Version orders the files of one (party, ledger, period): by date, then by 补传 number. Compared as text.
func (n Name) Version() string { return fmt.Sprintf("%s#%03d", n.Date, n.Supplement) }
