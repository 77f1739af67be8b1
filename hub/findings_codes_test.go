package hub_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
)

// gln makes a GLN of 12 digits by its check digit.
func gln(twelve string) string {
	sum := 0
	for i, r := range twelve {
		sum += int(r-'0') * (1 + 2*(i%2))
	}
	return fmt.Sprint(twelve, (10-sum%10)%10)
}

func TestPacksSoldAgainAndSeenElsewhere(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	take := func(name, as, text string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: as, Source: "erp", Lang: "en"})
		require.NoError(t, err)
		_, err = h.Settle(t.Context())
		require.NoError(t, err)
	}
	d1, p1 := gln("952000100001"), gln("952000100002")
	take("products.csv", "products", "code,name,spec,unit,gtin\nGTN,布洛芬片,0.2g*24,盒,09520001123467\n")
	capture := func(id, hour, step, disposition, at, to string) {
		t.Helper()
		destination := ""
		if to != "" {
			destination = `,"destinationList":[{"type":"owning_party","destination":"https://id.gs1.org/417/` + to + `"}]`
		}
		doc := `{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-01-05T00:00:00Z","epcisBody":{"eventList":[
			{"type":"ObjectEvent","eventID":"urn:uuid:00000000-0000-4000-8000-00000000000` + id + `","action":"OBSERVE","bizStep":"` + step + `","disposition":"` + disposition + `",
			"epcList":["https://id.gs1.org/01/09520001123467/21/S1"],"eventTime":"2026-01-05T` + hour + `:00:00+08:00","eventTimeZoneOffset":"+08:00","readPoint":{"id":"https://id.gs1.org/414/` + at + `"}` + destination + `}]}}`
		r, err := h.CaptureEPCIS(t.Context(), hub.EPCISCaptureRequest{File: "events.json", Body: []byte(doc), Lang: "en"})
		require.NoError(t, err, "%+v", r.Errors)
		require.True(t, r.Success)
	}
	found := func() string {
		return strings.Join(said(t, h), "\n")
	}
	capture("1", "08", "shipping", "in_transit", gln("952000100009"), d1)
	capture("2", "09", "retail_selling", "retail_sold", p1, "")
	require.Empty(t, found(), "nobody bears these GLNs yet")
	take("customers.csv", "customers", "id,name,kind,province,city,gln\nD1,杭州一号医药有限公司,distributor,浙江省,杭州市,"+d1+"\nP1,广州仁济大药房,pharmacy,广东省,广州市,"+p1+"\n")
	_, err := h.CheckFindings(t.Context(), true)
	require.NoError(t, err)
	require.Contains(t, found(), "code_elsewhere: Pack 01/09520001123467/21/S1 was sent to 浙江省 杭州市 and seen in 广东省 广州市, at 广州仁济大药房")
	capture("3", "10", "retail_selling", "retail_sold", p1, "")
	require.Contains(t, found(), "code_sold_again: Pack 01/09520001123467/21/S1 was sold 2 times")
	list, err := h.ListFindings(t.Context(), hub.FindingFilter{Rule: "code_sold_again", Product: "GTN"})
	require.NoError(t, err)
	require.Len(t, list.Findings, 1, "the pack's product is known by its GTIN")
	require.Len(t, list.Findings[0].Events, 2)
}
