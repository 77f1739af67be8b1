package mapping

import (
	"cmp"
	"fmt"
	"strings"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/internal/errs"
)

// eventSchema is what happened to packs. A row is a whole event of the standard, or gives the fields from which one is
// made; either way it passes the checks of capture.
func eventSchema() *schema {
	return &schema{
		entity: canonical.EntityEvent, make: func() any { return new(epcis.Draft) }, finish: finishEvent,
		fields: []field{
			{path: "event", set: func(v any, text string) *canonical.Issue {
				v.(*epcis.Draft).Event = text // as long as it is
				return nil
			}},
			textField("id", func(d *epcis.Draft) *string { return &d.ID }),
			textField("type", func(d *epcis.Draft) *string { return &d.Type }),
			textField("action", func(d *epcis.Draft) *string { return &d.Action }),
			{path: "time", set: func(v any, text string) *canonical.Issue {
				t, ok := parseTime(text, shanghai)
				if !ok {
					return issue("date", "time", text)
				}
				v.(*epcis.Draft).Time = t
				return nil
			}},
			textField("zone", func(d *epcis.Draft) *string { return &d.Zone }),
			textField("biz_step", func(d *epcis.Draft) *string { return &d.BizStep }),
			textField("disposition", func(d *epcis.Draft) *string { return &d.Disposition }),
			textField("read_point", func(d *epcis.Draft) *string { return &d.ReadPoint }),
			textField("biz_location", func(d *epcis.Draft) *string { return &d.BizLocation }),
			{path: "codes", many: true, set: func(v any, text string) *canonical.Issue {
				d := v.(*epcis.Draft)
				d.Codes = append(d.Codes, text)
				return nil
			}},
			textField("parent", func(d *epcis.Draft) *string { return &d.Parent }),
			textField("class", func(d *epcis.Draft) *string { return &d.Class }),
			quantityField("quantity", func(d *epcis.Draft) *canonical.Quantity { return &d.Quantity }),
			textField("unit", func(d *epcis.Draft) *string { return &d.Unit }),
			lotField("lot", func(d *epcis.Draft) *string { return &d.Lot }),
			dateField("exp_date", func(d *epcis.Draft) *canonical.Date { return &d.Expiry }),
			textField("from", func(d *epcis.Draft) *string { return &d.From }),
			textField("to", func(d *epcis.Draft) *string { return &d.To }),
			textField("document", func(d *epcis.Draft) *string { return &d.Document }),
			textField("document_type", func(d *epcis.Draft) *string { return &d.DocType }),
		},
	}
}

func finishEvent(target any, _ canonical.Ledger) (any, []canonical.Issue) {
	e, faults := target.(*epcis.Draft).Make()
	if len(faults) == 0 {
		return e, nil
	}
	out := make([]canonical.Issue, len(faults))
	for i, f := range faults {
		out[i] = EventIssue(f)
	}
	return (*epcis.Event)(nil), out
}

// EventIssue is a fault of an event as an issue of its row. The field is its place in the event.
func EventIssue(f epcis.Issue) canonical.Issue {
	rule := strings.TrimPrefix(f.Code, "epcis.")
	out := canonical.Issue{Field: cmp.Or(f.Pointer, "event"), Rule: rule, Code: f.Code}
	for name, v := range f.Args {
		word, isWord := v.(errs.Word)
		switch text := fmt.Sprint(v); {
		case isWord:
			out.WhyCode = string(word)
		case name == "value":
			out.Value = text
		case name == "why":
			out.Why = text
		default:
			if out.Args == nil {
				out.Args = map[string]string{}
			}
			out.Args[name] = text
		}
	}
	return out
}
