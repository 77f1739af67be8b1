package finding

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace"
)

// Rule is what was looked for.
type Rule string

// The rules, with the checks of quality work that they carry out.
const (
	SoldBeforeMade   Rule = "sold_before_made"   // B4
	SoldAfterExpiry  Rule = "sold_after_expiry"  // B4
	UnknownLot       Rule = "unknown_lot"        // B4
	NoReleasedLots   Rule = "no_released_lots"   // B4 cannot be checked
	MoreThanReleased Rule = "more_than_released" // B5
	UnitFactor       Rule = "unit_factor"
	LotTypo          Rule = "lot_typo"
	NegativeStock    Rule = "negative_stock"
	LotAsNumber      Rule = "lot_as_number"
	OutOfTerritory   Rule = "out_of_territory" // R1
	NeverReceived    Rule = "never_received"   // R2
	OffChannel       Rule = "off_channel"      // R3
	CodeElsewhere    Rule = "code_elsewhere"   // R4
	LowPrice         Rule = "low_price"        // R5
	CodeSoldAgain    Rule = "code_sold_again"  // R6
)

// Rules lists every rule in the order of the documentation.
func Rules() []Rule {
	return []Rule{SoldBeforeMade, SoldAfterExpiry, UnknownLot, NoReleasedLots, MoreThanReleased, UnitFactor, LotTypo, NegativeStock, LotAsNumber,
		OutOfTerritory, NeverReceived, OffChannel, CodeElsewhere, LowPrice, CodeSoldAgain}
}

// Severity orders findings.
type Severity string

// Severities, the worst first.
const (
	Critical Severity = "critical" // a patient may be at risk, or goods cannot be what they are said to be
	Major    Severity = "major"
	Minor    Severity = "minor" // most likely a slip of the pen
)

// Severities lists them, the worst first.
func Severities() []Severity { return []Severity{Critical, Major, Minor} }

// severityOf is how grave what a rule finds is.
var severityOf = map[Rule]Severity{
	SoldBeforeMade: Major, SoldAfterExpiry: Critical, UnknownLot: Critical, NoReleasedLots: Minor, MoreThanReleased: Critical, UnitFactor: Minor, LotTypo: Minor, NegativeStock: Minor, LotAsNumber: Minor,
	OutOfTerritory: Major, NeverReceived: Major, OffChannel: Major, CodeElsewhere: Major, LowPrice: Minor, CodeSoldAgain: Critical,
}

// Who names a party of a finding.
type Who struct {
	GoldenID string `json:"golden_id"` // empty: its rows are not resolved yet
	Code     string `json:"code"`
	Name     string `json:"name"`
}

func whoOf(c *trace.Customer) Who { return Who{c.GoldenID, c.Code, c.Name} }

// key tells parties apart.
func (w Who) key() string { return cmp.Or(w.GoldenID, "name:"+w.Name) }

// called is how a text calls a party.
func (w Who) called() string { return cmp.Or(w.Name, w.Code, w.GoldenID) }

// Finding is one thing to look at.
type Finding struct {
	ID       canonical.ID      `json:"id"`
	Rule     Rule              `json:"rule"`
	Severity Severity          `json:"severity"`
	Product  string            `json:"product"`
	Lot      string            `json:"lot"`
	Code     string            `json:"code"`    // trace code or other key of a pack
	Party    Who               `json:"party"`   // whom it concerns
	Partner  Who               `json:"partner"` // the other side of a trade
	First    canonical.Date    `json:"first_date"`
	Last     canonical.Date    `json:"last_date"`
	Args     map[string]string `json:"args"` // fill the text
	Rows     []canonical.ID    `json:"rows"` // flow rows it rests on, at most MaxRows of them
	RowCount int               `json:"row_count"`
	Events   []string          `json:"events"`   // captured events it rests on
	Evidence string            `json:"evidence"` // digest of the facts: equal while nothing changes
}

// MaxRows bounds the rows that a finding lists.
const MaxRows = 50

// Text says in a language what was found; Next what to do about it.
func (f *Finding) Text(lang string) string {
	return errs.Fill(errs.Lookup("finding."+string(f.Rule)).In(lang).What, f.args())
}

// Next says what to do about a finding.
func (f *Finding) Next(lang string) string {
	return errs.Fill(errs.Lookup("finding."+string(f.Rule)).In(lang).Next, f.args())
}

func (f *Finding) args() errs.Args {
	out := errs.Args{"product": f.Product, "lot": f.Lot, "code": f.Code, "party": f.Party.called(), "partner": f.Partner.called(),
		"first": dateText(f.First), "last": dateText(f.Last), "rows": f.RowCount}
	for name, value := range f.Args {
		out[name] = value
	}
	return out
}

func dateText(d canonical.Date) string {
	if d.IsZero() {
		return "–"
	}
	return d.String()
}

// fact is a row behind a finding.
type fact struct {
	row      canonical.ID
	date     canonical.Date
	quantity canonical.Quantity
	note     string // what else matters of it: a price, the other lot
	shown    bool   // only to be shown: it is no part of the evidence
}

// build makes a finding of its facts. Names may change without changing the evidence: customers are renamed.
func build(f Finding, facts []fact) Finding {
	f.Severity = cmp.Or(f.Severity, severityOf[f.Rule])
	f.ID = canonical.DeriveID("finding", string(f.Rule), f.Product, f.Lot, f.Party.key(), f.Partner.key(), f.Args["other_lot"])
	if f.Code != "" { // of a pack, whose parties and lot become known by and by
		f.ID = canonical.DeriveID("finding", string(f.Rule), "code", f.Code)
	}
	if f.Args == nil {
		f.Args = map[string]string{}
	}
	slices.SortFunc(facts, func(a, b fact) int {
		return cmp.Or(bytes.Compare(a.row[:], b.row[:]), cmp.Compare(a.date, b.date), cmp.Compare(a.quantity, b.quantity), cmp.Compare(a.note, b.note))
	})
	facts = slices.Compact(facts)
	h := sha256.New()
	for i := range facts {
		x := &facts[i]
		if !x.shown {
			for _, text := range []string{x.row.String(), x.date.String(), x.quantity.String(), x.note} {
				h.Write([]byte(text))
				h.Write([]byte{0})
			}
		}
		if !x.date.IsZero() {
			if f.First.IsZero() || x.date < f.First {
				f.First = x.date
			}
			f.Last = max(f.Last, x.date)
		}
		if x.row.IsZero() {
			continue
		}
		if f.RowCount++; len(f.Rows) < MaxRows {
			f.Rows = append(f.Rows, x.row)
		}
	}
	if f.Rows == nil {
		f.Rows = []canonical.ID{}
	}
	if f.Events == nil {
		f.Events = []string{}
	}
	f.Evidence = hex.EncodeToString(h.Sum(nil)[:16])
	return f
}

// Sort puts findings into the order in which they are shown: the gravest first, then by what they concern.
func Sort(list []Finding) {
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(b.Last, a.Last), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Product, b.Product),
			cmp.Compare(a.Lot, b.Lot), cmp.Compare(a.Party.key(), b.Party.key()), cmp.Compare(a.Partner.key(), b.Partner.key()), bytes.Compare(a.ID[:], b.ID[:]))
	})
}

func (s Severity) rank() int { return slices.Index(Severities(), s) }
