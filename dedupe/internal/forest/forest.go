// Package forest is a union-find: which of the numbers 0..n-1 hang together.
package forest

// Forest is a union-find over 0..n-1. It is for one goroutine.
type Forest struct {
	parent []int32
	count  []int32
}

// New makes a forest of n trees of one.
func New(n int) *Forest {
	f := &Forest{parent: make([]int32, n), count: make([]int32, n)}
	for i := range n {
		f.parent[i], f.count[i] = int32(i), 1
	}
	return f
}

// Find is the number that stands for the tree of a.
func (f *Forest) Find(a int) int {
	x := int32(a)
	for f.parent[x] != x {
		f.parent[x] = f.parent[f.parent[x]]
		x = f.parent[x]
	}
	return int(x)
}

// Join makes one tree of the trees of a and b.
func (f *Forest) Join(a, b int) {
	a, b = f.Find(a), f.Find(b)
	if a == b {
		return
	}
	if f.count[a] < f.count[b] {
		a, b = b, a
	}
	f.parent[b] = int32(a)
	f.count[a] += f.count[b]
}

// Together reports whether a and b are in one tree.
func (f *Forest) Together(a, b int) bool { return f.Find(a) == f.Find(b) }

// Size is how many numbers are in the tree of a.
func (f *Forest) Size(a int) int { return int(f.count[f.Find(a)]) }
