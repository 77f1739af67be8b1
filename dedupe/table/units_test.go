package table

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumberRuns(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"50MM": "50 MM", "3.5X30MM": "3.5 X 30 MM", "12PK": "12 PK", "5.": "", "50": "", "MM": "", "": "", "V6": "", "1031S": "1031 S",
		"4K.": "4 K.", "12ABCDEFGH": "", "1A2B3C4D5E6F7G8H9J1K2L3M4N5": "",
	} {
		require.Equal(t, want, strings.Join(numberRuns(word), " "), word)
	}
}

// Letters are units when they follow several different numbers, glued or apart; codes stay whole.
func TestSizesAreTwoWordsHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	c := &column{forms: []string{"", "SCREW 30MM", "SCREW 40 MM", "BOLT 50MM X10", "BOLT 60 MM", "SAW 1031S"}}
	units := c.findUnits()
	require.Equal(t, map[string]bool{"MM": true}, units)
	require.Equal(t, []string{"SCREW", "30", "MM"}, wordsOf("SCREW 30MM", units))
	require.Equal(t, wordsOf("BOLT 50 MM 10", units), wordsOf("BOLT 50MM X10", units))
	require.Equal(t, []string{"SAW", "1031S"}, wordsOf("SAW 1031S", units))
	require.Equal(t, []string{"SCREW", "30MM"}, wordsOf("SCREW 30MM", nil))
}
