// Package sandbox runs simulated source systems over one seeded world, each with its own part of it: the maker's ERP and
// sales force, a pharmacy chain, distributors' flow files, and the systems that a grown company has beside them. Cast
// lists them. People try mappings on it, demonstrations and tests pull from it.
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
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"tributary/canonical"
	"tributary/connectors/sandbox/fault"
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
	Only   []string         // names of the systems to run; none = all of Cast
	Faults string           // plan of package fault, for every system alike
	Now    func() time.Time // needed
}

// Sandbox is a running set of systems.
type Sandbox struct {
	stage
	cast      []system
	listen    string            // address that was asked for
	addresses map[string]string // of systems, by name
	mux       *http.ServeMux    // of those that answer over HTTP
	running   []server
	served    errgroup.Group
}

// Start makes the world, writes the files and serves the systems until Close.
func Start(ctx context.Context, c Config) (_ *Sandbox, err error) {
	if c.Scale == 0 {
		c.Scale = 1
	}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Until.IsZero() {
		c.Until = canonical.DateOf(c.Now().In(zone)).AddDays(-1)
	}
	if _, err := fault.Parse(c.Faults); err != nil {
		return nil, errs.New(errs.Invalid, "connectors.faults", errs.Args{"why": err.Error()})
	}
	chosen, err := choose(c.Only)
	if err != nil {
		return nil, err
	}
	w, err := world.New(world.Config{Seed: c.Seed, Scale: c.Scale, Until: c.Until})
	if err != nil {
		return nil, errs.New(errs.Invalid, "connectors.world", errs.Args{"why": err.Error()})
	}
	private, public, err := FHIRKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	sb := &Sandbox{
		stage: stage{w: w, dir: c.Dir, now: c.Now, private: private, public: public},
		cast:  chosen, listen: c.Listen, addresses: map[string]string{}, mux: http.NewServeMux(),
	}
	if err := sb.open(ctx, c.Faults); err != nil {
		return nil, errors.Join(err, sb.Close())
	}
	return sb, nil
}

// open brings the systems up, each with faults of its own.
func (sb *Sandbox) open(ctx context.Context, faults string) error {
	if err := sb.write(ctx); err != nil {
		return fmt.Errorf("write the sandbox's files: %w", err)
	}
	l, err := sb.nextListener(ctx)
	if err != nil {
		return err
	}
	sb.url = "http://" + l.Addr().String()
	sb.run(&http.Server{Handler: sb.mux, ReadHeaderTimeout: 10 * time.Second}, l)
	for _, s := range sb.cast {
		set, err := fault.Parse(faults)
		if err != nil {
			return err
		}
		if sb.addresses[s.name], err = s.by.open(ctx, sb, set); err != nil {
			return fmt.Errorf("start %s: %w", s.name, err)
		}
	}
	return nil
}

// write writes the spreadsheets, and the maps of streams that their connectors have none for.
func (sb *Sandbox) write(ctx context.Context) error {
	masters := filepath.Join(sb.dir, MasterFolder)
	if err := os.MkdirAll(masters, 0o755); err != nil {
		return err
	}
	var err error
	if sb.bills, err = sb.keptBills(); err != nil {
		return err
	}
	if err := writeMasters(ctx, sb.w, masters); err != nil {
		return err
	}
	for _, s := range sb.cast {
		for stream, text := range s.maps {
			if err := os.WriteFile(sb.mapFile(s.name, stream), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// mapFile is the map of a stream that the connector has none for.
func (sb *Sandbox) mapFile(system, stream string) string {
	return filepath.Join(sb.dir, system+"-"+stream+".yaml")
}

// URL is the address of the systems, without a path.
func (sb *Sandbox) URL() string { return sb.url }

// World is the truth behind the systems.
func (sb *Sandbox) World() *world.World { return sb.w }

// Close stops serving and waits for it. Files stay.
func (sb *Sandbox) Close() error {
	var failures []error
	for _, s := range sb.running {
		failures = append(failures, s.Close())
	}
	return errors.Join(append(failures, sb.served.Wait())...)
}

// Credentials of the simulated systems. They open nothing else.
const (
	kingdeeAcct, kingdeeUser = "6400aabbccdd", "integration"
	kingdeeApp               = "100001_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"
	kingdeeSecret            = "planted-secret-kingdee-app-secret"
	kingdeePassword          = "planted-secret-kingdee-password"
	neocrmClient, neocrmUser = "sandbox-client", "integration@sandbox.example"
	neocrmSecret             = "planted-secret-neocrm-client-secret"
	neocrmPassword           = "planted-secret-neocrm-password"
	neocrmToken              = "AbCd1234"
	pharmacyToken            = "planted-secret-pharmacy-token"
	dynamicsTenant           = "00000000-0000-4000-8000-000000000001"
	dynamicsClient           = "00000000-0000-4000-8000-000000000002"
	dynamicsSecret           = "planted-secret-dynamics-client-secret"
	salesforceClient         = "3MVG9sandbox"
	salesforceSecret         = "planted-secret-salesforce-client-secret"
	fxiaokeApp, fxiaokeUser  = "FSAID_sandbox", "1000"
	fxiaokeSecret            = "planted-secret-fxiaoke-app-secret"
	sapUser, sapClient       = "TRIBUTARY", "sb-sandbox"
	sapPassword              = "planted-secret-sap-password"
	sapSecret                = "planted-secret-sap-client-secret"
	yonyouTenant, yonyouKey  = "sandbox1", "41832a3d2df94989b500da6a22268747"
	yonyouSecret             = "planted-secret-yonyou-app-secret"
	u8From, u8To, u8Key      = "sandbox_dev", "sandbox_ent", "opa7e0a4e2f0b1c3d4e5"
	u8Secret                 = "planted-secret-u8-app-secret"
	fhirClient, fhirKeyID    = "tributary", "sandbox-1"
	fxiaokeCode              = "planted-secret-fxiaoke-permanent-code"
	directPassword           = "planted-secret-direct-password"
	hotlineSecret            = "planted-secret-hotline-secret"
	msfxKey                  = "31234567"
	msfxSecret               = "planted-secret-msfx-app-secret"
	epcisClient              = "tributary"
	epcisSecret              = "planted-secret-epcis-client-secret"
	veevaUser                = "integration@sandbox.example"
	veevaPassword            = "planted-secret-veeva-password"
)
