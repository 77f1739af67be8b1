// Package sandbox runs simulated source systems over one seeded world: an ERP that speaks Kingdee's protocol, a sales
// force system that speaks Neocrm's, a pharmacy chain with a REST API, and the flow files of two distributors; for trying
// connectors also the sales force as Salesforce, Dynamics 365 and Fxiaoke hold it, the ERP as SAP, YonBIP and U8+ do, and
// hospitals behind FHIR, which Config leaves out. People try mappings on it, demonstrations and tests pull from it.
//
//	sb, err := sandbox.Start(ctx, sandbox.Config{Dir: dir, Seed: 1, Scale: 1, Now: time.Now})
//	defer sb.Close()
//	fmt.Print(sb.Config()) // the configuration that points at it
//
// The systems fail as real ones do when Config.Faults says so. A Sandbox is safe for concurrent use; it listens on
// loopback unless told otherwise, and everything in it is invented, credentials too.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfhir"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/simpharmacy"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

// Config describes a sandbox.
type Config struct {
	Listen string           // address; "" = a free port on loopback
	Dir    string           // where files are written; must exist
	Seed   uint64           //
	Scale  float64          // 0 = 1
	Until  canonical.Date   // last day of the world; zero = yesterday by Now
	Faults string           // plan of package fault, for every system alike
	Now    func() time.Time // needed
}

// Sandbox is a running set of systems.
type Sandbox struct {
	world    *world.World
	dir      string
	url      string
	server   *http.Server
	served   chan error
	Kingdee  *simkingdee.Server
	Neocrm   *simneocrm.Server
	Pharmacy *simpharmacy.Server
}

// Start makes the world, writes the files and serves the systems until Close.
func Start(ctx context.Context, c Config) (*Sandbox, error) {
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.Until.IsZero() {
		c.Until = canonical.DateOf(c.Now().In(zone)).AddDays(-1)
	}
	plan := func() (*fault.Set, error) { return fault.Parse(c.Faults) }
	if _, err := plan(); err != nil {
		return nil, errs.New(errs.Invalid, "connectors.faults", errs.Args{"why": err.Error()})
	}
	w, err := world.New(world.Config{Seed: c.Seed, Scale: c.Scale, Until: c.Until})
	if err != nil {
		return nil, errs.New(errs.Invalid, "connectors.world", errs.Args{"why": err.Error()})
	}
	sb := &Sandbox{world: w, dir: c.Dir, served: make(chan error, 1)}
	if err := sb.write(ctx); err != nil {
		return nil, fmt.Errorf("write the sandbox's files: %w", err)
	}
	_, key, err := FHIRKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	mux := http.NewServeMux()
	mount := func(prefix string, handler func(*fault.Set) http.Handler) error {
		faults, err := plan()
		if err != nil {
			return err
		}
		mux.Handle(prefix, fault.Transport{Faults: faults, Now: c.Now, RetryAfter: time.Second, Delay: 10 * time.Second}.Wrap(handler(faults)))
		return nil
	}
	err = errors.Join(
		mount("/kingdee/", func(f *fault.Set) http.Handler { sb.Kingdee = NewKingdee(w, c.Now, f); return sb.Kingdee }),
		mount("/neocrm/", func(f *fault.Set) http.Handler { sb.Neocrm = NewNeocrm(w, c.Now, f); return sb.Neocrm }),
		mount("/pharmacy/", func(f *fault.Set) http.Handler { sb.Pharmacy = NewPharmacy(w, c.Now, f); return sb.Pharmacy }),
		mount("/dynamics/", func(f *fault.Set) http.Handler { return NewDynamics(w, c.Now, f) }),
		mount("/fxiaoke/", func(f *fault.Set) http.Handler { return NewFxiaoke(w, c.Now, f) }),
		mount("/s4hana/", func(f *fault.Set) http.Handler { return NewSAP(w, c.Now, f) }),
		mount("/yonbip/", func(f *fault.Set) http.Handler { return NewYonyou(YonyouTenant(c.Now, f), YonyouLists(w, false)) }),
		mount("/u8/", func(f *fault.Set) http.Handler { return NewU8(U8Enterprise(c.Now, f), U8Lists(w)) }),
		mount("/fhir/", func(f *fault.Set) http.Handler {
			return simfhir.New(FHIRServer("/fhir", key, c.Now, f), FHIRTypes(w)...)
		}),
		mount("/salesforce/", func(f *fault.Set) http.Handler { return NewSalesforce(w, c.Now, f) }),
	)
	if err != nil {
		return nil, err
	}
	if err := sb.serve(ctx, c.Listen, mux); err != nil {
		return nil, err
	}
	return sb, nil
}

