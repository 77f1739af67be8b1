package world

import (
	"slices"
	"time"

	"tributary/canonical"
)

// Record is what one system knows of a customer, in that system's spelling.
type Record struct {
	System   System
	ID       string
	Truth    int // customer index
	Customer canonical.Customer
	Created  time.Time
	Modified time.Time
}

// zone is where the world lies.
var zone = time.FixedZone("+08:00", 8*3600)

// RecordID is the id of the i-th record of a system.
func (w *World) RecordID(sys System, i int) string { return w.systems[w.place(sys)].id(i) }

// place is where a system stands in the list.
func (w *World) place(sys System) int {
	return slices.IndexFunc(w.systems, func(s system) bool { return s.name == sys })
}

// Record is the i-th record of a system.
func (w *World) Record(sys System, i int) Record {
	v := w.views[sys][i]
	c := &w.Customers[v.truth]
	n := w.place(sys)
	s := &w.systems[n]
	r := w.random(forRecord, n, i)
	created := w.From().Time().Add(time.Duration(r.between(-500*24, 0))*time.Hour + time.Duration(r.between(0, 3599))*time.Second)
	out := Record{
		System: sys, ID: s.id(i), Truth: v.truth,
		Created:  created.In(zone),
		Modified: created.Add(time.Duration(r.between(0, int(w.Config.Until.Time().Sub(created)/time.Second))) * time.Second).In(zone),
	}
	h := s.habits.of(v.again)
	if c.Kind.Person() {
		out.Customer = w.person(r, h, c)
	} else {
		out.Customer = w.organisation(r, h, c)
	}
	out.Customer.Code = out.ID
	if s.staff && c.Kind.Person() {
		out.Customer.OrganisationID = w.AccountOf(sys, c.Parent)
	}
	return out
}

// AccountOf is a system's id of an organisation under which it files others, "" when it has none.
func (w *World) AccountOf(sys System, customer int) string {
	i, ok := w.accounts[sys][customer]
	if !ok {
		return ""
	}
	return w.RecordID(sys, i)
}

func (w *World) organisation(r random, h habits, c *Customer) canonical.Customer {
	out := canonical.Customer{Kind: c.Kind, Name: spell(r, h, c.Name, c.place)}
	if c.Former != "" && r.chance(h.former) {
		out.Name = spell(r, h, c.Former, c.place)
	}
	if r.chance(h.uscc) {
		out.USCC = c.USCC
		if r.chance(h.typo / 2) {
			out.USCC = typoDigit(r, out.USCC)
		}
	}
	if r.chance(h.licence) {
		out.LicenceNo = c.Licence
	}
	if c.Kind == canonical.Hospital && r.chance(h.detail) {
		out.Level = c.Level
		if r.chance(0.3) {
			out.Level = shortLevel[c.Level]
		}
	}
	road := c.Address
	if c.OldAddress != "" && r.chance(0.4) {
		road = c.OldAddress
	}
	out.Address = address(r, h, c.place, road)
	if r.chance(h.phone) {
		out.Phones = []string{phone(r, h, c.Phone)}
	}
	return out
}

var shortLevel = map[string]string{"三级甲等": "三甲", "三级乙等": "三乙", "二级甲等": "二甲", "二级乙等": "二乙", "一级甲等": "一甲"}

func (w *World) person(r random, h habits, c *Customer) canonical.Customer {
	at := &w.Customers[c.Parent]
	out := canonical.Customer{Kind: c.Kind, Name: spellPerson(r, h, c.Name), Organisation: spell(r, h, at.Name, at.place)}
	if r.chance(h.detail) {
		out.Gender = map[bool]string{false: "男", true: "女"}[c.Female]
	}
	if r.chance(h.phone) {
		out.Phones = []string{phone(r, h, c.Phone)}
	}
	if c.Kind == canonical.Patient {
		if r.chance(h.detail) {
			out.BirthDate = c.Birth
			if r.chance(h.typo / 2) {
				out.BirthDate = c.Birth.AddDays(r.between(1, 27))
			}
		}
		if r.chance(h.identity) {
			out.NationalID = c.NationalID
		}
		out.Address = address(r, h, at.place, c.Address)
		return out
	}
	out.Department = c.Department
	if r.chance(h.abbreviate) {
		out.Department = shortDepartment(c.Department)
	}
	title := c.Title
	if title > 0 && r.chance(h.oldTitle) {
		title--
	}
	if r.chance(h.detail) {
		out.Title = titles[title]
	}
	if r.chance(h.detail) {
		out.AdminTitle = c.Post
	}
	out.Tier = pick(r, split("A B B C C C"))
	out.Address = canonical.Address{City: at.place.city}
	return out
}
