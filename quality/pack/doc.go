// Package pack renders the evidence of a recall as files that an inspector can keep: a workbook, a printable report, the
// lot's history as EPCIS 2.0, and a manifest with the SHA-256 of each.
//
// Guarantees: pure but for Write and Verify, which touch one folder; the same Input gives the same bytes; every quantity
// is shown as given, exactly, and a balance that does not close says so; a character that the font lacks is shown by its
// code point, never dropped; text of others never becomes a formula; persons (patients, health care professionals) are
// counted and never named.
//
//	files, err := pack.Render(pack.Input{Recall: pack.Recall{No: "R-2025-01"}, Lots: lots, MadeAt: now})
//	manifest, err := pack.Write(dir, files)
//	faults, err := pack.Verify(dir)
package pack
