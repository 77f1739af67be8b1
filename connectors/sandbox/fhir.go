package sandbox

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfhir"
	"tributary/connectors/sandbox/world"
)

// fhirKey is the key that the sandbox's server knows; it lives as long as the process.
var fhirKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) })

// FHIRKey is a private key in PEM form, and its public half.
func FHIRKey() (string, crypto.PublicKey, error) {
	key, err := fhirKey()
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), &key.PublicKey, nil
}

func fhirResource(typ, id string, at time.Time, more map[string]any) map[string]any {
	out := map[string]any{"resourceType": typ, "id": id, "meta": map[string]any{"versionId": "1", "lastUpdated": at.In(zone).Format("2006-01-02T15:04:05.000-07:00")}}
	for k, v := range more {
		if v != nil {
			out[k] = v
		}
	}
	return out
}

func coded(system, code, display string) map[string]any {
	return map[string]any{"text": display, "coding": []any{map[string]any{"system": "urn:other", "display": display}, map[string]any{"system": system, "code": code, "display": display}}}
}

// FHIRTypes is what a system knows of hospitals, clinics and doctors, and what the hospital's pharmacy handed out. Lots
// stand in medication that is contained, or referred to.
func FHIRTypes(w *world.World, sys world.System) []*simfhir.Type {
	accounts, contacts, _ := salesForce(w, sys)
	organisations := func() (out []map[string]any) {
		for _, n := range accounts {
			r := w.Record(sys, n)
			c := r.Customer
			if c.Kind != canonical.Hospital && c.Kind != canonical.Clinic {
				continue
			}
			identifiers := []any{map[string]any{"system": "urn:internal", "value": r.ID}}
			if c.USCC != "" {
				identifiers = append(identifiers, map[string]any{"system": "urn:oid:2.16.156.10011", "value": c.USCC})
			}
			out = append(out, fhirResource("Organization", r.ID, r.Modified, map[string]any{
				"name": c.Name, "active": true, "identifier": identifiers, "type": []any{coded("urn:kind", "prov", kindWords[c.Kind])}, "telecom": telecom(c.Phones),
				"address": []any{map[string]any{"state": c.Address.Province, "city": c.Address.City, "district": c.Address.County, "text": c.Address.Text}},
			}))
		}
		return out
	}
	practitioners := func() (out []map[string]any) {
		for i, n := range contacts {
			r := w.Record(sys, n)
			c := r.Customer
			name := map[string]any{"use": "official", "text": c.Name}
			if runes := []rune(c.Name); i%3 == 0 && len(runes) > 1 {
				name = map[string]any{"use": "official", "family": string(runes[:1]), "given": []any{string(runes[1:])}}
			}
			out = append(out, fhirResource("Practitioner", r.ID, r.Modified, map[string]any{
				"name": []any{name}, "gender": map[string]any{"男": "male", "女": "female"}[c.Gender], "telecom": telecom(c.Phones), "qualification": []any{map[string]any{"code": map[string]any{"text": c.Title}}},
			}))
		}
		return out
	}
	roles := func() (out []map[string]any) {
		for _, n := range contacts {
			r := w.Record(sys, n)
			if r.Customer.OrganisationID == "" {
				continue
			}
			out = append(out, fhirResource("PractitionerRole", "R"+r.ID, r.Modified, map[string]any{
				"active": true, "practitioner": map[string]any{"reference": "Practitioner/" + r.ID}, "organization": map[string]any{"reference": "https://emr.example/fhir/Organization/" + r.Customer.OrganisationID + "/_history/3"},
				"code": []any{coded("urn:role", "doctor", "医生")}, "specialty": []any{coded("urn:specialty", "x", r.Customer.Department)}, "period": map[string]any{"start": w.From().String()},
			}))
		}
		return out
	}
	medication := func(product, lot int, id string) map[string]any {
		p, l := w.Products[product], w.Lots[lot]
		return map[string]any{"resourceType": "Medication", "id": id, "code": coded("urn:product", p.Code, p.Name), "manufacturer": map[string]any{"display": w.Customers[w.Maker].Name},
			"batch": map[string]any{"lotNumber": l.Number, "expirationDate": l.Expires.String()}}
	}
	medications := func() (out []map[string]any) {
		for i, l := range w.Lots {
			m := medication(l.Product, i, "M"+fmt.Sprint(i))
			m["meta"] = map[string]any{"lastUpdated": l.Released.Time().UTC().Format(time.RFC3339)}
			out = append(out, m)
		}
		return out
	}
	dispenses := func() (out []map[string]any) {
		for n, l := range w.Ledgers.HospitalUse {
			at := w.From().AddDays(l.Day).Time().Add(time.Duration(n%400) * time.Minute)
			d := fhirResource("MedicationDispense", fmt.Sprintf("D%06d", n), at, map[string]any{
				"status": "completed", "subject": map[string]any{"reference": "Patient/P" + fmt.Sprint(n), "display": "患者" + fmt.Sprint(n)}, "whenHandedOver": at.In(zone).Format(time.RFC3339),
				"identifier": []any{map[string]any{"value": fmt.Sprintf("FY%08d", n)}}, "quantity": map[string]any{"value": json.Number(fmt.Sprint(l.Quantity) + ".0"), "unit": w.Products[l.Product].Unit}, "location": map[string]any{"display": "门诊药房"},
			})
			switch {
			case !l.NoLot && n%2 == 0:
				d["contained"] = []any{medication(l.Product, l.Lot, "med1"), map[string]any{"resourceType": "Patient", "id": "pat1", "name": []any{map[string]any{"text": "患者" + fmt.Sprint(n)}}}}
				d["medicationReference"] = map[string]any{"reference": "#med1"}
			case !l.NoLot:
				d["medicationReference"] = map[string]any{"reference": fmt.Sprint("Medication/M", l.Lot)}
			default:
				p := w.Products[l.Product]
				d["medicationCodeableConcept"] = coded("urn:product", p.Code, p.Name)
			}
			out = append(out, d)
			if n%50 == 49 { // a second one, taken back
				slip := maps.Clone(d)
				slip["id"], slip["status"] = fmt.Sprintf("E%06d", n), "entered-in-error"
				out = append(out, slip)
			}
		}
		return out
	}
	return []*simfhir.Type{{Name: "Organization", Rows: organisations}, {Name: "Practitioner", Rows: practitioners}, {Name: "PractitionerRole", Rows: roles}, {Name: "Medication", Rows: medications}, {Name: "MedicationDispense", Rows: dispenses}}
}

