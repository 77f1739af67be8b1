// Package pipeline holds the stages between sources and events: ingest takes rows in, resolve makes golden customers of
// source records, join makes movements of flow lines.
//
// Guarantees: each stage works in units of work of at most 5,000 rows, under a lease whose epoch every unit checks; a
// unit commits everything that belongs together (rows, position, dirty marks, outbox) or nothing, so that a process may
// be killed at any moment and the next one goes on where it stood; every goroutine is waited for.
//
//	ingest := pipeline.Ingest{DB: db}
//	run, err := ingest.File(ctx, pipeline.FileImport{File: file, Kind: mapping.Sales, Source: "d1", Party: party})
//	fmt.Println(run.Counts)
package pipeline
