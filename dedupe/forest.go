package dedupe

// forest is a union-find over 0..n-1.
type forest struct {
	parent []int
	count  []int
}

func newForest(n int) *forest {
	f := &forest{parent: make([]int, n), count: make([]int, n)}
	for i := range n {
		f.parent[i], f.count[i] = i, 1
	}
	return f
}

func (f *forest) find(a int) int {
	for f.parent[a] != a {
		f.parent[a] = f.parent[f.parent[a]]
		a = f.parent[a]
	}
	return a
}

func (f *forest) join(a, b int) {
	a, b = f.find(a), f.find(b)
	if a == b {
		return
	}
	if f.count[a] < f.count[b] {
		a, b = b, a
	}
	f.parent[b] = a
	f.count[a] += f.count[b]
}

func (f *forest) together(a, b int) bool { return f.find(a) == f.find(b) }

func (f *forest) size(a int) int { return f.count[f.find(a)] }
