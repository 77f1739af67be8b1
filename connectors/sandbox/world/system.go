package world

import (
	"fmt"
	"slices"
	"strconv"

	"tributary/canonical"
)

// System is a source of records about customers. Its text is the source name of the sandbox's configuration.
type System string

// Systems that know customers.
const (
	ERP       System = "erp"       // customers the maker trades with
	SFA       System = "sfa"       // accounts, doctors and patients of the sales force
	Chain     System = "pharmacy"  // stores of the reporting chain
	EMR       System = "emr"       // patients as a hospital system exports them
	Events    System = "events"    // doctors as they signed in at meetings
	Terminals System = "terminals" // a spreadsheet of pharmacies, clinics and hospitals
	Specialty System = "specialty" // a second business unit's hospitals and specialists in the east
	Retail    System = "retail"    // a retail team's chains and pharmacies in the south
	County    System = "county"    // a county team's hospitals, clinics and doctors inland
	NorthERP  System = "northern"  // customers of a bought company in the north-east
	WestERP   System = "western"   // customers of another one in the west
	Ward      System = "hospital"  // one hospital: itself, whom it refers to, its doctors

	ShandongERP System = "shandong" // customers of a small company that was bought
	Registry    System = "registry" // licence holders of a province, as its authority publishes them
	Vaccines    System = "vaccines" // a vaccines unit's hospitals, clinics and doctors in the north
	Master      System = "master"   // hospitals and doctors of the west and Shandong, as a vendor's master knows them
	Hotline     System = "hotline"  // patients who called the support line
)

// system is what a system knows and how it writes it.
type system struct {
	name   System
	shares map[canonical.CustomerKind]share
	where  []string               // province codes of whom it knows; none = everywhere
	knows  func(*World, int) bool // further bounds by customer; nil = none
	staff  bool                   // it files persons under an organisation of its own, by id
	only   bool                   // and knows no others
	habits habits
	id     func(i int) string
}

// share is how much of a kind a system knows, and how often twice.
type share struct{ known, twice float64 }

// sfaIDs begin high: they do not fit a float64 exactly.
const sfaIDs = 9_200_000_000_000_001

func numbered(format string, from int) func(int) string {
	return func(i int) string { return fmt.Sprintf(format, from+i) }
}

