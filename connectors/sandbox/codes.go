package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simmsfx"
	"tributary/connectors/sandbox/world"
)

// Enterprises on the platform: the maker, and the distributor that authorised it to see its bills.
const refMaker, refPartner = "REFMAKER", "REFPARTNER"

// platform writes the world's packs as the platform for drug traceability holds them.
type platform struct{ w *world.World }

func (p platform) party(customer int) simmsfx.Party {
	ref := map[int]string{p.w.Maker: refMaker, p.w.Reporting[0]: refPartner}[customer]
	if ref == "" {
		ref = fmt.Sprintf("REF%05d", customer)
	}
	return simmsfx.Party{EntID: fmt.Sprintf("9%05d", customer), RefID: ref, Name: p.w.Customers[customer].Name}
}

// item is goods of one lot with their codes.
func (p platform) item(lot int, packs []world.Pack) simmsfx.Item {
	l := p.w.Lots[lot]
	g := p.w.Products[l.Product]
	out := simmsfx.Item{ProductCode: world.Prefix(l.Product, world.BoxPack), ProdCode: g.Code, Name: g.Name, Spec: g.Spec, Unit: g.Unit, Lot: l.Number, Made: l.Made.String(), Expires: l.Expires.String()}
	for _, pack := range packs {
		out.Codes, out.Packages = append(out.Codes, pack.Code), out.Packages+pack.Boxes
	}
	return out
}

// Bills are the bills that two enterprises uploaded: what the maker made and sent, what the distributor booked in.
func (p platform) bills() (out []simmsfx.Bill) {
	w := p.w
	maker := p.party(w.Maker)
	for lot := range w.Lots {
		if packs := w.Made(lot); packs != nil {
			out = append(out, simmsfx.Bill{Enterprise: refMaker, Code: fmt.Sprintf("SCRK%06d", lot), Type: "101", Time: w.Lots[lot].Released.Time().Add(2 * time.Hour), From: maker, To: maker, Items: []simmsfx.Item{p.item(lot, packs)}})
		}
	}
	sent := map[int]int{} // document → bill
	for i, l := range w.Ledgers.MakerSales {
		packs := w.Packs(i)
		if packs == nil {
			continue
		}
		n, met := sent[l.Doc]
		if !met {
			n = len(out)
			sent[l.Doc] = n
			out = append(out, simmsfx.Bill{Enterprise: refMaker, Code: fmt.Sprintf("XSCK%08d", l.Doc), Type: "201", Time: at(w, l.Day, 700), From: maker, To: p.party(l.Partner)})
		}
		out[n].Items = append(out[n].Items, p.item(l.Lot, packs))
	}
	for _, r := range w.Receipts(0) {
		out = append(out, simmsfx.Bill{Enterprise: refPartner, Code: fmt.Sprintf("CGRK%08d", r.Line.Doc), Type: "102", Time: at(w, r.Line.Day, 900), From: maker, To: p.party(w.Reporting[0]), Items: []simmsfx.Item{p.item(r.Line.Lot, r.Packs)}})
	}
	return out
}

// packs are what the platform knows of codes. What is in a case is on file for one lot, that of the complaint: it was the
// first from a line that reads what it puts into a case.
func (p platform) packs() map[string]simmsfx.Pack {
	out := map[string]simmsfx.Pack{}
	for lot, l := range p.w.Lots {
		cases := 0
		for _, pack := range p.w.Made(lot) {
			known := simmsfx.Pack{Level: pack.Level, Status: "A", Lot: l.Number}
			if pack.Level == world.CasePack && lot == p.w.Complaint.Lot {
				for _, inner := range p.w.Contents(lot, cases) {
					known.Children = append(known.Children, inner.Code)
					out[inner.Code] = simmsfx.Pack{Level: inner.Level, Status: "A", Lot: l.Number}
				}
				cases++
			}
			out[pack.Code] = known
		}
	}
	return out
}

// MsfxBills are the bills of a world.
func MsfxBills(w *world.World) []simmsfx.Bill { return platform{w}.bills() }

// NewMsfx is the platform over a world.
func NewMsfx(w *world.World, now func() time.Time, f *fault.Set) *simmsfx.Server {
	p := platform{w}
	s := simmsfx.New(MsfxPlatform(now, f), p.bills()...)
	s.SetPacks(p.packs())
	return s
}

// MsfxPlatform is the platform without bills.
func MsfxPlatform(now func() time.Time, f *fault.Set) simmsfx.Options {
	return simmsfx.Options{AppKey: msfxKey, Secret: msfxSecret, Enterprises: map[string]string{refMaker: "900001", refPartner: "900002"}, Now: now, Faults: f}
}

// codes is the platform for drug traceability. Its bills say again what the ERP says, so the demo takes its codes alone.
func codes() system {
	return system{
		name: "msfx", connector: "msfx", en: "the traceability platform: codes made, sent, received (码上放心)", zh: "追溯平台：赋码、出库、入库的追溯码（码上放心）",
		streams: split("codes"),
		by:      served{"/msfx", func(s *stage, f *fault.Set) http.Handler { return NewMsfx(s.w, s.now, f) }},
		settings: func(s *stage) map[string]any {
			return map[string]any{"base_url": s.url + "/msfx", "app_key": msfxKey, "app_secret": msfxSecret, "ref_ent_id": refMaker, "partners": []any{refPartner}}
		},
	}
}
