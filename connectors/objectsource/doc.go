// Package objectsource is the one reader of systems that hold named objects (forms, entities, lists) with fields and rows.
// Such a system implements System: how to describe an object, ask for a page and read a row. Everything else is here, once:
// which columns to ask for and what rows call them, windows over the time of change, paging by key or by the system's own
// locator, lists without a time of change, the check, the catalogue, backfills and lists of keys.
//
// A Source promises what package connectors asks for. A page that repeats, rows that go backwards and rows without a key
// are errors. A locator that died begins its window again behind the last row read, three times at most without progress.
//
//	src := objectsource.New(system, objectsource.Config{Name: "Kingdee", Streams: table, Overlap: 2 * time.Minute, PageSize: 2000})
//
// A Source is used by one goroutine; several of one System may run side by side.
package objectsource
