package canonical

import (
	"slices"
	"strings"
)

// CustomerKind is the kind of a customer.
type CustomerKind string

// The kinds of customers.
const (
	Hospital     CustomerKind = "hospital"
	Clinic       CustomerKind = "clinic"
	Pharmacy     CustomerKind = "pharmacy"
	Chain        CustomerKind = "chain" // head office of a pharmacy chain
	Distributor  CustomerKind = "distributor"
	Manufacturer CustomerKind = "manufacturer"
	HCP          CustomerKind = "hcp"
	Patient      CustomerKind = "patient"
	UnknownParty CustomerKind = "unknown" // an organisation of which only a name in a flow row is known
)

// CustomerKinds lists the kinds in their documented order.
func CustomerKinds() []CustomerKind {
	return []CustomerKind{Hospital, Clinic, Pharmacy, Chain, Distributor, Manufacturer, HCP, Patient, UnknownParty}
}

// Person reports whether records of the kind are about a natural person.
func (k CustomerKind) Person() bool { return k == HCP || k == Patient }

// EndCustomer reports whether goods are used up or sold to persons there.
func (k CustomerKind) EndCustomer() bool { return k == Hospital || k == Clinic || k == Pharmacy }

// Address is a postal address by parts. Text is the address as written, without the parts that are split off.
type Address struct {
	Division string `json:"division,omitempty"` // six-digit GB/T 2260 code, when known
	Province string `json:"province,omitempty"`
	City     string `json:"city,omitempty"`
	County   string `json:"county,omitempty"`
	Text     string `json:"text,omitempty"`
	Postcode string `json:"postcode,omitempty"`
}

// IsZero reports whether nothing is known.
func (a Address) IsZero() bool { return a == Address{} }

// Place is province, city and county as far as they are known; a municipality, which is both, once.
func (a Address) Place(separator string) string {
	parts := slices.DeleteFunc([]string{a.Province, a.City, a.County}, func(part string) bool { return part == "" })
	return strings.Join(slices.Compact(parts), separator)
}

