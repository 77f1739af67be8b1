package world

import "math/rand/v2"

// random draws for one purpose. Draws of different purposes are independent, so that a change in one place of the
// generator leaves the rest of the world as it was.
type random struct{ *rand.Rand }

func (w *World) random(purpose uint64, of ...int) random {
	h := mix(w.Config.Seed ^ purpose*0x9e3779b97f4a7c15)
	for _, n := range of {
		h = mix(h ^ uint64(n)*0xbf58476d1ce4e5b9)
	}
	return random{rand.New(rand.NewPCG(h, purpose))}
}

// Purposes of draws.
const (
	forCustomers uint64 = iota + 1
	forFlow
	forRecord
	forViews
	forMention
	forLedger
	forUse
	forCases
	forResale
)

func mix(x uint64) uint64 { // splitmix64
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (r random) chance(p float64) bool { return r.Float64() < p }

func (r random) between(low, high int) int { return low + r.IntN(high-low+1) }

func (r random) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

func pick[T any](r random, from []T) T { return from[r.IntN(len(from))] }

// skewed prefers the beginning of a list, as family names and brands are used.
func skewed[T any](r random, from []T) T {
	return from[int(float64(len(from))*r.Float64()*r.Float64())]
}
