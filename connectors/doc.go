// Package connectors defines how the hub talks to source systems: the Source contract, the Spec that a configuration
// struct carries in its tags, and the registry of connectors.
//
// Guarantees a Source gives: it may send a row again and never skips one; positions only move forward over rows that
// were returned; a failed or unknown answer of the source is an error, never an empty page. Guarantees it may rely on:
// calls are serial per stream, Ack comes only after everything before the position is stored or quarantined, and Close
// is called exactly once.
//
//	src, err := driver.New(settings, connectors.Env{Now: time.Now})
//	defer src.Close()
//	if err := src.Open(ctx, "BD_Customer", position); err != nil { … }
//	for {
//		batch, err := src.Read(ctx)
//		if errors.Is(err, io.EOF) { break }
//		… commit batch.Rows and batch.Position in one transaction …
//		err = src.Ack(ctx, batch.Position)
//	}
package connectors
