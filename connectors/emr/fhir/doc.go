// Package fhir reads an HL7 FHIR R4 server, as hospital systems offer one: organisations, practitioners, their roles, and
// dispensed medication with its lots.
//
// A search asks for a half-open window of _lastUpdated and follows the server's next links, which are opaque, to their end;
// neither a short page nor a total ends it. A link that died begins the window again. Rows are named TYPE/id, because ids
// are unique within a type only, and references are written the same way. Columns are paths into the resource.
//
// A large first load, or every window where the settings say so, is a bulk export: the server writes files of lines, is looked
// at at the pace that it asks for, and tells what was deleted. A position holds the export's address and line, so that a run
// which was cut goes on with the same export; one that the server forgot is begun again. What was written after the export's
// own time and before the window's end is searched for.
//
// Dispensed medication is read without the patient: who got it is not asked for, and what a server sends all the same is
// dropped before anything is kept. The medication is taken from where it stands: in the resource, contained in it, included
// whole with the page, or fetched by its reference. Resources entered in error are deletes; those that are gone are told by
// the type's history where the server offers one (history-type in its CapabilityStatement), and found by
// comparing keys. The history of dispensed medication is not asked for: it would send the patients.
//
// The tests run against a simulator and against HAPI's own server with the same resources.
package fhir
