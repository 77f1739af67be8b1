package normalize

import (
	"fmt"
	"strconv"
	"strings"

	"tributary/canonical"
)

// excelEpoch is the day before day 1 of the 1900 date system, moved by one more day because that system believes in
// 1900-02-29; right for every serial from 61 on.
var excelEpoch = func() canonical.Date { d, _ := canonical.NewDate(1899, 12, 30); return d }()

// The serials read as dates: 1954-10-03 to 2119-01-11. Other bare numbers are no dates.
const (
	excelFirst = 20_000
	excelLast  = 80_000
)

// Date reads a business date as spreadsheets and systems write it: yyyy-MM-dd, yyyy/M/d, yyyy.M.d, yyyy年M月d日,
// yyyyMMdd, each with or without a time of day after it, and Excel serial numbers of the 1900 system. Full-width digits
// are fine; a time of day, and a zone after it, are dropped. A placeholder gives NoDate without error.
//
// The error says what is wrong, in words for the person who sent the file. Orders of day and month that cannot be told
// apart (03/04/2025) are refused.
func Date(s string) (canonical.Date, error) {
	t := Text(s)
	if t == "" || t == "0" {
		return canonical.NoDate, nil
	}
	if serial, ok := excelSerial(t); ok {
		return excelEpoch.AddDays(serial), nil
	}
	var part [3]int
	rest := t
	if len(t) >= 8 && allDigits(t[:8]) {
		n, _ := strconv.Atoi(t[:8])
		part, rest = [3]int{n / 10000, n / 100 % 100, n % 100}, t[8:]
	} else {
		var ok bool
		if part, rest, ok = dateParts(t); !ok {
			return canonical.NoDate, fmt.Errorf("%q is not a date: write it as 2025-03-31", clip(s))
		}
	}
	if !timeSuffix(rest) {
		return canonical.NoDate, fmt.Errorf("%q is not a date: %q after it is no time of day", clip(s), clip(rest))
	}
	if part[0] < 1900 || part[0] > 2199 {
		return canonical.NoDate, fmt.Errorf("%q is not a date: the year %d is out of range", clip(s), part[0])
	}
	return canonical.NewDate(part[0], part[1], part[2])
}

// excelSerial reads an integer, or a decimal whose fraction is the time of day.
func excelSerial(t string) (int, bool) {
	whole, frac, dotted := strings.Cut(t, ".")
	if !digits(whole, 5) || dotted && !allDigits(frac) {
		return 0, false
	}
	n, err := strconv.Atoi(whole)
	return n, err == nil && n >= excelFirst && n <= excelLast
}

// dateParts reads year, month and day with a mark after the first two: the same one of - / . or 年 and 月.
func dateParts(t string) (part [3]int, rest string, ok bool) {
	rest = t
	var marks [2]string
	for i := range part {
		n := 0
		for n < len(rest) && n < 4 && rest[n] >= '0' && rest[n] <= '9' {
			n++
		}
		if n == 0 || i == 0 && n != 4 || i > 0 && n > 2 {
			return part, t, false
		}
		part[i], _ = strconv.Atoi(rest[:n])
		rest = strings.TrimPrefix(rest[n:], " ")
		if i == 2 {
			break
		}
		for _, mark := range [...]string{"-", "/", ".", "年", "月"} {
			if after, found := strings.CutPrefix(rest, mark); found {
				marks[i], rest = mark, strings.TrimPrefix(after, " ")
				break
			}
		}
		if marks[i] == "" {
			return part, t, false
		}
	}
	if marks[0] == "年" != (marks[1] == "月") || marks[0] != "年" && marks[0] != marks[1] {
		return part, t, false
	}
	if marks[0] == "年" {
		for _, day := range [...]string{"日", "号"} {
			if after, found := strings.CutPrefix(rest, day); found {
				return part, after, true
			}
		}
	}
	return part, rest, true
}

// timeSuffix accepts what stands for a time of day: 10:30, T10:30:00.000Z, 10:30:00+08:00, 上午10时30分, 103000.
func timeSuffix(s string) bool {
	if s == "" || s[0] == '.' && strings.Trim(s, ".0") == "" { // 20250331.0: the date went through a number cell
		return true
	}
	if len(s) > 40 {
		return false
	}
	if t := strings.TrimLeft(s, " "); allDigits(t) { // the compact form yyyyMMddHHmmss
		return (len(t) == 4 || len(t) == 6) && t[:2] < "25"
	}
	number := false
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			number = true
		case strings.ContainsRune(" T:.Z+-时分秒点上下午AMPCS", r):
		default:
			return false
		}
	}
	return number && strings.ContainsAny(s, ":时点")
}

// clip shortens a foreign value for a message.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
