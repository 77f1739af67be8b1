package dedupe

import (
	"tributary/canonical"
	"tributary/dedupe/similarity"
)

const (
	groupHospital = "hospital"
	groupShop     = "shop"
	groupCompany  = "company"
)

type addressParts struct{ place, road, number, rest string }

func parseAddress(a canonical.Address) addressParts { return addressParts{place: a.Division} }

func parseOrgName(name, place string) []houseName {
	f := matchingForm(name)
	return []houseName{{full: f, core: similarity.Prepare(f), stem: f}}
}
