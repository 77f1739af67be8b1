package flow

// graph is a directed graph over the nodes 0…n−1.
type graph [][]int32

func newGraph(n int) graph { return make(graph, n) }

func (g graph) link(from, to int32) { g[from] = append(g[from], to) }

// components numbers the strongly connected components (Tarjan): of[v] is the component of node v, and an edge between
// two components always leads from the higher number to the lower one.
func (g graph) components() (of []int32, count int32) {
	n := len(g)
	of = make([]int32, n)
	index := make([]int32, n) // 0 = not visited
	low := make([]int32, n)
	next := make([]int32, n)
	var stack, path []int32
	counter := int32(0)
	for root := range int32(n) {
		if index[root] != 0 {
			continue
		}
		path = append(path, root)
		for len(path) > 0 {
			v := path[len(path)-1]
			if index[v] == 0 {
				counter++
				index[v], low[v] = counter, counter
				stack = append(stack, v)
			}
			if int(next[v]) < len(g[v]) {
				w := g[v][next[v]]
				next[v]++
				if index[w] == 0 {
					path = append(path, w)
				} else if of[w] == 0 {
					low[v] = min(low[v], index[w])
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				parent := path[len(path)-1]
				low[parent] = min(low[parent], low[v])
			}
			if low[v] == index[v] {
				count++
				for {
					w := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					of[w] = count
					if w == v {
						break
					}
				}
			}
		}
	}
	for v := range of {
		of[v]--
	}
	return of, count
}
