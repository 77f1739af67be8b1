package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/normalize"
)

func TestPhones(t *testing.T) {
	t.Parallel()
	type P = normalize.Phone
	for _, c := range []struct {
		in, area string
		want     []P
	}{
		{in: "13800001111", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "+86 138-0000-1111", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "008613800001111", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "86 13800001111", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "１３８００００１１１１", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "12800001111", want: []P{{Number: "12800001111", Kind: normalize.PhoneText}}},
		{in: "0571-85550100", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "(0571)8555 0100", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "057185550100", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "01085550100", want: []P{{Number: "010-85550100", Kind: normalize.Landline}}},
		{in: "020-5550100", want: []P{{Number: "020-5550100", Kind: normalize.Landline}}},
		{in: "+86 571 85550100", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "85550100", area: "0571", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "85550100", want: []P{{Number: "85550100", Kind: normalize.Landline}}},
		{in: "010-85550100", area: "0571", want: []P{{Number: "010-85550100", Kind: normalize.Landline}}},
		{in: "0571-85550100转8012", want: []P{{Number: "0571-85550100", Kind: normalize.Landline, Ext: "8012"}}},
		{in: "0571-85550100-8012", want: []P{{Number: "0571-85550100", Kind: normalize.Landline, Ext: "8012"}}},
		{in: "85550100-1", want: []P{{Number: "85550100", Kind: normalize.Landline, Ext: "1"}}},
		{in: "010-85550100 ext. 12", want: []P{{Number: "010-85550100", Kind: normalize.Landline, Ext: "12"}}},
		{in: "010-85550100#12", want: []P{{Number: "010-85550100", Kind: normalize.Landline, Ext: "12"}}},
		{in: "400-820-1234", want: []P{{Number: "4008201234", Kind: normalize.Shared}}},
		{in: "8008201234", want: []P{{Number: "8008201234", Kind: normalize.Shared}}},
		{in: "13800001111/13900002222；0571-85550100、13700003333", want: []P{
			{Number: "13800001111", Kind: normalize.Mobile}, {Number: "13900002222", Kind: normalize.Mobile},
			{Number: "0571-85550100", Kind: normalize.Landline}, {Number: "13700003333", Kind: normalize.Mobile}}},
		{in: "13800001111，13800001111", want: []P{{Number: "13800001111", Kind: normalize.Mobile}}},
		{in: "13800001111 0571-85550100", want: []P{{Number: "13800001111", Kind: normalize.Mobile}, {Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "0571-85550100/85550101", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}, {Number: "0571-85550101", Kind: normalize.Landline}}},
		{in: "0571-5550100155501002", want: []P{{Number: "0571-55501001", Kind: normalize.Landline}, {Number: "0571-55501002", Kind: normalize.Landline}}},
		{in: "1380000111113900002222", want: []P{{Number: "13800001111", Kind: normalize.Mobile}, {Number: "13900002222", Kind: normalize.Mobile}}},
		{in: "855501238555012", want: []P{{Number: "855501238555012", Kind: normalize.PhoneText}}},
		{in: "138****1111", want: []P{{Number: "138****1111", Kind: normalize.PhoneText}}},
		{in: "电话:0571-85550100", want: []P{{Number: "0571-85550100", Kind: normalize.Landline}}},
		{in: "00000000"},
		{in: "无"},
		{in: ""},
		{in: "88888888", want: []P{{Number: "88888888", Kind: normalize.PhoneText}}},
	} {
		require.Equal(t, c.want, normalize.Phones(c.in, c.area), "%q in area %q", c.in, c.area)
	}
	require.Equal(t, "85550100", normalize.Phones("0571-85550100转1", "")[0].Local())
	require.Equal(t, "0571-85550100转1", normalize.Phones("0571-85550100转1", "")[0].String())
}

func phoneLaws(t failer, s, area string) {
	for _, p := range normalize.Phones(s, area) {
		if p.Kind == normalize.PhoneText {
			continue
		}
		require.Equal(t, []normalize.Phone{p}, normalize.Phones(p.String(), ""), "a number read from %q reads as itself", s)
	}
}

func TestPhoneLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(mixed(), rapid.StringMatching(`[0-9+() /;,#转-]{0,30}`), rapid.StringMatching(`(\+86|0)?[1-9][0-9]{6,21}(-[0-9]{1,6})?`)).Draw(t, "phone")
		phoneLaws(t, s, rapid.SampledFrom([]string{"", "010", "0571"}).Draw(t, "area"))
	})
}

func FuzzPhones(f *testing.F) {
	for _, s := range []string{"13800001111", "0571-85550100转8012", "0571-5550100155501002", "400-820-1234", "+86 571 85550100", "0086", "8612345678", "-"} {
		f.Add(s, "0571")
	}
	f.Fuzz(func(t *testing.T, s, area string) {
		phoneLaws(t, s, area)
	})
}
