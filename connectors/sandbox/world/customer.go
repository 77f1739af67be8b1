package world

import (
	"fmt"

	"tributary/canonical"
)

// Customer is a true customer: what is really so, under its full and present name.
type Customer struct {
	Kind       canonical.CustomerKind
	Name       string
	Former     string // a name it bore until lately
	place      *place
	Address    string // road and number
	OldAddress string // before it moved; empty when it did not
	USCC       string
	Licence    string
	Phone      string
	Level      string
	Parent     int // customer index: chain of a store, workplace of a doctor, hospital of a patient; −1
	Department string
	Title      int // index of titles
	Post       string
	Female     bool
	Birth      canonical.Date
	NationalID string
	Supplier   int // customer index of the distributor it buys from; −1
}

// Division is the code of the county.
func (c *Customer) Division() string { return c.place.code }

type builder struct {
	w      *World
	r      random
	places []place
	taken  map[string]bool
}

// populate makes the true customers. The order of kinds is fixed, so an index tells the kind.
func (w *World) populate(places []place) {
	b := &builder{w: w, r: w.random(forCustomers), places: places, taken: map[string]bool{}}
	w.Maker = b.add(Customer{Kind: canonical.Manufacturer, Name: "百川制药有限公司", place: &places[0], Parent: -1, Supplier: -1})
	w.Customers[w.Maker].USCC = uscc(b.r, "91", places[0].code)
	first := len(w.Customers)
	for range w.count(distributors) {
		b.distributor()
	}
	w.Reporting = [2]int{first, first + 1}
	hospitalAt := len(w.Customers)
	for range w.count(hospitals) {
		b.hospital()
	}
	hospitalEnd := len(w.Customers)
	for range w.count(clinics) {
		b.clinic()
	}
	for range w.count(independents) {
		b.independent()
	}
	b.chainsAndStores()
	for range w.count(doctors) {
		b.doctor(hospitalAt + int(float64(hospitalEnd-hospitalAt)*b.r.Float64()*b.r.Float64()))
	}
	for range w.count(patients) {
		b.patient(hospitalAt + b.r.IntN(hospitalEnd-hospitalAt))
	}
}

func (b *builder) add(c Customer) int {
	b.w.Customers = append(b.w.Customers, c)
	return len(b.w.Customers) - 1
}

// organisation fills what all organisations have, under a name that no other one bears.
func (b *builder) organisation(kind canonical.CustomerKind, class string, p *place, name func() string) *Customer {
	full := name()
	for b.taken[full] {
		full = name()
	}
	b.taken[full] = true
	c := Customer{Kind: kind, Name: full, place: p, USCC: uscc(b.r, class, p.code), Phone: landline(b.r, p.area), Parent: -1, Supplier: -1}
	c.Address = b.address()
	if b.r.chance(0.06) {
		c.OldAddress = b.address()
	}
	return &b.w.Customers[b.add(c)]
}

func (b *builder) address() string { return fmt.Sprintf("%s%d号", road(b.r), b.r.between(1, 999)) }

func (b *builder) distributor() {
	p := &b.places[b.r.IntN(len(b.places))]
	c := b.organisation(canonical.Distributor, "91", p, func() string {
		head := pick(b.r, []string{p.province, p.city, bare(p.city), ""})
		return head + brand(b.r) + pick(b.r, split("医药有限公司 医药股份有限公司 药业有限公司 医药集团有限公司 医药物流有限公司 医药有限责任公司"))
	})
	c.Licence = licence(b.r, p.code, 'A')
}

func (b *builder) hospital() {
	p := &b.places[b.r.IntN(len(b.places))]
	former := ""
	c := b.organisation(canonical.Hospital, "12", p, func() string {
		former = ""
		switch n := b.r.IntN(20); {
		case n < 3:
			return p.city + pick(b.r, split("人民医院 第一人民医院 第二人民医院 第三人民医院 第四人民医院 第五人民医院 中心医院"))
		case n < 5:
			return p.city + pick(b.r, split("中医院 中西医结合医院 妇幼保健院 儿童医院 肿瘤医院 传染病医院 口腔医院 第六人民医院 第七人民医院 精神卫生中心"))
		case n < 6:
			return pick(b.r, univFirst) + pick(b.r, split("大学 医科大学 中医药大学")) + "附属第" + pick(b.r, split("一 二 三 四")) + "医院"
		case n < 7:
			return pick(b.r, univFirst) + pick(b.r, split("大学 医科大学")) + "附属" + pick(b.r, privateCore) + "医院"
		case n < 10:
			former = p.city + p.county + "医院"
			return b.county(p) + pick(b.r, split("人民医院 第二人民医院 第三人民医院 中心医院"))
		case n < 12:
			return b.county(p) + pick(b.r, split("中医院 妇幼保健院 中西医结合医院"))
		case n < 15:
			t := town(b.r)
			former = b.county(p) + t + "镇卫生院"
			return b.county(p) + t + "镇中心卫生院"
		case n < 17:
			return b.county(p) + town(b.r) + "街道社区卫生服务中心"
		}
		core := pick(b.r, privateCore)
		former = p.city + core + "门诊部"
		return pick(b.r, []string{p.city, bare(p.city), p.city + p.county}) + core + pick(b.r, split("医院 医院 医院 骨科医院 妇产医院 眼科医院 康复医院"))
	})
	c.Level = pick(b.r, levels)
	if former != "" && b.r.chance(0.25) {
		c.Former = former
	}
}

