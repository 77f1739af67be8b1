package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simepcis"
	"tributary/connectors/sandbox/world"
)

// partnerURI stands before everything that the partner names.
const partnerURI = "https://epcis.distributor.example/"

// EPCISEvents are the events of the second reporting distributor, which scans packs at its gate: what came from the maker,
// and what left in whole cases.
func EPCISEvents(w *world.World) (out []map[string]any) {
	event := func(l world.Line, minute int, step, disposition, kind string, codes []string) map[string]any {
		when := at(w, l.Day, minute)
		list := make([]any, len(codes))
		for i, c := range codes {
			list[i] = partnerURI + "code/" + c
		}
		return map[string]any{
			"type": "ObjectEvent", "eventID": fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012d", len(out)+1), "eventTime": when.In(zone).Format(time.RFC3339), "eventTimeZoneOffset": "+08:00",
			"recordTime": when.Add(20 * time.Minute).UTC().Format(time.RFC3339), "action": "OBSERVE", "bizStep": step, "disposition": disposition, "epcList": list,
			"readPoint": map[string]any{"id": partnerURI + "gate/1"}, "bizTransactionList": []any{map[string]any{"type": kind, "bizTransaction": fmt.Sprintf("%sbill/%08d", partnerURI, l.Doc)}},
			"dist:lot": w.Lots[l.Lot].Number,
		}
	}
	type arrival struct {
		day  int
		code string
	}
	cases := map[int][]arrival{} // lot → cases in stock, in order of arrival
	for _, r := range w.Receipts(1) {
		var codes []string
		for _, p := range r.Packs {
			codes = append(codes, p.Code)
			if p.Level == world.CasePack {
				cases[r.Line.Lot] = append(cases[r.Line.Lot], arrival{r.Line.Day, p.Code})
			}
		}
		out = append(out, event(r.Line, 840, "receiving", "in_progress", "desadv", codes))
	}
	for _, l := range w.Ledgers.DistributorSales[1] {
		n, have := l.Quantity/w.Products[l.Product].Case, cases[l.Lot]
		if l.Kind != canonical.Sale || n == 0 || l.Quantity%w.Products[l.Product].Case != 0 || len(have) < n || have[n-1].day > l.Day {
			continue // boxes, or cases that came without codes
		}
		var codes []string
		for _, a := range have[:n] {
			codes = append(codes, a.code)
		}
		cases[l.Lot] = have[n:]
		e := event(l, 960, "shipping", "in_transit", "inv", codes)
		e["destinationList"] = []any{map[string]any{"type": "owning_party", "destination": partnerURI + "party/" + world.PartnerCode(1, l.Partner)}}
		out = append(out, e)
	}
	return out
}

// EPCISRepository is the repository without events.
func EPCISRepository(now func() time.Time, f *fault.Set) simepcis.Options {
	return simepcis.Options{Prefix: "/epcis", Client: epcisClient, Secret: epcisSecret, Now: now, Faults: f}
}

// partner is the EPCIS repository of a distributor.
func partner() system {
	return system{
		name: "partner", connector: "epcis", en: "a distributor's repository: packs in, cases out (EPCIS 2.0)", zh: "一家商业公司的事件库：入库、整件出库（EPCIS 2.0）",
		streams: split("events"),
		by: served{"/epcis", func(s *stage, f *fault.Set) http.Handler {
			return simepcis.New(EPCISRepository(s.now, f), EPCISEvents(s.w))
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{"base_url": s.url + "/epcis", "token_url": s.url + "/epcis/oauth/token", "client_id": epcisClient, "client_secret": epcisSecret}
		},
	}
}
