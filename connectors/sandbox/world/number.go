package world

import (
	"fmt"
	"strings"

	"tributary/canonical"
)

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

var (
	usccWeights     = [17]int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}
	orgWeights      = [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	residentWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
)

// uscc makes a unified social credit code: class, division, organisation code and both check characters.
func uscc(r random, class, division string) string {
	org := r.digits(8)
	sum := 0
	for i := range 8 {
		sum += int(org[i]-'0') * orgWeights[i]
	}
	body := class + division + org + string("0123456789X0"[(11-sum%11)%11])
	sum = 0
	for i := range 17 {
		sum += strings.IndexByte(usccAlphabet, body[i]) * usccWeights[i]
	}
	return body + string(usccAlphabet[(31-sum%31)%31])
}

// residentID makes a resident identity number.
func residentID(r random, division string, birth canonical.Date, female bool) string {
	order := 2 * r.between(0, 499)
	if !female {
		order++
	}
	body := division + strings.ReplaceAll(birth.String(), "-", "") + fmt.Sprintf("%03d", order)
	sum := 0
	for i := range 17 {
		sum += int(body[i]-'0') * residentWeights[i]
	}
	return body + string("10X98765432"[sum%11])
}

func mobile(r random) string {
	return pick(r, []string{"130", "131", "133", "135", "136", "137", "138", "139", "150", "152", "158", "159", "177", "186", "187", "189"}) + r.digits(8)
}

func landline(r random, area string) string {
	return area + "-" + string('2'+byte(r.IntN(7))) + r.digits(6+len(area)%3%2)
}

// licence makes a drug business licence number of the present form.
func licence(r random, division string, trade byte) string {
	return provinceShort[division[:2]] + string(trade) + "A" + division[2:4] + r.digits(7)
}
