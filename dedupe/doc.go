// Package dedupe finds the records that speak of one customer and makes golden records of them.
//
// Guarantees: it is pure (no I/O, no clock, no randomness); the same records, model and judgements give the same answer
// bit for bit, in whatever order and in whatever portions they arrive (invariant 5); judgements always bind; every
// answer can be explained; every goroutine it starts is joined.
//
// The way of a record:
//
//	Prepare   Input → *Record        names, identifiers, phones and places in comparable form
//	Keys      *Record → []Key        blocking keys: only records that share one are compared
//	Score     two *Records → Pair    levels of agreement, their weights, vetoes, deterministic rules
//	Keep      Pair → bool            at or above the review threshold: an edge of the keep-graph
//	Cluster   Component → Partition  guarded clustering inside one component of the keep-graph
//	Assign    Partition → ids        golden ids that stay with the customers they were published for
//	Survive   members → Golden       one value per attribute, with its lineage
//
// Resolve does the first five for a whole set of records. The stage of package pipeline does the same in portions over
// stored keys and edges. Everything that decides stands in a Model, a frozen and versioned file.
//
// False merges cost more than misses: two head offices, a hospital and its campus, 第一 and 第二, 中医院 and 人民医院 are
// never merged by the program, however alike the rest is; doubtful pairs are kept for a person.
//
//	engine, err := dedupe.New(dedupe.DefaultModel(), dedupe.Options{CompanySource: "erp"})
//	a, b := engine.Prepare(inputA), engine.Prepare(inputB)
//	if p := engine.Score(a, b); engine.Verdict(p) == dedupe.Match { … }
//	fmt.Println(engine.Why(a, b).Text("zh"))
package dedupe
