// Package epcis reads, checks and writes EPCIS 2.0 events in JSON-LD with the words of CBV 2.0, and reads the codes that
// stand on packs: GS1 element strings, Digital Link URIs, EPC URNs and 20-digit trace codes.
//
// Guarantees: pure (no I/O, no clock); everything that is wrong with a document is reported at once, each with its place
// as a JSON Pointer, a stable code and a text in both languages; an event keeps what it was sent with, extensions too; an
// event without an id gets one from its content, so that sending it again changes nothing.
//
//	doc, err := epcis.Parse(body)
//	for _, e := range doc.Events {
//		if len(e.Issues) == 0 {
//			store(e.ID, e.Hash, e.Body)
//		}
//	}
package epcis
