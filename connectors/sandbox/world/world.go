package world

import (
	"fmt"
	"math"

	"tributary/canonical"
)

// Config describes a world.
type Config struct {
	Seed  uint64
	Scale float64        // 1 = 10,000 true customers; at least 0.02
	Until canonical.Date // last day of the year that is simulated
}

// World is the truth and what the systems see of it.
type World struct {
	Config    Config
	Maker     int // customer index of the manufacturer
	Reporting [2]int
	ChainHQ   int   // the pharmacy chain that answers by REST
	Stores    []int // its stores
	Customers []Customer
	Products  []Product
	Lots      []Lot
	Movements []Movement
	Ledgers   Ledgers
	Linked    int // customer index of the distributor whose database is read
	Hospital  int // customer index of the hospital whose information system answers
	Complaint Complaint
	Cases     []Case
	systems   []system
	views     map[System][]view
	packs     []packed               // of each line of the maker's sales: how many packs of its lot had left before
	stored    []packed               // of each lot: how many have left
	accounts  map[System]map[int]int // of systems that file others under organisations: customer → its first record
}

// Shares of true customers at scale 1.
const (
	hospitals    = 520
	clinics      = 430
	independents = 620
	chains       = 20
	distributors = 70
	ownStores    = 300  // of the reporting chain
	otherStores  = 1040 // of the other chains
	doctors      = 3000
	patients     = 3999
)

// Days simulated.
const days = 365

// New makes a world.
func New(c Config) (*World, error) {
	if c.Scale < 0.02 || math.IsNaN(c.Scale) || c.Scale > 1000 {
		return nil, fmt.Errorf("scale %v is not between 0.02 and 1000", c.Scale)
	}
	if c.Until.IsZero() {
		return nil, fmt.Errorf("a world needs a last day")
	}
	places, err := loadPlaces()
	if err != nil {
		return nil, err
	}
	w := &World{Config: c, systems: systems()}
	w.populate(places)
	w.Products = products()
	w.simulate()
	w.useUp()
	w.resell()
	w.pack()
	w.look()
	w.complain()
	return w, nil
}

// count scales a share, at least to four: there must be someone beside those who report.
func (w *World) count(share int) int { return max(4, int(math.Round(float64(share)*w.Config.Scale))) }

// From is the first day that is simulated.
func (w *World) From() canonical.Date { return w.Config.Until.AddDays(1 - days) }
