package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace"
	"tributary/trace/flow"
)

// EPCISExportRequest is `tributary epcis export`.
type EPCISExportRequest struct {
	Product string
	Lots    []string
	File    string
	// Corrections adds what was known before and is known better now, declared wrong: for readers of earlier exports.
	Corrections bool
}

// EPCISExportReport is what an export wrote.
type EPCISExportReport struct {
	File   string `json:"file"`
	Events int    `json:"events"`
}

// ExportEPCIS writes the history of lots to a file.
func (h *Hub) ExportEPCIS(ctx context.Context, req EPCISExportRequest) (EPCISExportReport, error) {
	r := EPCISExportReport{File: req.File}
	body, err := h.composeLots(ctx, req.Product, req.Lots, req.Corrections)
	if err != nil {
		return r, err
	}
	doc := epcis.Parse(body)
	if faults := doc.Faults(); len(faults) > 0 {
		return r, errs.New(errs.Internal, "epcis.refused", errs.Args{"file": req.File, "count": len(faults), "why": faults})
	}
	r.Events = len(doc.Events)
	if err := os.WriteFile(req.File, body, 0o640); err != nil {
		return r, errs.New(errs.Invalid, "epcis.not_writable", errs.Args{"file": req.File, "why": reasonOf(err)})
	}
	return r, nil
}

// reasonOf is why a file could not be used, without its name.
func reasonOf(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// EPCISOfLots writes the history of lots of a product as an EPCIS 2.0 document, without persons. An unknown product or lot
// is an error that names the nearest known ones.
func (h *Hub) EPCISOfLots(ctx context.Context, product string, lots ...string) ([]byte, error) {
	return h.composeLots(ctx, product, lots, false)
}

func (h *Hub) composeLots(ctx context.Context, product string, lots []string, corrections bool) ([]byte, error) {
	sku, err := h.product(ctx, product)
	if err != nil {
		return nil, err
	}
	l := h.lotLoader(sku, store.Known{})
	var out []epcis.Lot
	var places []epcis.Place
	for _, text := range lots {
		lot, _ := normalize.Lot(text)
		data, found, err := l.load(ctx, lot, canonical.NoDate)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, h.unknownLot(ctx, sku, text, lot)
		}
		var closed []store.ClosedLotMovement
		if corrections {
			if closed, err = l.closed(ctx, lot); err != nil {
				return nil, err
			}
		}
		more, err := h.places(ctx, l.parties[len(places):])
		if err != nil {
			return nil, err
		}
		places = append(places, more...)
		history := lotHistory(&data, places)
		for _, c := range closed {
			for _, m := range trace.Gather(lot, []canonical.Movement{c.Movement}, nil, l.place) {
				history.Closed = append(history.Closed, epcis.Closed{Flow: told(&m, places), Until: c.Until, By: c.By})
			}
		}
		out = append(out, history)
	}
	return epcis.Compose(out, events.Source(h.Config.Company.Code), h.Config.HTTP.PublicURL, h.Now())
}

// closed reads how the movements of a lot were known before, and makes their parties known.
func (l *lotLoader) closed(ctx context.Context, lot string) ([]store.ClosedLotMovement, error) {
	list, err := l.hub.DB.ClosedLotMovements(ctx, l.sku.ID, lot)
	if err != nil {
		return nil, err
	}
	moves := make([]canonical.Movement, len(list))
	for i := range list {
		moves[i] = list[i].Movement
	}
	return list, l.meet(ctx, moves, nil)
}

// places is how exports name parties.
func (h *Hub) places(ctx context.Context, parties []trace.Party) ([]epcis.Place, error) {
	out := make([]epcis.Place, len(parties))
	at := map[canonical.ID]int{}
	var ids []canonical.ID
	for i, p := range parties {
		c := p.Customer
		out[i] = epcis.Place{Kind: canonical.CustomerKind(c.Kind), Code: c.Code}
		if out[i].Code == "" {
			out[i].Code = c.GoldenID
		}
		if id, err := canonical.ParseID(c.GoldenID); err == nil {
			at[id] = i
			ids = append(ids, id)
		}
	}
	goldens, err := h.DB.GoldensBrief(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, g := range goldens {
		if g.Kind.Person() || len(g.Payload) == 0 {
			continue
		}
		var payload store.GoldenPayload
		if err := json.Unmarshal(g.Payload, &payload); err != nil {
			return nil, fmt.Errorf("golden record %s: %w", id, err)
		}
		out[at[id]].GLN = payload.Customer.GLN
	}
	return out, nil
}

// lotHistory puts the movements of a lot into the form in which they are told.
func lotHistory(d *trace.Data, places []epcis.Place) epcis.Lot {
	out := epcis.Lot{Product: d.Product, Lot: d.Lot, Maker: places[d.Maker], Released: d.Lot.Quantity > 0}
	for i := range d.Moves {
		out.Flows = append(out.Flows, told(&d.Moves[i], places))
	}
	for _, s := range d.Holdings {
		if s.Named {
			out.Stock = append(out.Stock, epcis.Holding{At: places[s.Party], Date: s.Date, Sellable: s.Available, Quarantined: s.Quarantined})
		}
	}
	return out
}

// told is a movement by what each side booked.
func told(m *trace.Move, places []epcis.Place) epcis.Flow {
	f := epcis.Flow{Movement: m.ID, Kind: m.Kind, Date: m.Date, DocNo: m.DocNo, From: places[m.From], Seller: places[m.From],
		Grade: m.Grade, Attributed: !m.Named, Low: m.Low, High: m.High}
	if m.To != flow.Nobody {
		f.To = places[m.To]
	}
	seller, buyer := &f.Sent, &f.Received
	if m.Kind == canonical.Return {
		seller, buyer = buyer, seller
		f.Seller = f.To
	}
	if m.Match != "buyer_only" {
		*seller = m.Point
	}
	switch m.Match {
	case "match", "buyer_only":
		*buyer = m.Point
	case "qty_diff":
		if *buyer = m.Point; m.Named {
			*buyer += m.Difference
		}
	}
	return f
}
