package flow

import (
	"bytes"
	"cmp"
	"strings"

	"tributary/canonical"
)

// Line is a row of a sales, purchases or usage ledger after look-up: the product is known and the quantity is in base
// units. Party is the reporting party, Partner the other one (0 in the usage ledger); both are record numbers of
// mentions.
type Line struct {
	ID       canonical.ID // row id: derived from the identity of the row, the same whenever and however it arrived
	Ledger   canonical.Ledger
	Party    int64
	Partner  int64
	Product  int64
	Date     canonical.Date
	DocNo    string
	Lot      string // normalised; empty when the row names none
	Quantity canonical.Quantity
	Kind     canonical.FlowKind
}

// Options bound how far dates may lie from what happened. The zero value means seven days for both.
type Options struct {
	Window    int // days between the two ledgers' rows of one transfer
	Tolerance int // days by which a row may be posted late
}

const defaultDays = 7

func (o Options) window() canonical.Date    { return days(o.Window) }
func (o Options) tolerance() canonical.Date { return days(o.Tolerance) }

func days(n int) canonical.Date {
	if n <= 0 {
		return defaultDays
	}
	return canonical.Date(n)
}

// docRef is the form in which two document numbers are compared.
func docRef(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

func compareID(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) }

func compareLines(a, b Line) int { return cmp.Or(cmp.Compare(a.Date, b.Date), compareID(a.ID, b.ID)) }

func apart(a, b canonical.Date) canonical.Date { return max(a-b, b-a) }
