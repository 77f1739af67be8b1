package hub

import (
	"context"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/store"
)

// MonthSelection selects books: a month, and the parties and ledgers. Empty fields select all.
type MonthSelection struct {
	Month  string // yyyy-MM
	Party  string // code or name of a reporting party
	Ledger string
	State  string
	Lang   string
}

// PartyRef is a reporting party: the key of its ledgers, and the customer it is.
type PartyRef struct {
	Key      string `json:"key"`
	Name     string `json:"name"`
	GoldenID string `json:"golden_id"` // "" while it is not resolved
}

// MonthView is where the book of a party's ledger stands in a month.
type MonthView struct {
	Party     PartyRef             `json:"party"`
	Ledger    canonical.Ledger     `json:"ledger"`
	Month     string               `json:"month"`
	State     canonical.MonthState `json:"state"`
	Rows      int64                `json:"rows"`       // of its date, as they are now
	ClosedAt  *time.Time           `json:"closed_at"`  // null while it is not
	ChangedAt *time.Time           `json:"changed_at"` // null while nobody moved it on
	ChangedBy string               `json:"changed_by"`
	Reason    string               `json:"reason"`

	key store.MonthKey
}

// MonthList is the JSON of `month list`.
type MonthList struct {
	Months []MonthView `json:"months"`
}

// MonthFigure is a sum of a month's book.
type MonthFigure struct {
	Product    string             `json:"product"` // code; "" = not found
	Name       string             `json:"name"`    // as the party says it
	Unit       string             `json:"unit"`    // the party's own
	Lot        string             `json:"lot"`
	Kind       canonical.FlowKind `json:"kind"`
	Rows       int64              `json:"rows"`
	Quantity   canonical.Quantity `json:"quantity"`      // in the party's own unit
	Base       string             `json:"base_quantity"` // in the product's base unit; "" = not found
	Correction bool               `json:"correction"`    // of earlier months, booked in this one
}

// MonthReport is the JSON of `month show`.
type MonthReport struct {
	MonthView
	Figures     []MonthFigure    `json:"figures"`     // as closed, or as they stand
	Corrections []CorrectionView `json:"corrections"` // of this month's rows, booked in later months
	Waits       []MonthIssue     `json:"waits"`       // what has to be explained before it is sealed
}

// CorrectionView is half of a change of a closed month.
type CorrectionView struct {
	ID          string                    `json:"correction_id"`
	Party       PartyRef                  `json:"party"`
	Ledger      canonical.Ledger          `json:"ledger"`
	RealMonth   string                    `json:"real_month"`
	BookedMonth string                    `json:"booked_month"`
	Sign        string                    `json:"sign"` // - what the row said, + what it says
	Date        canonical.Date            `json:"date"`
	DocNo       string                    `json:"doc_no"`
	Product     string                    `json:"product"` // code, or as the party says it
	Lot         string                    `json:"lot"`
	Kind        canonical.FlowKind        `json:"kind"`
	Quantity    canonical.Quantity        `json:"quantity"` // in the party's own unit, with the sign
	Class       canonical.CorrectionClass `json:"class"`
	ClassNo     int                       `json:"class_no"`
	Reason      string                    `json:"reason"`
	ExplainedBy string                    `json:"explained_by"`
	RunID       string                    `json:"run_id"`
	RecordedAt  time.Time                 `json:"recorded_at"`
	Undone      bool                      `json:"undone"` // its month was opened again
}

// CorrectionList is the JSON of `month corrections`.
type CorrectionList struct {
	Corrections []CorrectionView `json:"corrections"`
}

// books answers for the reporting parties of one question.
type books struct {
	*Hub
	byRecord map[int64]store.Reporter
	chosen   []int64 // records; empty: all
	ledger   canonical.Ledger
	month    string
	lang     string
	mentions map[int64]store.ProductMention
	codes    map[int64]string // of products
	gaps     *monthGaps
}

