// Package trace answers where the goods of a lot are: forward from the maker to every customer, backward from a customer
// to the maker, and as a balance of every party's book.
//
// Guarantees: pure (no I/O, no clock, no goroutines); exact; equal inputs in any order give the equal result; nothing is
// left out: for every party
//
//	received − forwarded − returned − used − sampled − destroyed = stock + gap
//
// and over the lot
//
//	released = own_stock + sampled + quarantined + channel_stock + used + recovered + destroyed + gap
//
// A party that received or issued the lot under its number is in the result whatever the dates or the shares say; one
// that may have received it in rows without a lot is in it while its upper bound is above 0, marked possible.
//
//	data := trace.Data{Product: product, Lot: lot, Maker: 0, Parties: parties, Moves: moves, Holdings: holdings}
//	result := trace.Forward(data, trace.Options{})
//	result.Parties[1].Paths[0].Via // ["M", "D1"]
package trace