// Customer is a customer as one source knows it, or as the golden record states it. Every field but Kind and Name is
// optional. The attr tag names the attribute for maps, survivorship, completeness and the 360° groups:
//
//	attr:"name,group[,personal][,clear]"
//
// personal marks values that are masked unless a role may see them; clear marks the values of a health care
// professional that the master needs unsealed (name, titles, place of work).
type Customer struct {
	Kind        CustomerKind `json:"kind" attr:"kind,basic,clear"`
	Name        string       `json:"name" attr:"name,basic,clear"`
	ShortName   string       `json:"short_name,omitempty" attr:"short_name,basic,clear"`
	Aliases     []string     `json:"aliases,omitempty" attr:"aliases,basic,clear"`
	FormerNames []string     `json:"former_names,omitempty" attr:"former_names,basic,clear"`
	Code        string       `json:"code,omitempty" attr:"code,basic,clear"` // the code the source shows to people

	USCC                     string `json:"uscc,omitempty" attr:"uscc,identifiers"`
	LicenceNo                string `json:"licence_no,omitempty" attr:"licence_no,identifiers"`
	InstitutionCode          string `json:"institution_code,omitempty" attr:"institution_code,identifiers"`
	InsuranceCode            string `json:"insurance_code,omitempty" attr:"insurance_code,identifiers"`
	GLN                      string `json:"gln,omitempty" attr:"gln,identifiers"`
	NationalID               string `json:"national_id,omitempty" attr:"national_id,identifiers,personal"`
	PracticeCertificate      string `json:"practice_certificate,omitempty" attr:"practice_certificate,identifiers,personal"`
	QualificationCertificate string `json:"qualification_certificate,omitempty" attr:"qualification_certificate,identifiers,personal"`

	Level               string `json:"level,omitempty" attr:"level,basic"` // 三甲 …
	Ownership           string `json:"ownership,omitempty" attr:"ownership,basic"`
	LegalRepresentative string `json:"legal_representative,omitempty" attr:"legal_representative,basic"`
	PersonInCharge      string `json:"person_in_charge,omitempty" attr:"person_in_charge,basic"`
	RegisteredPlace     string `json:"registered_place,omitempty" attr:"registered_place,basic"`
	Parent              string `json:"parent,omitempty" attr:"parent,basic,clear"` // source id of head office, main hospital, group
	Beds                string `json:"beds,omitempty" attr:"beds,basic"`
	KeyDepartments      string `json:"key_departments,omitempty" attr:"key_departments,basic"`

	Organisation   string `json:"organisation,omitempty" attr:"organisation,basic,clear"`       // name of the place of work
	OrganisationID string `json:"organisation_id,omitempty" attr:"organisation_id,basic,clear"` // its source id
	Department     string `json:"department,omitempty" attr:"department,basic,clear"`
	Title          string `json:"title,omitempty" attr:"title,basic,clear"` // professional or academic title
	AdminTitle     string `json:"admin_title,omitempty" attr:"admin_title,basic,clear"`
	Specialty      string `json:"specialty,omitempty" attr:"specialty,basic,clear"`
	Gender         string `json:"gender,omitempty" attr:"gender,basic,personal"`
	BirthDate      Date   `json:"birth_date,omitzero" attr:"birth_date,basic,personal"`

	Address     Address  `json:"address,omitzero" attr:"address,address"`
	HomeAddress Address  `json:"home_address,omitzero" attr:"home_address,address,personal"`
	Phones      []string `json:"phones,omitempty" attr:"phones,address,personal"`
	Emails      []string `json:"emails,omitempty" attr:"emails,address,personal"`
	WeChat      string   `json:"wechat,omitempty" attr:"wechat,address,personal"`
	Websites    []string `json:"websites,omitempty" attr:"websites,address"`
	ContactName string   `json:"contact_name,omitempty" attr:"contact_name,address,personal"`

	Tier                string `json:"tier,omitempty" attr:"tier,potential"` // A, B, C
	YearlyOutpatients   string `json:"yearly_outpatients,omitempty" attr:"yearly_outpatients,potential"`
	YearlyPrescriptions string `json:"yearly_prescriptions,omitempty" attr:"yearly_prescriptions,potential"`
	Influence           string `json:"influence,omitempty" attr:"influence,potential"`
	Standing            string `json:"standing,omitempty" attr:"standing,potential"`
	ReviewedOn          Date   `json:"reviewed_on,omitzero" attr:"reviewed_on,potential"`

	Cooperation        string   `json:"cooperation,omitempty" attr:"cooperation,cooperation"` // intended, cooperating, lost
	CooperatingSince   Date     `json:"cooperating_since,omitzero" attr:"cooperating_since,cooperation"`
	OwnProducts        []string `json:"own_products,omitempty" attr:"own_products,cooperation"`
	CompetitorProducts []string `json:"competitor_products,omitempty" attr:"competitor_products,cooperation"`

	PurchaseScale  string `json:"purchase_scale,omitempty" attr:"purchase_scale,service"`
	PurchaseCycle  string `json:"purchase_cycle,omitempty" attr:"purchase_cycle,service"`
	Satisfaction   string `json:"satisfaction,omitempty" attr:"satisfaction,feedback"`
	Feedback       string `json:"feedback,omitempty" attr:"feedback,feedback"`
	CampaignResult string `json:"campaign_result,omitempty" attr:"campaign_result,marketing"`

	Tags   []string          `json:"tags,omitempty" attr:"tags,custom"`
	Custom map[string]string `json:"custom,omitempty" attr:"custom,custom"` // declared and kept extra fields
}

// Validate reports everything that makes the record unusable as a customer.
func (c *Customer) Validate() []Issue {
	var issues []Issue
	if c.Name == "" {
		issues = append(issues, Required("name"))
	}
	if !known(c.Kind, CustomerKinds()) {
		issues = append(issues, Invalid("kind", string(c.Kind), "not one of hospital, clinic, pharmacy, chain, distributor, manufacturer, hcp, patient"))
	}
	for _, f := range []struct{ name, value string }{{"name", c.Name}, {"organisation", c.Organisation}, {"address", c.Address.Text}} {
		if len(f.value) > MaxText {
			issues = append(issues, Invalid(f.name, f.value[:40]+"…", "longer than 2,000 bytes"))
		}
	}
	return issues
}

// MaxText bounds a name or an address in bytes: anything longer is a broken file, not a name.
const MaxText = 2000

func known[T comparable](v T, all []T) bool {
	for _, k := range all {
		if v == k {
			return true
		}
	}
	return false
}
