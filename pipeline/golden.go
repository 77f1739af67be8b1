package pipeline

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/events"
	"tributary/store"
)

// RenderGolden is a golden record as the outside sees it: the event of the golden topic (masked) and the JSON of
// `customers show`. from are the affiliations of others to it, which the stored record does not hold; events leave them
// out.
func RenderGolden(g *store.Golden, from []events.GoldenAffiliation, mask bool) events.GoldenValue {
	var p store.GoldenPayload
	if len(g.Payload) > 0 {
		// Written by the resolver and opened under its key: it can be read.
		_ = json.Unmarshal(g.Payload, &p)
	}
	c := p.Customer
	if mask {
		c = Masked(c)
	}
	v := events.GoldenValue{
		GoldenID: g.ID, Status: g.Status, Kind: g.Kind, Name: c.Name, Aliases: c.Aliases, Identifiers: map[string]string{}, Division: c.Address.Division,
		Address: c.Address, Phones: c.Phones, Emails: c.Emails, Attributes: map[string]string{}, Tags: c.Tags, Completeness: g.Completeness,
		Sources: p.Sources, Affiliations: slices.Clone(from), UpdatedAt: g.UpdatedAt,
	}
	if g.Code != "" {
		v.Attributes["company_code"] = g.Code
	}
	for _, a := range canonical.CustomerAttributes() {
		switch {
		case slices.Contains(ownFields, a.Name) || !a.IsSet(&c):
		case a.Group == "identifiers":
			v.Identifiers[a.Name] = a.Text(&c)
		case a.Name == "custom":
			for k, field := range c.Custom {
				if _, taken := v.Attributes[k]; !taken {
					v.Attributes[k] = field
				}
			}
		default:
			v.Attributes[a.Name] = a.Text(&c)
		}
	}
	for _, a := range p.Affiliations {
		v.Affiliations = append(v.Affiliations, events.GoldenAffiliation{
			GoldenID: a.Golden, Name: a.Name, Direction: "to", Role: a.Role, Department: a.Department, Primary: a.Primary,
		})
	}
	return v.Filled()
}

// CompletenessOf measures a golden record as it is stored.
func CompletenessOf(g *store.Golden) dedupe.Completeness {
	var p store.GoldenPayload
	if len(g.Payload) > 0 {
		_ = json.Unmarshal(g.Payload, &p) // as in RenderGolden
	}
	return dedupe.Complete(&p.Customer)
}

// ownFields have a field of their own in the outside form.
var ownFields = []string{"kind", "name", "aliases", "address", "phones", "emails", "tags"}

// Masked hides what only some roles may see: personal fields of everyone, the name and street of patients, and what
// sources added about patients. A copy is returned.
func Masked(c canonical.Customer) canonical.Customer {
	out := c
	for _, a := range canonical.CustomerAttributes() {
		if !a.Personal || !a.IsSet(&c) {
			continue
		}
		switch v := a.Get(&c).(type) {
		case string:
			a.Unset(&out)
			_ = a.SetText(&out, MaskText(v)) // cannot fail on a text
		case []string:
			a.Unset(&out)
			for _, one := range v {
				_ = a.SetText(&out, MaskText(one))
			}
		default:
			a.Unset(&out) // a birth date or home address has no masked form
		}
	}
	if c.Kind == canonical.Patient {
		out.Name, out.ShortName, out.Aliases, out.FormerNames = MaskName(c.Name), "", nil, nil
		out.Address.Text, out.Address.Postcode = "", ""
		out.Custom = nil
		out.Feedback = ""
	}
	return out
}

// MaskText keeps the ends of a longer value: 138****1111, a***@example.com.
func MaskText(s string) string {
	if name, domain, mail := strings.Cut(s, "@"); mail {
		return firstRune(name) + "***@" + domain
	}
	r := []rune(s)
	switch n := len(r); {
	case n >= 11:
		return string(r[:3]) + strings.Repeat("*", n-7) + string(r[n-4:])
	case n >= 7:
		return string(r[:2]) + strings.Repeat("*", n-4) + string(r[n-2:])
	}
	return MaskName(s)
}

// MaskName keeps the first character: 王**.
func MaskName(s string) string {
	n := utf8.RuneCountInString(s)
	if n == 0 {
		return ""
	}
	return firstRune(s) + strings.Repeat("*", max(n-1, 1))
}

func firstRune(s string) string {
	_, size := utf8.DecodeRuneInString(s)
	return s[:size]
}
