package hub

import (
	"log/slog"
	"os/user"
	"time"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/store"
)

// Hub is what every use case needs. The zero value is not usable; all fields are required. Safe for concurrent use.
type Hub struct {
	DB       *store.DB // nil for the use cases of connections, which need no store
	Config   *config.Config
	Registry *connectors.Registry
	Now      func() time.Time
	Began    time.Time // when the process began, by Now; it tries once what was refused before (see credentials.go), zero: nothing
	Actor    Actor
	Log      *slog.Logger

	metrics *Metrics // of a running service, else nil
}

// Actor is who asks.
type Actor struct {
	Name string // os:<user>, or the user of a token
	Role Role
}

// Role bounds what an actor may do.
type Role string

// Roles.
const (
	Admin   Role = "admin"
	IT      Role = "it"
	Steward Role = "steward"
	Quality Role = "quality"
	CRM     Role = "crm"
	Auditor Role = "auditor"
)

// MayUnmask reports whether the role may see personal fields, with a reason that is recorded.
func (r Role) MayUnmask() bool { return r == Admin || r == Steward || r == Quality }

// MayDecide reports whether the role may decide about customers: merge, split, override, erase.
func (r Role) MayDecide() bool { return r == Admin || r == Steward }

// LocalActor is the actor of a command on this machine.
func LocalActor(c *config.Config) Actor {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return Actor{Name: "os:" + name, Role: Role(c.Role())}
}