// books checks a selection.
func (h *Hub) books(ctx context.Context, s MonthSelection) (*books, error) {
	b := &books{Hub: h, byRecord: map[int64]store.Reporter{}, ledger: canonical.Ledger(s.Ledger), month: s.Month, lang: s.Lang,
		mentions: map[int64]store.ProductMention{}, codes: map[int64]string{}}
	all := []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage}
	if s.Ledger != "" && !slices.Contains(all, b.ledger) {
		return nil, errs.New(errs.Invalid, "month.ledger", errs.Args{"ledger": s.Ledger})
	}
	if s.Month != "" {
		if _, _, err := canonical.MonthSpan(s.Month); err != nil {
			return nil, errs.New(errs.Invalid, "month.bad", errs.Args{"month": s.Month})
		}
	}
	if s.State != "" && canonical.MonthState(s.State).Rank() < 0 {
		return nil, errs.New(errs.Invalid, "month.state", errs.Args{"state": s.State, "states": monthWords()})
	}
	list, err := h.DB.Reporters(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range list {
		b.byRecord[r.Record] = r
		names = append(names, r.Key, r.Name)
	}
	if s.Party == "" {
		return b, nil
	}
	party, err := h.DB.FindParty(ctx, s.Party)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.Key == party.Key || r.Golden.String() == s.Party {
			b.chosen = append(b.chosen, r.Record)
		}
	}
	if len(b.chosen) == 0 {
		return nil, errs.New(errs.NotFound, "month.unknown_party", errs.Args{"party": s.Party, "near": nearest.Or(s.Party, names, "—")})
	}
	return b, nil
}

func monthWords() string {
	var words []string
	for _, s := range canonical.MonthStates() {
		words = append(words, string(s))
	}
	return strings.Join(words, ", ")
}

func (b *books) party(record int64) PartyRef {
	r := b.byRecord[record]
	ref := PartyRef{Key: r.Key, Name: r.Name}
	if !r.Golden.IsZero() {
		ref.GoldenID = r.Golden.String()
	}
	return ref
}

