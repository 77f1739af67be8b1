package table

import "math"

// Levels by kind of comparison, from the loosest to the strictest. Level 0 of a pattern is "not compared", so the first
// name here is level 1. Equal values are divided by how common the value is: rare ones are more evidence.
var (
	equalLevels    = []string{"equal_frequent", "equal_common", "equal_uncommon", "equal_rare", "equal_single"}
	nameLevels     = append([]string{"other", "initial", "far", "near", "typo", "crossed"}, equalLevels...)
	lineLevels     = append([]string{"other", "some", "far", "near", "typo", "crossed"}, equalLevels...)
	codeLevels     = append([]string{"other", "far", "typo"}, equalLevels...)
	dateLevels     = append([]string{"other", "year", "parts", "typo"}, equalLevels...)
	categoryLevels = append([]string{"other"}, equalLevels...)
	numberLevels   = []string{"other", "third", "tenth", "fiftieth", "equal"}
	textLevels     = []string{"s00", "s10", "s20", "s30", "s40", "s50", "s60", "s70", "s80", "s90", "s97"}
	setLevels      = []string{"none", "some", "all"}
	orgLevels      = []string{"conflict", "other", "slip", "contains", "bare", "abbreviated", "similar", "campus", "general", "whole"}
)

// expected are the chances of levels in matches before anything is learned, in the order of the levels above; the equal
// levels share the last number as the values of the column do.
var expected = map[string][]float64{
	"name":     {.08, .02, .03, .04, .07, .01, .75},
	"line":     {.10, .05, .03, .05, .06, .01, .70},
	"code":     {.08, .02, .10, .80},
	"date":     {.05, .03, .06, .08, .78},
	"category": {.10, .90},
	"number":   {.25, .15, .15, .15, .30},
	"text":     {.01, .02, .04, .06, .09, .12, .14, .14, .13, .12, .13},
	"set":      {.08, .12, .8},
	"org":      {.001, .04, .03, .04, .18, .1, .08, .08, .12, .33},
}

// rarity is the equal level (0 to 4) of a value with the given frequency.
func rarity(tf float64, count uint32) int {
	switch {
	case count <= 3:
		return 4
	case tf < 1.0/4096:
		return 3
	case tf < 1.0/256:
		return 2
	case tf < 1.0/24:
		return 1
	}
	return 0
}

// bin is the level of a similarity in [0, 1] on textLevels.
func bin(s float64) int {
	switch {
	case s >= 0.97:
		return 11
	case s >= 0.9:
		return 10
	}
	return int(s*10) + 1
}

// binStart is the least similarity of a text level.
func binStart(level int) float64 {
	if level == 11 {
		return 0.97
	}
	return float64(level-1) / 10
}

// between is the weight at a similarity, by a straight line between the middles of the levels, so that close rivals can
// be told apart. Weights are per level from 1.
func between(weights []float64, s float64) float64 {
	level := bin(s)
	middle := func(l int) float64 {
		if l >= 11 {
			return 1
		}
		return (binStart(l) + binStart(l+1)) / 2
	}
	low, high := level, level
	if s >= middle(level) {
		high = min(level+1, 11)
	} else {
		low = max(level-1, 1)
	}
	if low == high {
		return weights[low]
	}
	t := (s - middle(low)) / (middle(high) - middle(low))
	return weights[low] + (weights[high]-weights[low])*math.Min(math.Max(t, 0), 1)
}
