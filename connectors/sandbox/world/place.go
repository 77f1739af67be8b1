package world

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed divisions.tsv
var divisionTable string

// place is a county with its parents.
type place struct {
	code, province, city, county, area string
}

func loadPlaces() ([]place, error) {
	var out []place
	for i, line := range strings.Split(strings.TrimSpace(divisionTable), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 {
			return nil, fmt.Errorf("divisions.tsv line %d has %d columns", i+1, len(f))
		}
		out = append(out, place{f[0], f[1], f[2], f[3], f[4]})
	}
	return out, nil
}

// provinceShort is the character of licence numbers.
var provinceShort = map[string]string{
	"11": "京", "12": "津", "13": "冀", "21": "辽", "22": "吉", "23": "黑", "31": "沪", "32": "苏", "33": "浙", "34": "皖", "35": "闽", "36": "赣",
	"37": "鲁", "41": "豫", "42": "鄂", "43": "湘", "44": "粤", "45": "桂", "50": "渝", "51": "川", "53": "云", "61": "陕",
}

// bare is a division name without the word for its rank.
func bare(name string) string {
	for _, suffix := range []string{"自治县", "市", "区", "县", "省"} {
		if s, ok := strings.CutSuffix(name, suffix); ok && len([]rune(s)) >= 2 {
			return s
		}
	}
	return name
}

// inCity is the city as written before a county: not twice for municipalities.
func (p place) inCity() string {
	if p.province == p.city {
		return p.city
	}
	return p.province + p.city
}
