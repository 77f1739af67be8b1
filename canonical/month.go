package canonical

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MonthState is where the book of a party's ledger stands in a flow month.
type MonthState string

// The states of a month, in their order.
const (
	MonthOpen      MonthState = "open"      // nothing has come yet
	MonthUploading MonthState = "uploading" // rows come in
	MonthMatching  MonthState = "matching"  // customers and products are being looked up
	MonthAppealing MonthState = "appealing" // parties and sales may object
	MonthClosed    MonthState = "closed"    // the figures stand; changes are booked in later months
	MonthSealed    MonthState = "sealed"    // closed, and everything that changed or does not add up is explained
)

// MonthStates lists the states in their order. The slice is the caller's.
func MonthStates() []MonthState {
	return []MonthState{MonthOpen, MonthUploading, MonthMatching, MonthAppealing, MonthClosed, MonthSealed}
}

// Rank is the place of the state in the order; -1 for what is no state.
func (s MonthState) Rank() int { return slices.Index(MonthStates(), s) }

// Fixed reports whether the figures of the month stand.
func (s MonthState) Fixed() bool { return s == MonthClosed || s == MonthSealed }

// MonthSpan is the first and last date of a month yyyy-MM.
func MonthSpan(month string) (first, last Date, err error) {
	t, err := time.Parse("2006-01", month)
	if err != nil {
		return NoDate, NoDate, fmt.Errorf("%q is not a month (yyyy-MM)", month)
	}
	return DateOf(t), DateOf(t.AddDate(0, 1, -1)), nil
}

// NextMonth is the month after a month yyyy-MM.
func NextMonth(month string) string {
	_, last, err := MonthSpan(month)
	if err != nil {
		return ""
	}
	return last.AddDays(1).Month()
}

// CorrectionClass says why a closed month is corrected. The zero value is no class.
type CorrectionClass int

// The classes of corrections.
const (
	NormalCorrection CorrectionClass = iota + 1
	AppealCorrection
	DiversionCorrection
	GroupBuyCorrection
	LateCorrection
	OutsidePharmacyCorrection
)

var classWords = []struct{ word, zh string }{
	{"normal", "正常"}, {"appeal", "申诉"}, {"diversion", "窜货"}, {"group_buy", "团购"}, {"late", "补传"}, {"outside_pharmacy", "院外药店"},
}

// CorrectionClasses lists the words of the classes, from class 1.
func CorrectionClasses() []string {
	out := make([]string, len(classWords))
	for i, w := range classWords {
		out[i] = w.word
	}
	return out
}

// ParseCorrectionClass reads a class by its number, its word or its Chinese word.
func ParseCorrectionClass(text string) (CorrectionClass, bool) {
	text = strings.TrimSpace(text)
	for i, w := range classWords {
		if text == w.word || text == w.zh || text == strconv.Itoa(i+1) {
			return CorrectionClass(i + 1), true
		}
	}
	return 0, false
}

// String is the word of the class, "" for none.
func (c CorrectionClass) String() string { return c.In("en") }

// In is the word of the class in a language.
func (c CorrectionClass) In(lang string) string {
	if c < 1 || int(c) > len(classWords) {
		return ""
	}
	if lang == "zh" {
		return classWords[c-1].zh
	}
	return classWords[c-1].word
}

// MarshalText writes the word.
func (c CorrectionClass) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what ParseCorrectionClass reads, or nothing.
func (c *CorrectionClass) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*c = 0
		return nil
	}
	class, ok := ParseCorrectionClass(string(b))
	if !ok {
		return fmt.Errorf("%q is not a class of corrections", b)
	}
	*c = class
	return nil
}
