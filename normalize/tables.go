package normalize

import (
	_ "embed"
	"strings"
	"sync"
)

// The tables are read-only after their first use; see data/README.md for their sources and dates.
var (
	//go:embed data/simplified.txt
	simplifiedData string
	//go:embed data/variants.txt
	variantData string
	//go:embed data/surnames.txt
	surnameData string
)

// The basic Han block, for which the character map is a plain array.
const (
	hanFirst = 0x4E00
	hanLast  = 0x9FFF
)

// simplifiedTable maps a basic Han character to its simplified form; 0 means unchanged.
var simplifiedTable = sync.OnceValue(func() *[hanLast - hanFirst + 1]uint16 {
	var t [hanLast - hanFirst + 1]uint16
	for line := range strings.Lines(simplifiedData) {
		if p := []rune(line); len(p) >= 2 {
			t[p[0]-hanFirst] = uint16(p[1])
		}
	}
	return &t
})

var variantTable = sync.OnceValue(func() map[rune]rune {
	t := map[rune]rune{}
	for line := range strings.Lines(variantData) {
		if p := []rune(line); len(p) >= 2 {
			t[p[0]] = p[1]
		}
	}
	return t
})

var compoundSurnames = sync.OnceValue(func() map[string]bool {
	t := map[string]bool{}
	for _, name := range strings.Fields(surnameData) {
		t[name] = true
	}
	return t
})
