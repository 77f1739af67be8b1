package normalize

import "slices"

// countryWords mean no region in particular.
var countryWords = []string{"全国", "中国", "CHINA", "NATIONWIDE"}

// Region reads a text that names one administrative division and nothing else, by code or by name: its code, "" for the
// whole country. It reports false when the text names none, or could mean several.
func Region(s string) (division string, ok bool) {
	t := Text(s)
	if slices.Contains(countryWords, t) {
		return "", true
	}
	divisions := StandardDivisions()
	if d, known := divisions.ByCode(t); known {
		return d.Code, true
	}
	p := divisions.Lead(t, "", true)
	return p.Code, p.Code != "" && p.Text == t && p.Others == 0
}
