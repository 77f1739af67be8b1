package sandbox

import (
	"crypto"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

// system is one system of the cast: what of the world it holds, how it is served, and how it is connected to.
type system struct {
	name      string // of the connection; the world's name of the source where it has customers
	connector string
	en, zh    string                                                  // the part it plays
	by        presence                                                // how it is there: served, listening, writing or pushing
	settings  func(s *stage) map[string]any                           // of the connection
	streams   []string                                                // that the hub pulls; the system may serve more
	maps      map[string]string                                       // maps of streams that the connector has none for
	party     func(w *world.World) int                                // customer index of who reports its ledgers; nil = the company, or who its rows say
	id        func(kind canonical.CustomerKind, record string) string // key of a record of the world in this system; nil = the record's own
}

// stage is what systems share while they run.
type stage struct {
	w       *world.World
	dir     string
	url     string // of the sandbox; in the settings of a system, where it is reached
	now     func() time.Time
	private string // key of the client that the hospital knows, PEM
	public  crypto.PublicKey
	bills   []map[string]any // sales orders that the maker's ERP kept from the start before
}

// cast lists the systems in the order in which they are best pulled: the maker's own products and customers come first.
// A new system is one entry here, with its part of the world in world.systems.
func cast() []system {
	return []system{
		ownERP(), salesForceSystem(), flowFiles(), pharmacyChain(),
		specialty(), retail(), county(), northern(), western(), shandong(), hospital(),
		registry(), vaccines(), master(), direct(), hotline(), codes(), partner(),
	}
}

// Role is a system of the cast for people who choose.
type Role struct{ Name, Connector, EN, ZH string }

// Cast lists the systems that a sandbox runs.
func Cast() (out []Role) {
	for _, s := range cast() {
		out = append(out, s.role())
	}
	return out
}

func (s *system) role() Role { return Role{s.name, s.connector, s.en, s.zh} }

// Cast lists the systems that run.
func (sb *Sandbox) Cast() (out []Role) {
	for _, s := range sb.cast {
		out = append(out, s.role())
	}
	return out
}

func choose(only []string) (out []system, err error) {
	var known []string
	for _, s := range cast() {
		known = append(known, s.name)
		if len(only) == 0 || slices.Contains(only, s.name) {
			out = append(out, s)
		}
	}
	for _, name := range only {
		if !slices.Contains(known, name) {
			return nil, errs.New(errs.Invalid, "connectors.sandbox_system", errs.Args{"name": name, "known": strings.Join(known, ", ")})
		}
	}
	return out, nil
}

// key is the system's key of a record of the world.
func (s *system) key(kind canonical.CustomerKind, record string) string {
	if s.id == nil {
		return record
	}
	return s.id(kind, record)
}
