// Package nearest finds the word a person probably meant.
package nearest

import (
	"slices"
	"strings"
)

// Of returns the candidate closest to word by edit distance, upper and lower case alike, or "" when none is close enough
// to suggest. A candidate that is the word itself is the closest.
func Of(word string, candidates []string) string {
	if slices.Contains(candidates, word) {
		return word
	}
	folded := []rune(strings.ToLower(word))
	best, bestD := "", len(folded)/2+1
	for _, c := range candidates {
		if d := distance(folded, []rune(strings.ToLower(c))); d < bestD {
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