func (b *books) view(m store.Month) MonthView {
	return MonthView{Party: b.party(m.Party), Ledger: m.Ledger, Month: m.Month, State: m.State, Rows: m.Lines, ClosedAt: timeOrNil(m.ClosedAt),
		ChangedAt: timeOrNil(m.ChangedAt), ChangedBy: m.ChangedBy, Reason: m.Reason, key: m.MonthKey}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// selected lists the books that have rows or a state; a party and a ledger that are named are listed without them too.
func (b *books) selected(ctx context.Context) ([]store.Month, error) {
	list, err := b.DB.MonthsOf(ctx, b.chosen, b.ledger, b.month)
	if err == nil && len(list) == 0 && len(b.chosen) == 1 && b.ledger != "" && b.month != "" {
		list = []store.Month{{MonthKey: store.MonthKey{Party: b.chosen[0], Ledger: b.ledger, Month: b.month}, State: canonical.MonthOpen}}
	}
	return list, err
}

// Months lists where books stand.
func (h *Hub) Months(ctx context.Context, s MonthSelection) (MonthList, error) {
	out := MonthList{Months: []MonthView{}}
	b, err := h.books(ctx, s)
	if err != nil {
		return out, err
	}
	list, err := b.selected(ctx)
	for _, m := range list {
		if s.State == "" || string(m.State) == s.State {
			out.Months = append(out.Months, b.view(m))
		}
	}
	return out, err
}

// ShowMonth shows one book whole: its figures, how it was corrected since it was closed, and what a seal waits for.
func (h *Hub) ShowMonth(ctx context.Context, s MonthSelection) (MonthReport, error) {
	b, err := h.books(ctx, s)
	if err != nil {
		return MonthReport{}, err
	}
	if len(b.chosen) != 1 || b.ledger == "" || b.month == "" {
		return MonthReport{}, errs.New(errs.Invalid, "month.one_book", nil)
	}
	k := store.MonthKey{Party: b.chosen[0], Ledger: b.ledger, Month: b.month}
	m, err := h.DB.MonthOf(ctx, k)
	if err != nil {
		return MonthReport{}, err
	}
	r := MonthReport{MonthView: b.view(m), Figures: []MonthFigure{}, Waits: []MonthIssue{}}
	figures, err := h.DB.Figures(ctx, k)
	if err != nil {
		return r, err
	}
	if r.Figures, err = b.figures(ctx, figures); err != nil {
		return r, err
	}
	corrections, err := h.DB.Corrections(ctx, store.CorrectionQuery{Party: k.Party, Ledger: k.Ledger, Real: k.Month})
	if err != nil {
		return r, err
	}
	if r.Corrections, err = b.corrections(ctx, corrections); err != nil {
		return r, err
	}
	if m.State == canonical.MonthClosed {
		r.Waits, err = b.waits(ctx, h.DB, k)
	}
	return r, err
}

// Corrections lists the corrections of the rows of closed months, oldest first.
func (h *Hub) Corrections(ctx context.Context, s MonthSelection, unexplained bool) (CorrectionList, error) {
	out := CorrectionList{Corrections: []CorrectionView{}}
	b, err := h.books(ctx, s)
	if err != nil {
		return out, err
	}
	q := store.CorrectionQuery{Ledger: b.ledger, Real: b.month, Unexplained: unexplained, Undone: !unexplained}
	if len(b.chosen) == 1 {
		q.Party = b.chosen[0]
	}
	list, err := h.DB.Corrections(ctx, q)
	if err != nil {
		return out, err
	}
	out.Corrections, err = b.corrections(ctx, list)
	return out, err
}

// know reads what parties call their products, and the products' codes.
func (b *books) know(ctx context.Context, mentions, products []int64) error {
	var missing []int64
	for _, id := range mentions {
		if _, known := b.mentions[id]; !known && !slices.Contains(missing, id) {
			missing = append(missing, id)
		}
	}
	list, err := b.DB.ProductMentions(ctx, missing)
	if err != nil {
		return err
	}
	for _, m := range list {
		b.mentions[m.ID] = m
		products = append(products, m.Found.Product)
	}
	slices.Sort(products)
	skus, err := b.DB.Products(ctx, slices.Compact(products))
	for id, sku := range skus {
		b.codes[id] = sku.Code
	}
	return err
}

func (b *books) figures(ctx context.Context, list []store.Figure) ([]MonthFigure, error) {
	mentions, products := make([]int64, len(list)), make([]int64, len(list))
	for i, f := range list {
		mentions[i], products[i] = f.Mention, f.Found.Product
	}
	if err := b.know(ctx, mentions, products); err != nil {
		return nil, err
	}
	out := make([]MonthFigure, len(list))
	for i, f := range list {
		m := b.mentions[f.Mention]
		out[i] = MonthFigure{Product: b.codes[f.Found.Product], Name: m.Name, Unit: m.Unit, Lot: f.Lot, Kind: f.Kind, Rows: f.Rows, Quantity: f.Quantity, Correction: f.Correction}
		if f.Found.Product != 0 {
			if q, err := f.Found.BaseUnits(f.Quantity); err == nil {
				out[i].Base = q.String()
			}
		}
	}
	return out, nil
}

func (b *books) corrections(ctx context.Context, list []store.Correction) ([]CorrectionView, error) {
	mentions := make([]int64, len(list))
	for i, c := range list {
		mentions[i] = c.Mention
	}
	if err := b.know(ctx, mentions, nil); err != nil {
		return nil, err
	}
	out := make([]CorrectionView, len(list))
	for i, c := range list {
		sign := "+"
		if c.Sign < 0 {
			sign = "-"
		}
		out[i] = CorrectionView{ID: c.ID.String(), Party: b.party(c.Party), Ledger: c.Ledger, RealMonth: c.RealMonth, BookedMonth: c.BookedMonth, Sign: sign,
			Date: c.Date, DocNo: c.DocNo, Product: b.productWord(c.Mention), Lot: c.Lot, Kind: c.Kind, Quantity: c.Signed(), Class: c.Class, ClassNo: int(c.Class),
			Reason: c.Reason, ExplainedBy: c.ExplainedBy, RunID: c.Run.String(), RecordedAt: c.RecordedAt, Undone: !c.UndoneAt.IsZero()}
	}
	return out, nil
}

// productWord is a product's code, else what the party calls it.
func (b *books) productWord(mention int64) string {
	m := b.mentions[mention]
	return or(b.codes[m.Found.Product], or(m.Name, m.Code))
}
