package table

import (
	"slices"
	"strings"
)

// sameColumns pairs the columns of two lists: by name, then by the only kind both names speak for. Without a second list
// every column stands for itself. matched[i][s] is the column of source s, -1 when it has none.
func sameColumns(sources []*Source, skip func(name string) bool) (names []string, matched [][]int) {
	taken := map[int]bool{}
	first := sources[0]
	for i, c := range first.Columns {
		if skip(c.Name) {
			continue
		}
		if len(sources) == 1 {
			names, matched = append(names, c.Name), append(matched, []int{i})
			continue
		}
		other := slices.IndexFunc(sources[1].Columns, func(o Column) bool { return columnName(o.Name) == columnName(c.Name) })
		if other >= 0 && !taken[other] && !skip(sources[1].Columns[other].Name) {
			taken[other] = true
			names, matched = append(names, c.Name), append(matched, []int{i, other})
		}
	}
	if len(sources) == 1 {
		return names, matched
	}
	free := func(s int, isTaken func(int) bool) (list []int) {
		for i, c := range sources[s].Columns {
			if !isTaken(i) && !skip(c.Name) {
				list = append(list, i)
			}
		}
		return list
	}
	left := free(0, func(i int) bool { return slices.ContainsFunc(matched, func(m []int) bool { return m[0] == i }) })
	right := free(1, func(i int) bool { return taken[i] })
	kindOf := func(s, i int) Kind {
		if kinds := headerKinds(sources[s].Columns[i].Name); len(kinds) > 0 {
			return familyOf(kinds[0])
		}
		return ""
	}
	for _, i := range left {
		k := kindOf(0, i)
		same := slices.DeleteFunc(slices.Clone(right), func(j int) bool { return taken[j] || kindOf(1, j) != k })
		rivals := slices.DeleteFunc(slices.Clone(left), func(j int) bool { return kindOf(0, j) != k })
		if k == "" || len(same) != 1 || len(rivals) != 1 {
			continue
		}
		taken[same[0]] = true
		names, matched = append(names, first.Columns[i].Name), append(matched, []int{i, same[0]})
	}
	// One column left on either side, and nothing else in common: they are what there is to compare.
	left = slices.DeleteFunc(left, func(i int) bool { return slices.ContainsFunc(matched, func(m []int) bool { return m[0] == i }) })
	right = slices.DeleteFunc(right, func(j int) bool { return taken[j] })
	if len(left) == 1 && len(right) == 1 && len(matched) == 0 {
		names, matched = append(names, first.Columns[left[0]].Name), append(matched, []int{left[0], right[0]})
	}
	return names, matched
}

// familyOf lets kinds that name the same thing under different words meet.
func familyOf(k Kind) Kind {
	switch k {
	case FullName, Organisation, Text:
		return Text
	}
	return k
}

func columnName(s string) string {
	if words := strings.Join(headerTokens(s), " "); words != "" {
		return words + digitsOf(s)
	}
	return matchingForm(s)
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}
