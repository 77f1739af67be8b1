package train

// Pattern holds the level of up to 16 comparisons, four bits each: 0 is "not compared", 1 the loosest level.
type Pattern uint64

// MaxComparisons and MaxLevels bound what a pattern can hold.
const (
	MaxComparisons = 16
	MaxLevels      = 15
)

// Level is the level of comparison c.
func (p Pattern) Level(c int) int { return int(p >> (4 * c) & 15) }

// With is the pattern with the level of comparison c set; it must not be set before.
func (p Pattern) With(c, level int) Pattern { return p | Pattern(level)<<(4*c) }

// Count is a pattern and how many pairs have it.
type Count struct {
	Pattern Pattern
	Pairs   float64
}
