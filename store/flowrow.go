package store

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"tributary/canonical"
)

// FlowRow is one row of a ledger on its way in.
type FlowRow struct {
	ID      canonical.ID // from the row's identity (CLI §3)
	Line    canonical.FlowLine
	Hash    [16]byte // HashLine of Line
	Number  int      // row in its file or run
	Version string   // version key of its file or page (rule 6.2); compared byte by byte
	Deleted bool     // the source says that the row is gone
	Key     string   // by which a source that tells deletes by keys knows the row; "" = nothing is asked of it

	partner, billTo *mention // while a sink works on it
	product         *productRef
}

var ledgers = []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage}

var kinds = []canonical.FlowKind{canonical.Sale, canonical.Return, canonical.Transfer, canonical.DropShip, canonical.Used, canonical.Sampled,
	canonical.Destroyed, canonical.Available, canonical.Quarantined, canonical.InTransit}

// LedgerNumber is the stored form of a ledger, from 1; 0 for what is no ledger.
func LedgerNumber(l canonical.Ledger) int { return number(ledgers, l) }

// LedgerOf is the ledger that LedgerNumber stored.
func LedgerOf(n int) canonical.Ledger { return named(ledgers, n) }

// KindNumber is the stored form of a kind of flow row, from 1; 0 for what is no kind.
func KindNumber(k canonical.FlowKind) int { return number(kinds, k) }

// KindOf is the kind that KindNumber stored.
func KindOf(n int) canonical.FlowKind { return named(kinds, n) }

func number[T comparable](all []T, v T) int {
	for i, k := range all {
		if k == v {
			return i + 1
		}
	}
	return 0
}

func named[T any](all []T, n int) T {
	var none T
	if n < 1 || n > len(all) {
		return none
	}
	return all[n-1]
}

// HashLine tells contents of flow lines apart.
func HashLine(l *canonical.FlowLine) [16]byte {
	var space [768]byte
	b := space[:0]
	for _, s := range [...]string{string(l.Ledger), l.DocNo, l.SourceRow, l.Partner.Code, l.Partner.Name, l.Partner.USCC, l.Partner.LicenceNo,
		l.Partner.Address, l.Partner.City, l.Partner.County, l.BillTo.Code, l.BillTo.Name, l.BillTo.USCC, l.BillTo.LicenceNo, l.BillTo.Address,
		l.BillTo.City, l.BillTo.County, l.Product.Code, l.Product.Name, l.Product.Spec, l.Product.ApprovalNo, l.Product.Maker, l.Product.Unit,
		l.Lot, l.LotRaw, l.LotDoubt, string(l.Kind), l.Branch, l.Remark} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	for _, n := range [...]int64{int64(l.Date), int64(l.MfgDate), int64(l.ExpDate), int64(l.Quantity), int64(l.Price), int64(l.Amount)} {
		b = binary.AppendVarint(b, n)
	}
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// VersionKey makes the sortable form of a file version: digits compare as numbers ("v2" < "v10"), and the hash of the
// content settles what the text leaves equal, so that two files never have the same version.
func VersionKey(text string, contentHash []byte) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		if c := text[i]; c < '0' || c > '9' {
			b.WriteByte(c)
			i++
			continue
		}
		start := i
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		digits := strings.TrimLeft(text[start:i], "0")
		b.WriteByte('0' + byte(min(len(digits), 70))) // the length first: longer numbers are larger
		b.WriteString(digits)
	}
	b.WriteByte('~')
	const hex = "0123456789abcdef"
	for _, c := range contentHash[:min(8, len(contentHash))] {
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// SameOrder reports whether two version keys say the same of the order of their files, so that only the content tells
// which is higher.
func SameOrder(a, b string) bool {
	a, _, _ = strings.Cut(a, "~")
	b, _, _ = strings.Cut(b, "~")
	return a == b
}
