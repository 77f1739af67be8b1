package sandbox

import (
	"net/http"
	"time"

	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simrest"
	"tributary/connectors/sandbox/world"
)

// RegistryRows are the licence holders that an authority publishes.
func RegistryRows(w *world.World) (out []map[string]any) {
	for r := range w.Records(world.Registry) {
		c := r.Customer
		out = append(out, map[string]any{
			"id": r.ID, "updated": r.Modified.UTC().Format(time.DateTime), "gone": 0, "holder": c.Name, "kind": kindWords[c.Kind], "licence": text(c.LicenceNo), "uscc": text(c.USCC),
			"province": text(c.Address.Province), "city": text(c.Address.City), "county": text(c.Address.County), "address": text(c.Address.Text),
		})
	}
	return out
}

const registryMap = `entity: customer
key: [id]
source_time: updated
fields:
  code: id
  name: holder
  kind: kind
  uscc: uscc
  licence_no: licence
  address.province: province
  address.city: city
  address.county: county
  address.text: address
`

// registry is an authority's API, which nobody wrote a connector for: settings and a map describe it.
func registry() system {
	return system{
		name: string(world.Registry), connector: "rest", en: "an authority's register of licences in Zhejiang (any JSON API)", zh: "浙江药品经营许可登记（任意 JSON 接口）",
		streams: split("licences"), maps: map[string]string{"licences": registryMap},
		by: served{"/registry", func(s *stage, f *fault.Set) http.Handler {
			api := simrest.New("token", "header", s.now())
			api.Faults = f
			api.SetRows(RegistryRows(s.w))
			return api
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/registry", "zone": "UTC", "auth": map[string]any{"kind": "header", "header": "X-Key", "token": simrest.Token},
				"streams": map[string]any{"licences": map[string]any{
					"path": "/licences", "method": "POST", "rows": "data.list", "key": []any{"id"}, "time": "updated", "time_format": "yyyy-MM-dd HH:mm:ss", "deleted": "gone",
					"params": map[string]any{"from": "{from}", "to": "{to}", "limit": "{limit}", "token": "{token}"}, "paging": map[string]any{"kind": "token", "next": "data.next"},
				}},
				"errors": map[string]any{
					"ok": "code", "ok_values": []any{"0"}, "message": "msg", "retry": []any{"7"}, "throttle": []any{"~too many"}, "reauth": []any{"401"}, "forbidden": []any{"403"}, "restart": []any{"6"},
				},
			}
		},
	}
}