// county is the county as names begin: with its city, or alone.
func (b *builder) county(p *place) string {
	if b.r.chance(0.4) {
		return p.county
	}
	return p.city + p.county
}

func (b *builder) clinic() {
	p := &b.places[b.r.IntN(len(b.places))]
	c := b.organisation(canonical.Clinic, pick(b.r, split("91 92 52")), p, func() string {
		who := brand(b.r)
		if b.r.chance(0.5) {
			who = personName(b.r, b.r.chance(0.4))
		}
		return pick(b.r, []string{p.city + p.county, p.county, bare(p.city)}) + who +
			pick(b.r, split("诊所 诊所 中医诊所 口腔诊所 门诊部 中医门诊部 综合门诊部 西医诊所"))
	})
	c.Address = b.address()
}

func (b *builder) independent() {
	p := &b.places[b.r.IntN(len(b.places))]
	c := b.organisation(canonical.Pharmacy, pick(b.r, split("91 92")), p, func() string {
		return pick(b.r, []string{p.city + p.county, p.county, bare(p.city), p.city}) + brand(b.r) +
			pick(b.r, split("大药房 药店 药房 大药房有限公司 医药商店 平价大药房"))
	})
	c.Licence = licence(b.r, p.code, 'D')
}

func (b *builder) chainsAndStores() {
	type chain struct {
		at    int
		short string
	}
	var all []chain
	for i := range b.w.count(chains) {
		p := &b.places[b.r.IntN(len(b.places))]
		short := ""
		c := b.organisation(canonical.Chain, "91", p, func() string {
			short = brand(b.r) + "大药房"
			return pick(b.r, []string{p.city, bare(p.city), p.province}) + short + "连锁有限公司"
		})
		c.Licence = licence(b.r, p.code, 'B')
		all = append(all, chain{len(b.w.Customers) - 1, short})
		if i == 0 {
			b.w.ChainHQ = len(b.w.Customers) - 1
		}
	}
	store := func(of chain) int {
		hq := b.w.Customers[of.at]
		p := hq.place
		if b.r.chance(0.8) { // mostly in the home city
			p = b.near(p)
		} else {
			p = &b.places[b.r.IntN(len(b.places))]
		}
		c := b.organisation(canonical.Pharmacy, "91", p, func() string {
			if b.r.chance(0.5) {
				return hq.Name + road(b.r) + pick(b.r, split("店 分店"))
			}
			return hq.Name + bare(p.county) + road(b.r) + "店"
		})
		c.Licence, c.Parent = licence(b.r, p.code, 'C'), of.at
		return len(b.w.Customers) - 1
	}
	for range b.w.count(ownStores) {
		b.w.Stores = append(b.w.Stores, store(all[0]))
	}
	for range b.w.count(otherStores) {
		store(all[1+b.r.IntN(len(all)-1)])
	}
}

// near is a county of the same city.
func (b *builder) near(p *place) *place {
	var same []*place
	for i := range b.places {
		if b.places[i].city == p.city {
			same = append(same, &b.places[i])
		}
	}
	return pick(b.r, same)
}

func (b *builder) person(kind canonical.CustomerKind, hospital int, minAge, maxAge int) *Customer {
	at := b.w.Customers[hospital]
	c := Customer{Kind: kind, place: at.place, Parent: hospital, Supplier: -1, Female: b.r.chance(0.5), Phone: mobile(b.r)}
	c.Name = personName(b.r, c.Female)
	c.Birth = b.w.Config.Until.AddDays(-b.r.between(minAge*365, maxAge*365))
	c.NationalID = residentID(b.r, b.places[b.r.IntN(len(b.places))].code, c.Birth, c.Female)
	return &b.w.Customers[b.add(c)]
}

func (b *builder) doctor(hospital int) {
	c := b.person(canonical.HCP, hospital, 26, 62)
	c.Department, c.Title, c.Post = skewed(b.r, departments), b.r.IntN(len(titles)), pick(b.r, posts)
}

func (b *builder) patient(hospital int) {
	c := b.person(canonical.Patient, hospital, 18, 88)
	c.Address = b.address()
}