func (sb *Sandbox) write(ctx context.Context) error {
	flow, masters := filepath.Join(sb.dir, FlowFolder), filepath.Join(sb.dir, MasterFolder)
	for _, dir := range []string{flow, masters} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := writeFlows(ctx, sb.world, flow); err != nil {
		return err
	}
	return writeMasters(ctx, sb.world, masters)
}

func (sb *Sandbox) serve(ctx context.Context, listen string, handler http.Handler) error {
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return errs.New(errs.Unavailable, "connectors.sandbox_port", errs.Args{"address": listen, "why": err.Error()})
	}
	sb.url = "http://" + l.Addr().String()
	sb.server = &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { sb.served <- sb.server.Serve(l) }()
	return nil
}

// URL is the address of the systems, without a path.
func (sb *Sandbox) URL() string { return sb.url }

// World is the truth behind the systems.
func (sb *Sandbox) World() *world.World { return sb.world }

// Close stops serving and waits for it. Files stay.
func (sb *Sandbox) Close() error {
	err := sb.server.Close()
	if served := <-sb.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Credentials of the simulated systems. They open nothing else.
const (
	kingdeeAcct, kingdeeUser = "6400aabbccdd", "integration"
	kingdeeApp               = "100001_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
	kingdeeSecret            = "sandbox-kingdee-app-secret"
	kingdeePassword          = "sandbox-kingdee-password"
	neocrmClient, neocrmUser = "sandbox-client", "integration@sandbox.example"
	neocrmSecret             = "sandbox-neocrm-client-secret"
	neocrmPassword           = "sandbox-neocrm-password"
	neocrmToken              = "AbCd1234"
	pharmacyToken            = "sandbox-pharmacy-token"
	dynamicsTenant           = "00000000-0000-4000-8000-000000000001"
	dynamicsClient           = "00000000-0000-4000-8000-000000000002"
	dynamicsSecret           = "sandbox-dynamics-client-secret"
	salesforceClient         = "3MVG9sandbox"
	salesforceSecret         = "sandbox-salesforce-client-secret"
	fxiaokeApp, fxiaokeUser  = "FSAID_sandbox", "1000"
	fxiaokeSecret            = "sandbox-fxiaoke-app-secret"
	sapUser, sapClient       = "TRIBUTARY", "sb-sandbox"
	sapPassword              = "sandbox-sap-password"
	sapSecret                = "sandbox-sap-client-secret"
	yonyouTenant, yonyouKey  = "sandbox1", "41832a3d2df94989b500da6a22268747"
	yonyouSecret             = "sandbox-yonyou-app-secret"
	u8From, u8To, u8Key      = "sandbox_dev", "sandbox_ent", "opa7e0a4e2f0b1c3d4e5"
	u8Secret                 = "sandbox-u8-app-secret"
	fhirClient, fhirKeyID    = "tributary", "sandbox-1"
	fxiaokeCode              = "sandbox-fxiaoke-permanent-code"
)

// NewKingdee is the ERP over a world, to be served under any path that ends in /K3Cloud/.
func NewKingdee(w *world.World, now func() time.Time, f *fault.Set) *simkingdee.Server {
	return simkingdee.New(simkingdee.Options{
		AcctID: kingdeeAcct, User: kingdeeUser, Password: kingdeePassword, AppID: kingdeeApp, AppSecret: kingdeeSecret, Now: now, Faults: f,
	}, KingdeeTables(w)...)
}

// NewNeocrm is the sales force system over a world, to be served under any path.
func NewNeocrm(w *world.World, now func() time.Time, f *fault.Set) *simneocrm.Server {
	return simneocrm.New(simneocrm.Options{
		ClientID: neocrmClient, ClientSecret: neocrmSecret, Username: neocrmUser, Password: neocrmPassword, SecurityToken: neocrmToken, Now: now, Faults: f,
	}, NeocrmObjects(w)...)
}

// NewPharmacy is the chain's API over a world, to be served under /pharmacy/v1.
func NewPharmacy(w *world.World, now func() time.Time, f *fault.Set) *simpharmacy.Server {
	return simpharmacy.New(simpharmacy.Options{Token: pharmacyToken, Prefix: "/pharmacy/v1", Now: now, Faults: f}, PharmacyLists(w))
}
