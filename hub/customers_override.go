package hub

import (
	"context"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/internal/nearest"
	"tributary/normalize"
	"tributary/pipeline"
	"tributary/store"
)

// Override is a value that a steward gives to a customer.
type Override struct {
	Attribute string    `json:"attribute"`
	Mode      string    `json:"mode"`  // set: in the place of what sources say; add: beside it
	Value     string    `json:"value"` // masked like the attribute
	Actor     string    `json:"actor"`
	Reason    string    `json:"reason"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Overridden is the answer to a change of overrides.
type Overridden struct {
	Customer  canonical.ID `json:"golden_id"`
	Overrides []Override   `json:"overrides"` // in force on the customer now
	Ended     int          `json:"ended"`     // by this command
}

// listSeparator parts the values of a list, as they are shown.
const listSeparator = " / "

// OverrideRequest sets an attribute of a customer whatever its sources say.
type OverrideRequest struct {
	Customer  string
	Attribute string
	Value     string // of a list: values separated by " / "
	Because
}

// OverrideCustomer sets a value that beats those of all sources until it is removed or expires. What lost stays in the
// lineage. The value stays with the customer's records through merges and splits; a later value takes its place.
func (h *Hub) OverrideCustomer(ctx context.Context, req OverrideRequest) (Overridden, error) {
	a, value, err := overrideValue(req.Attribute, req.Value)
	if err != nil {
		return Overridden{}, err
	}
	o := store.Override{Attribute: a.Name, Mode: store.OverrideSet, Value: value}
	return h.override(ctx, req.Customer, req.Because, []store.Override{o}, func(have store.Override) bool {
		return have.Attribute == a.Name && have.Mode == store.OverrideSet
	})
}

// overrideValue reads the value of an attribute that a steward may set.
func overrideValue(attribute, text string) (canonical.Attribute, canonical.Customer, error) {
	var out canonical.Customer
	a, err := overridable(attribute)
	if err != nil {
		return a, out, err
	}
	values := []string{text}
	if a.Many {
		values = strings.Split(text, listSeparator)
	}
	bad := errs.New(errs.Invalid, "override.value", errs.Args{"attribute": a.Name, "value": text})
	for _, v := range values {
		if v = strings.TrimSpace(v); v == "" {
			return a, out, errs.New(errs.Invalid, "override.empty", errs.Args{"attribute": a.Name})
		}
		if len(v) > canonical.MaxText || a.SetText(&out, v) != nil {
			return a, out, bad
		}
	}
	if !validValue(a.Name, strings.TrimSpace(text)) {
		return a, out, bad
	}
	return a, out, nil
}

// RemoveOverride ends what stewards set of an attribute: its sources decide again.
func (h *Hub) RemoveOverride(ctx context.Context, customer, attribute, reason string) (Overridden, error) {
	a, err := overridable(attribute)
	if err != nil {
		return Overridden{}, err
	}
	out, err := h.override(ctx, customer, Because{Reason: reason}, nil, func(have store.Override) bool { return have.Attribute == a.Name })
	if err == nil && out.Ended == 0 {
		err = errs.New(errs.NotFound, "override.none", errs.Args{"customer": customer, "attribute": attribute})
	}
	return out, err
}

// TagCustomer adds tags beside those that sources give.
func (h *Hub) TagCustomer(ctx context.Context, customer string, tags []string, b Because) (Overridden, error) {
	var list []store.Override
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); tag == "" || strings.Contains(tag, listSeparator) {
			return Overridden{}, errs.New(errs.Invalid, "override.value", errs.Args{"attribute": "tags", "value": tag})
		}
		list = append(list, store.Override{Attribute: "tags", Mode: store.OverrideAdd, Value: canonical.Customer{Tags: []string{tag}}})
	}
	return h.override(ctx, customer, orTagged(b), list, func(have store.Override) bool { return isTag(have, tags) })
}

// UntagCustomer takes tags back that stewards gave. Tags of a source stay as long as the source gives them.
func (h *Hub) UntagCustomer(ctx context.Context, customer string, tags []string, b Because) (Overridden, error) {
	out, err := h.override(ctx, customer, orTagged(b), nil, func(have store.Override) bool { return isTag(have, tags) })
	if err == nil && out.Ended == 0 {
		err = errs.New(errs.NotFound, "override.none", errs.Args{"customer": customer, "attribute": "tags"})
	}
	return out, err
}

func isTag(o store.Override, tags []string) bool {
	return o.Attribute == "tags" && o.Mode == store.OverrideAdd && len(o.Value.Tags) == 1 && slices.Contains(tags, o.Value.Tags[0])
}

func orTagged(b Because) Because {
	if b.Reason == "" {
		b.Reason = "tag"
	}
	return b
}

// maxAnchors bounds the records at which an override hangs.
const maxAnchors = 50

// override ends the overrides of a customer that ends selects and puts new ones, and does what belongs to that in the same
// transaction.
func (h *Hub) override(ctx context.Context, customer string, because Because, put []store.Override, ends func(store.Override) bool,
	with ...func(*store.Tx, canonical.ID) error,
) (Overridden, error) {
	var out Overridden
	if err := h.mayDecide(because); err != nil {
		return out, err
	}
	_, err := h.settleWith(ctx, func(unit pipeline.Unit) (err error) {
		if out.Customer, err = h.livingCustomer(ctx, customer); err != nil {
			return err
		}
		members, err := h.membersOf(ctx, []canonical.ID{out.Customer})
		if err != nil {
			return err
		}
		have, err := h.overridesOf(ctx, members[out.Customer])
		if err != nil {
			return err
		}
		var anchors []canonical.RecordKey
		kind := canonical.UnknownParty
		for _, r := range speakers(members[out.Customer]) {
			if len(anchors) < maxAnchors {
				anchors = append(anchors, r.Key)
			}
			kind = r.Customer.Kind
		}
		for i := range put {
			o := &put[i]
			if k := o.Value.Kind; k != "" && (!slices.Contains(canonical.CustomerKinds(), k) || dedupe.TypeOf(k) != dedupe.TypeOf(kind)) {
				return errs.New(errs.Invalid, "override.value", errs.Args{"attribute": "kind", "value": string(k)})
			}
			o.Actor, o.Reason, o.ExpiresAt, o.Anchors, o.Personal = h.Actor.Name, strings.TrimSpace(because.Reason), because.Until, anchors, kind.Person()
		}
		return unit(func(tx *store.Tx) error {
			for _, do := range with {
				if err := do(tx, out.Customer); err != nil {
					return err
				}
			}
			for _, o := range have {
				if !ends(o) {
					continue
				}
				out.Ended++
				if err := tx.EndOverride(ctx, o.ID, h.Actor.Name, because.Reason); err != nil {
					return err
				}
				if err := h.auditOverride(ctx, tx, out.Customer, "customer.override.ended", o.Attribute, because.Reason); err != nil {
					return err
				}
			}
			for i := range put {
				o := &put[i]
				if o.ID, err = tx.NewID(); err != nil {
					return err
				}
				o.CreatedAt = tx.Now
				if err := tx.PutOverride(ctx, o); err != nil {
					return err
				}
				if err := h.auditOverride(ctx, tx, out.Customer, "customer.override.set", o.Attribute, because.Reason); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return out, err
	}
	out.Overrides, err = h.shownOverrides(ctx, out.Customer, false)
	return out, err
}

// auditOverride names the attribute, never the value: it may be personal.
func (h *Hub) auditOverride(ctx context.Context, tx *store.Tx, id canonical.ID, action, attribute, reason string) error {
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: action, Subject: id.String(), Reason: reason, Body: map[string]string{"attribute": attribute}})
}

// overridesOf are the overrides in force that belong to the customer of these records.
func (h *Hub) overridesOf(ctx context.Context, members []store.CustomerRecord) ([]store.Override, error) {
	keys := make([]canonical.RecordKey, len(members))
	for i, r := range members {
		keys[i] = r.Key
	}
	found, err := h.DB.OverridesOf(ctx, keys, store.Micros(h.Now()))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var anchors []canonical.RecordKey
	for _, o := range found {
		anchors = append(anchors, o.Anchors...)
	}
	living, err := h.DB.CustomersByKey(ctx, anchors)
	return slices.DeleteFunc(found, func(o store.Override) bool {
		first := slices.IndexFunc(o.Anchors, func(k canonical.RecordKey) bool { return living[k] != 0 })
		return first < 0 || !belongs(members, o.Anchors[first])
	}), err
}

func (h *Hub) shownOverrides(ctx context.Context, id canonical.ID, clear bool) ([]Override, error) {
	members, err := h.membersOf(ctx, []canonical.ID{id})
	if err != nil {
		return nil, err
	}
	have, err := h.overridesOf(ctx, members[id])
	out := make([]Override, len(have))
	for i, o := range have {
		value := o.Value
		if !clear {
			if o.Personal && value.Kind == "" {
				value.Kind = members[id][0].Customer.Kind // decides what is masked
			}
			value = pipeline.Masked(value)
		}
		a, _ := canonical.CustomerAttribute(o.Attribute) // was checked when it was set
		out[i] = Override{Attribute: o.Attribute, Mode: o.Mode, Value: a.Text(&value), Actor: o.Actor, Reason: o.Reason, CreatedAt: o.CreatedAt, ExpiresAt: o.ExpiresAt}
	}
	return out, err
}

// overridable finds an attribute that a steward may set.
func overridable(name string) (canonical.Attribute, error) {
	a, ok := canonical.CustomerAttribute(name)
	if ok && name != "custom" {
		return a, nil
	}
	var known []string
	for _, a := range canonical.CustomerAttributes() {
		if a.Name != "custom" {
			known = append(known, a.Name)
		}
	}
	return a, errs.New(errs.Invalid, "override.attribute", errs.Args{"attribute": name, "near": nearest.Or(name, known, strings.Join(known, ", "))})
}

// validValue refuses identifiers whose check digits are wrong: they would never be believed from a source either.
func validValue(attribute, value string) bool {
	switch attribute {
	case "uscc":
		return normalize.USCC(value).Valid
	case "national_id":
		return normalize.ResidentID(value).Valid
	}
	return true
}
