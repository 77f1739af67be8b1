package hub

import (
	"context"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/store"
	"tributary/trace/finding"
)

// packs checks the packs that a captured event tells of, and those in them: what happens to a case happens to what is
// in it.
func (c *checker) packs(ctx context.Context, mark store.FindingMark, event string) error {
	keys, err := c.hub.DB.EPCISObjects(ctx, event)
	if err != nil {
		return err
	}
	found, met := map[string][]finding.Finding{}, map[string]bool{}
	for level := 0; len(keys) > 0 && level <= maxPackLevels; level++ {
		var inside []string
		for _, key := range keys {
			if met[key] || len(met) >= maxCodeKeys {
				continue
			}
			met[key] = true
			list, children, err := c.pack(ctx, key)
			if err != nil {
				return err
			}
			found[store.CodeFindings(key)] = list
			inside = append(inside, children...)
		}
		keys = inside
	}
	return c.put(ctx, mark, found)
}

// pack checks one pack by its own events and those of what it was in.
func (c *checker) pack(ctx context.Context, key string) (found []finding.Finding, children []string, err error) {
	var answer CodeAnswer
	a := answerer{hub: c.hub, ctx: ctx, out: &answer, lang: "en"}
	code, known := codeOf(key)
	answer.Lot, answer.GTIN, answer.Key = code.Lot, code.GTIN, key
	if err := a.follow(key); err != nil {
		return nil, nil, err
	}
	for _, s := range answer.Children {
		children = append(children, s.Object)
	}
	var seen []finding.Sighting
	for i := range answer.History {
		e := &answer.History[i]
		if e.Wrong {
			continue
		}
		s, err := c.sighting(ctx, e)
		if err != nil {
			return nil, nil, err
		}
		seen = append(seen, s)
	}
	product := ""
	if known {
		sku, ok, err := a.product(&code)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			product = sku.Code
		}
	}
	return finding.OfCode(key, product, answer.Lot, seen), children, nil
}

// codeOf reads the key of an object as a code.
func codeOf(key string) (epcis.Code, bool) {
	for _, text := range []string{key, "https://id.gs1.org/" + key} {
		if code, err := epcis.ParseCode(text); err == nil && code.Key == key {
			return code, true
		}
	}
	return epcis.Code{Key: key}, false
}

// sighting reads an event for the rules. Where it happened is its place, else who received the goods, or let them go.
func (c *checker) sighting(ctx context.Context, e *CodeEvent) (s finding.Sighting, err error) {
	s = finding.Sighting{Event: e.ID, Step: e.BizStep, Returned: e.BizStep == "receiving" && e.Disposition == "returned"}
	if s.Time, err = time.Parse(time.RFC3339Nano, e.Time); err != nil {
		return s, err
	}
	here := append([]string{e.Place}, e.From...)
	if e.BizStep == "receiving" {
		here = append([]string{e.Place}, e.To...)
	}
	if s.At, err = c.spot(ctx, here); err != nil {
		return s, err
	}
	s.To, err = c.spot(ctx, e.To)
	return s, err
}

// spot is the first of the places or parties that leads to a customer.
func (c *checker) spot(ctx context.Context, uris []string) (finding.Spot, error) {
	for _, uri := range uris {
		s, done := c.spots[uri]
		if !done {
			var err error
			if s, err = c.find(ctx, uri); err != nil {
				return s, err
			}
			c.spots[uri] = s
		}
		if s.GoldenID != "" {
			return s, nil
		}
	}
	return finding.Spot{}, nil
}

// find looks a place or party up: by its GLN, or by the code in an address of this hub.
func (c *checker) find(ctx context.Context, uri string) (s finding.Spot, err error) {
	var id canonical.ID
	var ok bool
	if code, own := strings.CutPrefix(uri, c.hub.Config.HTTP.PublicURL+"/party/"); own {
		var hits []canonical.ID
		if hits, err = c.hub.DB.GoldenCalled(ctx, code); err == nil && len(hits) == 1 {
			id, ok = hits[0], true
		}
	} else if key, fault := epcis.ParseIdentifier(uri); fault == nil && (key.Scheme == "sgln" || key.Scheme == "pgln") {
		_, rest, _ := strings.Cut(key.Key, "/")
		gln, _, _ := strings.Cut(rest, "/")
		id, ok, err = c.hub.DB.GoldenByGLN(ctx, gln)
	}
	if err != nil || !ok {
		return s, err
	}
	g, err := c.hub.DB.Golden(ctx, id)
	if err != nil {
		return s, err
	}
	who, err := customerOf(id, g)
	return finding.Spot{Who: finding.Who{GoldenID: who.GoldenID, Code: who.Code, Name: who.Name}, Division: divisionOf(&who), Region: who.Region}, err
}
