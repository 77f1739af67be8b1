package sandbox

import (
	"fmt"
	"slices"
	"time"

	"tributary/connectors/sandbox/simsender"
	"tributary/connectors/sandbox/world"
)

// callers are how many patients the support line posts at once.
const callers = 100

// HotlineDeliveries are the patients who called, as the support line posts them.
func HotlineDeliveries(w *world.World) (out []simsender.Delivery) {
	var rows []map[string]any
	for r := range w.Records(world.Hotline) {
		c := r.Customer
		birth := any(nil)
		if !c.BirthDate.IsZero() {
			birth = c.BirthDate.String()
		}
		rows = append(rows, map[string]any{
			"id": r.ID, "updated_at": r.Modified.Format(time.RFC3339), "event": "caller.updated", "name": c.Name, "sex": text(c.Gender), "born": birth, "mobile": first(c.Phones), "hospital": text(c.Organisation), "address": text(fullAddress(c.Address)),
		})
	}
	day := w.Config.Until.Time().Format("20060102")
	for part := range slices.Chunk(rows, callers) {
		out = append(out, simsender.Delivery{ID: fmt.Sprintf("HL-%s-%04d", day, len(out)+1), Rows: part})
	}
	return out
}

const hotlineMap = `entity: customer
key: [id]
source_time: updated_at
fields:
  kind: {const: patient}
  code: id
  name: name
  gender: sex
  birth_date: born
  phones: mobile
  organisation: hospital
  address.text: address
`

// hotline is a support line for patients, whose software posts every caller to the hub.
func hotline() system {
	return system{
		name: string(world.Hotline), connector: "webhook", en: "a support line for patients, which posts its callers (webhook)", zh: "患者支持热线：主动推送来电患者（Webhook）",
		streams: split("callers"), maps: map[string]string{"callers": hotlineMap},
		by: pushing{hotlineSecret, func(s *stage) []simsender.Delivery { return HotlineDeliveries(s.w) }},
		settings: func(*stage) map[string]any {
			return map[string]any{
				"secret":  hotlineSecret,
				"streams": map[string]any{"callers": map[string]any{"key": []any{"id"}, "time": "updated_at", "op": "event", "delete_values": []any{"caller.forgotten"}, "personal": true}},
			}
		},
	}
}
