package hub

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
)

// profile is the configured profile of rules.
func (h *Hub) profile() (*quality.Profile, error) {
	q := h.Config.Quality
	if q.ProfileFile == "" {
		name := q.Profile
		if name == "" {
			name = quality.DefaultProfile
		}
		return quality.LoadProfile(name)
	}
	b, err := os.ReadFile(q.ProfileFile)
	if err != nil {
		return nil, errs.New(errs.Invalid, "quality.bad_profile", errs.Args{"file": q.ProfileFile, "why": err.Error()})
	}
	return quality.ParseProfile(q.ProfileFile, b)
}

// profileOf is the profile that a case was opened under: the configured one, or one that comes with the program. A case
// whose profile is gone goes on under the configured one.
func (h *Hub) profileOf(title string) (*quality.Profile, error) {
	p, err := h.profile()
	if err != nil || p.Title() == title || title == "" {
		return p, err
	}
	name, _, _ := strings.Cut(title, " v")
	if slices.Contains(quality.Profiles(), name) {
		if old, err := quality.LoadProfile(name); err == nil && old.Title() == title {
			return old, nil
		}
	}
	return p, nil
}

// mayHandle refuses the handling of cases to sales: a recall is not led by those who sell.
func (h *Hub) mayHandle() error {
	if h.Actor.Role == CRM {
		return errs.New(errs.Denied, "quality.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	return nil
}

// CaseStep is one line of a case's history.
type CaseStep struct {
	Seq    int64           `json:"seq"`
	At     time.Time       `json:"at"`
	Actor  string          `json:"actor"`
	Kind   string          `json:"kind"` // opened, step, notice, reply, reminder, escalation, reconciled, listed, drill
	Party  string          `json:"party,omitempty"`
	Lot    string          `json:"lot,omitempty"`
	Detail json.RawMessage `json:"detail"`
}

func (h *Hub) history(ctx context.Context, id canonical.ID) ([]CaseStep, error) {
	entries, err := h.DB.CaseEntries(ctx, id)
	out := make([]CaseStep, len(entries))
	for i, e := range entries {
		out[i] = CaseStep{Seq: e.Seq, At: e.At, Actor: e.Actor, Kind: e.Kind, Party: e.Party, Lot: e.Lot, Detail: e.Payload}
	}
	return out, err
}

// stepDetail is what the history keeps of a step.
type stepDetail struct {
	From   quality.State `json:"from,omitempty"`
	To     quality.State `json:"to,omitempty"`
	By     string        `json:"by,omitempty"`
	Reason string        `json:"reason,omitempty"`
	Change any           `json:"change,omitempty"`
}

func jsonOf(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("render a case: %w", err)
	}
	return b, nil
}

// unknownCase says which case a number may have meant.
func (h *Hub) unknownCase(ctx context.Context, kind, number string, err error) error {
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	const looked = 1000
	known, err := h.DB.CaseNumbers(ctx, kind, looked)
	if err != nil {
		return err
	}
	return errs.New(errs.NotFound, "quality.unknown_case", errs.Args{"kind": errs.Word("quality.kind." + kind), "number": number, "near": nearest.Or(number, known, listed(known[:min(3, len(known))]))})
}

// caseNumber makes the number of a new case: C-2026-0001.
func caseNumber(ctx context.Context, tx *store.Tx, prefix string) (string, error) {
	series := fmt.Sprintf("%s-%04d", prefix, quality.Today(tx.Now).Time().Year())
	n, err := tx.NextNumber(ctx, series)
	return fmt.Sprintf("%s-%04d", series, n), err
}

// quantityOf reads a quantity that a person typed; "" is 0. Goods are counted in whole units unless the unit is divisible.
func quantityOf(field, text, unit string) (canonical.Quantity, error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil
	}
	q, err := normalize.Quantity(text)
	if err != nil {
		return 0, errs.New(errs.Invalid, "quality.bad_quantity", errs.Args{"field": field, "value": text, "why": err.Error()})
	}
	if q < 0 {
		return 0, errs.New(errs.Invalid, "quality.negative", errs.Args{"field": field, "value": text})
	}
	if q%canonical.QuantityScale != 0 && unit != "" && !slices.Contains(divisible, strings.ToLower(unit)) {
		return 0, errs.New(errs.Invalid, "quality.broken_quantity", errs.Args{"field": field, "value": text, "unit": unit})
	}
	return q, nil
}

// divisible are base units of which there are parts.
var divisible = []string{"kg", "g", "mg", "l", "ml", "千克", "公斤", "克", "毫克", "升", "毫升"}

// timeOf reads a time that a person typed: RFC 3339, or a date, which is its beginning at +08:00.
func timeOf(field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	d, err := parseDate(field, text)
	if err != nil {
		return time.Time{}, err
	}
	return d.Time().Add(-8 * time.Hour), nil
}
