package epcis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/epcis"
	"tributary/internal/errs"
)

func TestURNAndLinkOfOneObjectHaveOneKey(t *testing.T) {
	for _, c := range []struct{ urn, link, key string }{
		{"urn:epc:id:sgtin:9520001.012346.A%2F1", "https://example.org/some/01/09520001123467/10/L/21/A%2F1?17=270331", "01/09520001123467/21/A%2F1"},
		{"urn:epc:class:lgtin:9520001.012346.250301", "https://id.gs1.org/01/09520001123467/10/250301", "01/09520001123467/10/250301"},
		{"urn:epc:idpat:sgtin:9520001.012346.*", "https://id.gs1.org/01/9520001123467", "01/09520001123467"},
		{"urn:epc:id:sscc:9520001.1234567890", "https://id.gs1.org/00/195200012345678906", "00/195200012345678906"},
		{"urn:epc:id:sgln:9520001.00001.0", "https://id.gs1.org/414/9520001000010/254/0", "414/9520001000010"},
		{"urn:epc:id:pgln:9520001.00001", "https://id.gs1.org/417/9520001000010", "417/9520001000010"},
		{"urn:epc:id:grai:9520001.55555.7", "https://id.gs1.org/8003/095200015555587", "8003/095200015555587"},
		{"urn:epc:id:gdti:9520001.55555.A7", "https://id.gs1.org/253/9520001555558A7", "253/9520001555558A7"},
		{"urn:epc:id:giai:9520001.LOG-1", "https://id.gs1.org/8004/9520001LOG-1", "8004/9520001LOG-1"},
		{"urn:epc:id:gsrn:9520001.0000000001", "https://id.gs1.org/8018/952000100000000016", "8018/952000100000000016"},
	} {
		a, err := epcis.ParseIdentifier(c.urn)
		require.Nil(t, err, c.urn)
		b, err := epcis.ParseIdentifier(c.link)
		require.Nil(t, err, c.link)
		require.Equal(t, c.key, a.Key)
		require.Equal(t, c.key, b.Key)
		require.Equal(t, a.Class, b.Class)
	}
}

func TestCodes(t *testing.T) {
	for _, c := range []struct{ text, kind, key, lot, serial, expiry string }{
		{"81234567890123456789", "trace_code", "81234567890123456789", "", "", ""},
		{"(01)09520001123467(17)270200(10)250301(21)A(B)1", "element_string", "01/09520001123467/21/A%28B%291", "250301", "A(B)1", "2027-02-28"},
		{"]d20109520001123467172702281025030" + "1\x1d21S1", "element_string", "01/09520001123467/21/S1", "250301", "S1", "2027-02-28"},
		{"0109520001123467\x1d10250301", "element_string", "01/09520001123467/10/250301", "250301", "", ""},
		{"9520001123467", "element_string", "01/09520001123467", "", "", ""},
		{"https://id.gs1.org/01/09520001123467/10/250301?17=270331", "digital_link", "01/09520001123467/10/250301", "250301", "", "2027-03-31"},
		{"https://hub.example.org/lot/AMX24/250301", "digital_link", "lot/AMX24/250301", "250301", "", ""},
		{"urn:epc:id:sgtin:9520001.012346.S1", "epc", "01/09520001123467/21/S1", "", "S1", ""},
		{" MA.156.L0.A1 ", "opaque", "MA.156.L0.A1", "", "", ""},
	} {
		got, err := epcis.ParseCode(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, []string{c.kind, c.key, c.lot, c.serial}, []string{got.Kind, got.Key, got.Lot, got.Serial}, c.text)
		require.Equal(t, c.expiry, got.Expiry.String(), c.text)
	}
	special, err := epcis.ParseCode("89123451234567890123")
	require.NoError(t, err)
	require.True(t, special.Special)
	require.Equal(t, "8912345", special.DrugID)
}

func TestBrokenCodesAreRefusedWithTheReason(t *testing.T) {
	for text, code := range map[string]string{
		"": "epcis.code_empty", " \t": "epcis.code_empty",
		"(01)09520001123468": "epcis.check_digit", "(01)0952": "epcis.code", "(01)09520001123467(10)": "epcis.code", "(9999)1": "epcis.code",
		"010952000112346717271331": "epcis.code", "(01)09520001123467(17)270230": "epcis.code", "(10)250301": "epcis.code",
		"(01)09520001123467(10)A(10)B": "epcis.code", "https://id.gs1.org/01/09520001123468": "epcis.check_digit", "urn:epc:id:sgtin:1.2.3": "epcis.identifier",
		"a\x00b": "epcis.code",
	} {
		_, err := epcis.ParseCode(text)
		require.Equal(t, code, errs.CodeOf(err), "%q", text)
		require.NotEmpty(t, errs.Render(err, "zh"))
	}
}