func telecom(phones []string) any {
	if len(phones) == 0 {
		return nil
	}
	return []any{map[string]any{"system": "fax", "value": "000"}, map[string]any{"system": "phone", "value": phones[0]}}
}

// hospital is the information system of one hospital behind FHIR.
func hospital() system {
	return system{
		name: string(world.Ward), connector: "fhir", en: "a hospital: itself, its doctors, what it dispenses (FHIR)", zh: "一家医院：机构、医生、药房发药（FHIR）",
		streams: split("Organization Practitioner PractitionerRole MedicationDispense"),
		party:   func(w *world.World) int { return w.Hospital },
		by: served{"/fhir", func(s *stage, f *fault.Set) http.Handler {
			return simfhir.New(FHIRServer("/fhir", s.public, s.now, f), FHIRTypes(s.w, world.Ward)...)
		}},
		settings: func(s *stage) map[string]any {
			return map[string]any{
				"base_url": s.url + "/fhir", "client_id": fhirClient, "key_id": fhirKeyID, "private_key": s.private,
				"tenant_fields": map[string]any{"Organization.uscc": "identifier.value:system=urn:oid:2.16.156.10011", "MedicationDispense.product_code": "medication.code.coding.code:system=urn:product"},
			}
		},
		id: func(kind canonical.CustomerKind, record string) string {
			return map[bool]string{false: "Organization/", true: "Practitioner/"}[kind.Person()] + record
		},
	}
}

// FHIRServer is the server without data, served under the prefix.
func FHIRServer(prefix string, key crypto.PublicKey, now func() time.Time, f *fault.Set) simfhir.Options {
	return simfhir.Options{Prefix: prefix, ClientID: fhirClient, KeyID: fhirKeyID, PublicKey: key, Now: now, Faults: f}
}