// systems are all of them. The place of one in the list is part of its draws: new ones go to the end.
func systems() []system {
	const (
		distributor, chain, hospital, clinic = canonical.Distributor, canonical.Chain, canonical.Hospital, canonical.Clinic
		pharmacy, hcp, patient               = canonical.Pharmacy, canonical.HCP, canonical.Patient
	)
	type known = map[canonical.CustomerKind]share
	return []system{
		{
			name: ERP, id: numbered("C%06d", 1),
			shares: known{distributor: {1, 0.04}, chain: {1, 0}, hospital: {0.6, 0.03}, clinic: {0.1, 0}, pharmacy: {0.15, 0.02}},
			habits: habits{abbreviate: 0.03, dropPlace: 0.02, former: 0.3, typo: 0.01, bracket: 0.2, width: 0.05, uscc: 0.9, licence: 0.7, phone: 0.6, detail: 0.3, divisions: 0.9},
		},
		{
			name: SFA, id: func(i int) string { return strconv.Itoa(sfaIDs + 2*i) }, staff: true,
			shares: known{
				distributor: {0.8, 0.05}, chain: {0.9, 0.05}, hospital: {0.97, 0.08}, clinic: {0.85, 0.06}, pharmacy: {0.7, 0.06},
				hcp: {0.97, 0.17}, patient: {0.95, 0.1},
			},
			habits: habits{abbreviate: 0.25, dropPlace: 0.2, former: 0.4, traditional: 0.01, typo: 0.03, bracket: 0.15, note: 0.04, width: 0.05, uscc: 0.3, licence: 0.2, phone: 0.8, detail: 0.85, identity: 0.2, oldTitle: 0.08, divisions: 0.8},
		},
		{
			name: Chain, id: func(i int) string {
				if i == 0 {
					return "HQ"
				}
				return fmt.Sprintf("S%05d", i)
			},
			habits: habits{abbreviate: 0.6, dropPlace: 0.5, uscc: 0.1, licence: 0.95, phone: 0.9, detail: 0.9, divisions: 1},
		},
		{
			name: EMR, id: numbered("MRN%08d", 1),
			shares: known{patient: {0.9, 0.02}},
			habits: habits{abbreviate: 0.1, traditional: 0.005, typo: 0.01, phone: 0.9, detail: 0.98, identity: 0.6, divisions: 0.5},
		},
		{
			name: Events, id: numbered("EV-%06d", 1),
			shares: known{hcp: {0.97, 0.08}},
			habits: habits{abbreviate: 0.5, dropPlace: 0.3, former: 0.5, traditional: 0.02, typo: 0.05, bracket: 0.1, width: 0.05, phone: 0.85, detail: 0.6, oldTitle: 0.2},
		},
		{
			name: Terminals, id: numbered("T%06d", 1),
			shares: known{hospital: {0.8, 0.01}, clinic: {0.6, 0.02}, pharmacy: {0.9, 0.02}},
			habits: habits{abbreviate: 0.2, dropPlace: 0.15, former: 0.5, traditional: 0.02, typo: 0.04, bracket: 0.2, note: 0.05, width: 0.1, uscc: 0.5, licence: 0.5, phone: 0.6, detail: 0.5, divisions: 0.85},
		},
		{
			name: Specialty, id: numbered("%d", 410_001), where: split("31 32 33"), staff: true, only: true,
			shares: known{hospital: {0.8, 0.03}, hcp: {0.6, 0.05}},
			habits: habits{abbreviate: 0.15, dropPlace: 0.1, former: 0.3, typo: 0.02, bracket: 0.1, uscc: 0.5, licence: 0.2, phone: 0.85, detail: 0.9, oldTitle: 0.1, divisions: 0.9},
		},
		{
			name: Retail, id: numbered("%d", 70_001), where: split("35 44 45"), staff: true, only: true,
			shares: known{chain: {0.9, 0.05}, pharmacy: {0.35, 0.03}, clinic: {0.3, 0}},
			habits: habits{abbreviate: 0.3, dropPlace: 0.15, former: 0.4, typo: 0.03, bracket: 0.2, note: 0.03, width: 0.05, uscc: 0.4, licence: 0.6, phone: 0.7, detail: 0.5, divisions: 0.85},
		},
		{
			name: County, id: numbered("%d", 5_001), where: split("34 36 41 42 43"), staff: true, only: true,
			shares: known{hospital: {0.5, 0.04}, clinic: {0.25, 0.02}, hcp: {0.3, 0.05}},
			habits: habits{abbreviate: 0.3, dropPlace: 0.2, former: 0.5, traditional: 0.005, typo: 0.04, note: 0.05, width: 0.05, uscc: 0.3, licence: 0.2, phone: 0.75, detail: 0.75, oldTitle: 0.15, divisions: 0.75},
		},
		{
			name: NorthERP, id: numbered("%010d", 10_000_001), where: split("21 22 23"),
			shares: known{distributor: {0.9, 0.05}, chain: {0.8, 0}, hospital: {0.5, 0.02}, pharmacy: {0.1, 0}},
			habits: habits{abbreviate: 0.05, dropPlace: 0.02, former: 0.6, typo: 0.01, bracket: 0.1, uscc: 0.85, licence: 0.5, phone: 0.5, detail: 0.3, divisions: 0.95},
		},
		{
			name: WestERP, id: numbered("%d", 1), where: split("50 51 53 61"),
			shares: known{distributor: {0.9, 0.03}, chain: {0.7, 0}, hospital: {0.4, 0.02}, clinic: {0.1, 0}, pharmacy: {0.1, 0}},
			habits: habits{abbreviate: 0.08, dropPlace: 0.05, former: 0.5, typo: 0.02, bracket: 0.25, width: 0.05, uscc: 0.8, licence: 0.5, phone: 0.5, detail: 0.3, divisions: 0.9},
		},
		{
			name: Ward, id: numbered("%d", 3_001), knows: (*World).nearHospital, staff: true, only: true,
			shares: known{hospital: {1, 0}, clinic: {1, 0}, hcp: {0.95, 0}},
			habits: habits{abbreviate: 0.05, dropPlace: 0.05, typo: 0.01, uscc: 0.7, phone: 0.8, detail: 1, divisions: 0.9},
		},
		{
			name: ShandongERP, id: numbered("0101%04d", 1), where: split("37"),
			shares: known{distributor: {0.9, 0.05}, hospital: {0.5, 0.04}, clinic: {0.2, 0.02}, pharmacy: {0.12, 0.02}},
			habits: habits{abbreviate: 0.15, dropPlace: 0.1, former: 0.6, typo: 0.03, bracket: 0.2, note: 0.05, width: 0.1, uscc: 0.6, licence: 0.4, phone: 0.5, detail: 0.2, divisions: 0.6},
		},
		{
			name: Registry, id: numbered("ZJ%06d", 1), where: split("33"),
			shares: known{distributor: {1, 0}, chain: {1, 0}, pharmacy: {0.6, 0}},
			habits: habits{uscc: 1, licence: 1, detail: 1, divisions: 1},
		},
		{
			name: Vaccines, id: numbered("%d", 210_001), where: split("11 12 13 14 15"), staff: true, only: true,
			shares: known{hospital: {0.6, 0.03}, clinic: {0.4, 0.02}, hcp: {0.4, 0.04}},
			habits: habits{abbreviate: 0.1, dropPlace: 0.1, former: 0.3, typo: 0.02, bracket: 0.1, uscc: 0.5, licence: 0.3, phone: 0.8, detail: 0.9, oldTitle: 0.1, divisions: 0.9},
		},
		{
			name: Master, id: numbered("%d", 610_001), where: split("37 50 51 53 61"), staff: true, only: true,
			shares: known{hospital: {0.9, 0}, hcp: {0.7, 0}},
			habits: habits{former: 0.1, uscc: 0.9, licence: 0.5, phone: 0.7, detail: 0.9, oldTitle: 0.05, divisions: 1},
		},
		{
			name: Hotline, id: numbered("HL%06d", 1),
			shares: known{patient: {0.15, 0.03}},
			habits: habits{abbreviate: 0.4, dropPlace: 0.2, traditional: 0.005, typo: 0.02, phone: 1, detail: 0.9, divisions: 0.6},
		},
	}
}

// Systems lists the systems.
func Systems() (out []System) {
	for _, s := range systems() {
		out = append(out, s.name)
	}
	return out
}

// reaches tells whether a customer lies in the system's part of the world.
func (s *system) reaches(w *World, customer int) bool {
	c := &w.Customers[customer]
	return (len(s.where) == 0 || slices.Contains(s.where, c.Division()[:2])) && (s.knows == nil || s.knows(w, customer))
}
