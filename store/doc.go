// Package store keeps everything the hub knows, on SQLite or PostgreSQL, behind one set of methods. All SQL on the
// hub's own database stands here.
//
// Guarantees: InTx is one unit of work that commits whole or not at all, with one Now for all its rows; a transaction
// that uses a lease aborts when the lease has passed to another owner; personal payloads are sealed before they reach a
// statement; both dialects pass the same suite (storetest). A DB is safe for concurrent use, a Tx is not.
//
//	db, err := store.Open(ctx, store.Config{URL: "sqlite:hub.db", DataDir: dir, Now: time.Now, Rand: rand.Reader})
//	err = db.InTx(ctx, func(tx *store.Tx) error {
//		return tx.SetSetting(ctx, "company.code", "M")
//	})
//
// How to add a query: write portable SQL with ? placeholders as a constant beside its method; read through querier
// (get, sel, each), write through Tx (exec, bulk, insertMany). What must differ between the databases becomes a method
// of dialect. Times are int64 microseconds (Micros, FromMicros), dates canonical.Date, ids canonical.ID, booleans are
// compared with = TRUE.
package store
