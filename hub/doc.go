// Package hub holds the use cases: what a person, a script or another system can ask of the hub. Each file is one use
// case with its request and answer types; each checks the actor, runs its units of work and returns data to print.
//
// Guarantees: cmd and api call nothing else; every write names the actor; answers mask personal fields unless the actor
// may see them and says why; a user's mistake comes back as an *errs.Error with a catalogue code.
//
//	h := hub.Hub{DB: db, Config: &cfg, Now: time.Now, Actor: hub.LocalActor(&cfg), Log: log}
//	report, err := h.Import(ctx, hub.ImportRequest{Files: []string{"sales.csv"}, As: "sales", Source: "d1", Party: "D1"})
package hub
