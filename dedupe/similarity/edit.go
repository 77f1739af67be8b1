package similarity

// Levenshtein is the least number of insertions, deletions and substitutions that turn one text into the other.
func Levenshtein(a, b *Text) int {
	long, short := inOrder(a, b)
	switch {
	case len(short.runes) == 0:
		return len(long.runes)
	case len(long.runes) > wordSize:
		return table(long.runes, short.runes, false)
	}
	return inWord(long, short, false)
}

// OSA is Levenshtein with swaps of neighbours as one edit, no place edited twice (optimal string alignment).
func OSA(a, b *Text) int {
	long, short := inOrder(a, b)
	switch {
	case len(short.runes) == 0:
		return len(long.runes)
	case len(long.runes) > wordSize:
		return table(long.runes, short.runes, true)
	}
	return inWord(long, short, true)
}

// Within reports whether the OSA distance is at most limit; it looks at lengths first.
func Within(a, b *Text, limit int) bool {
	if d := len(a.runes) - len(b.runes); d > limit || -d > limit {
		return false
	}
	return OSA(a, b) <= limit
}

// inWord is the bit-vector algorithm of Myers in Hyyrö's form. Bit i of up (down) says that the column of the edit
// table rises (falls) by one from row i to row i+1; swaps adds Hyyrö's transposition term.
func inWord(pattern, text *Text, swaps bool) int {
	up, down := ^uint64(0), uint64(0)
	var same, before uint64
	last := uint64(1) << (len(pattern.runes) - 1)
	distance := len(pattern.runes)
	for _, r := range text.runes {
		at := pattern.positions(r)
		var diagonal uint64
		if swaps {
			diagonal = (^same & at) << 1 & before
		}
		same = diagonal | ((at&up + up) ^ up) | at | down
		right, left := down|^(same|up), same&up
		if right&last != 0 {
			distance++
		}
		if left&last != 0 {
			distance--
		}
		right = right<<1 | 1
		left <<= 1
		up = left | ^(same | right)
		down = right & same
		before = at
	}
	return distance
}

// table is the plain dynamic programme over three rows.
func table(a, b []rune, swaps bool) int {
	older, old, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(old[j]+1, row[j-1]+1, old[j-1]+cost)
			if swaps && i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], older[j-2]+1)
			}
		}
		older, old, row = old, row, older
	}
	return old[len(b)]
}
