package table

import "strings"

// A size is written as one word or as two: 50mm, 50 mm; 3.5x30mm, 3.5 x 30 mm. Which letters are units nobody has to say:
// they follow many different numbers.

// leastNumbers is how many different numbers letters must follow to be a unit.
const leastNumbers = 4

// findUnits lists the letters that are units in the texts of a column.
func (c *column) findUnits() map[string]bool {
	if c.units != nil {
		return c.units
	}
	const most = 32 // numbers remembered for one unit
	after := map[string]map[string]bool{}
	for _, form := range c.forms {
		last := ""
		for _, w := range wordsOf(form, nil) {
			runs := numberRuns(w)
			if last != "" && len(w) <= longestUnit && runs == nil && kindOfWord(w) == "" {
				runs = []string{last, w}
			}
			for i := 1; i < len(runs); i += 2 {
				seen := after[runs[i]]
				if seen == nil {
					seen = map[string]bool{}
					after[runs[i]] = seen
				}
				if len(seen) < most {
					seen[runs[i-1]] = true
				}
			}
			if last = ""; kindOfWord(w) == Numbers {
				last = w
			}
		}
	}
	c.units = map[string]bool{}
	for unit, numbers := range after {
		if len(numbers) >= leastNumbers {
			c.units[unit] = true
		}
	}
	return c.units
}

const longestUnit = 6

// numberRuns cuts a word that begins with a number into its numbers and letters by turns; nil for other words and for
// plain numbers.
func numberRuns(w string) []string {
	if w == "" || !isDigit(w[0]) || len(w) > 24 {
		return nil
	}
	var out []string
	start, number := 0, true
	for i := 1; i <= len(w); i++ {
		if i < len(w) && (isDigit(w[i]) || w[i] == '.' && number) == number {
			continue
		}
		if run := w[start:i]; !number && len(run) > longestUnit {
			return nil
		}
		out = append(out, w[start:i])
		start, number = i, !number
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// splitSizes cuts words of numbers and units in two.
func splitSizes(words []string, units map[string]bool) []string {
	if len(units) == 0 {
		return words
	}
	out := words[:0:0]
	for _, w := range words {
		runs := numberRuns(w)
		for i := 1; i < len(runs); i += 2 {
			if !units[runs[i]] {
				runs = nil
			}
		}
		if runs == nil {
			out = append(out, w)
			continue
		}
		for _, run := range runs {
			out = append(out, plainWord(strings.Trim(run, ".")))
		}
	}
	return out
}
