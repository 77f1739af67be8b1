package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"tributary/bench/match/measure"
)

// show prints the first n wrong and the first n missed pairs with their rows: what to improve next.
func show(out io.Writer, b benchmark, dir, clusters string, n int) error {
	type key = [2]string
	rows, entity, cluster := map[key]string{}, map[key]string{}, map[key]string{}
	var order []key
	for _, name := range []string{"a", "b"} {
		if name == "b" && !b.link {
			continue
		}
		if err := measure.Rows(filepath.Join(dir, name+".csv"), 1, func(r []string) error {
			rows[key{name, r[0]}] = strings.Join(r[1:], " | ")
			return nil
		}); err != nil {
			return err
		}
	}
	if err := measure.Rows(filepath.Join(dir, "truth.csv"), 3, func(r []string) error {
		k := key{r[0], r[1]}
		entity[k], order = r[2], append(order, k)
		return nil
	}); err != nil {
		return err
	}
	if err := measure.Rows(clusters, 3, func(r []string) error {
		cluster[key{r[0], r[1]}] = r[2]
		return nil
	}); err != nil {
		return err
	}
	differing := func(title string, same, apart map[key]string) {
		groups, left := map[string][]key{}, n
		for _, k := range order {
			for _, other := range groups[same[k]] {
				if left > 0 && apart[other] != apart[k] && !(b.link && other[0] == k[0]) {
					left--
					fmt.Fprintf(out, "%s %s:\n  %s %s\n  %s %s\n", b.name, title, other[1], rows[other], k[1], rows[k])
				}
			}
			groups[same[k]] = append(groups[same[k]], k)
		}
	}
	differing("wrongly together", cluster, entity)
	differing("missed", entity, cluster)
	return nil
}
