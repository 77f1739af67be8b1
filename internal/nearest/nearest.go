// Package nearest finds the word a person probably meant.
package nearest

// Of returns the candidate closest to word by edit distance, or "" when none is close enough to suggest.
func Of(word string, candidates []string) string {
	best, bestD := "", len([]rune(word))/2+1
	for _, c := range candidates {
		if d := distance([]rune(word), []rune(c)); d < bestD {
			best, bestD = c, d
		}
	}
	return best
}

// Or is Of with a text for the case that nothing is close.
func Or(word string, candidates []string, otherwise string) string {
	if c := Of(word, candidates); c != "" {
		return c
	}
	return otherwise
}

// distance is the Levenshtein distance.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
