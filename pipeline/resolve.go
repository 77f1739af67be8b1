package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"tributary/dedupe"
	"tributary/normalize"
	"tributary/store"
)

// Resolver makes golden customers of source records and mentions: it blocks and scores what changed, clusters the
// components of the keep-graph that are touched, keeps golden ids with their customers, and writes golden records,
// crosswalk, affiliations, questions and events. It is safe in several processes: one works at a time, the others wait
// for its lease.
//
// Membership and content of golden records depend only on the current records, the model and the judgements, never on
// order or portions (invariant 5). It may be killed at any moment: a record stays dirty until everything that follows
// from it is stored.
type Resolver struct {
	DB *store.DB
	// Engine gives the engine in use. It is asked under the lease, because another process may have changed the model.
	Engine  func(context.Context) (*dedupe.Engine, error)
	Policy  dedupe.Survivor
	Company string // the source whose ids are the company's own codes
	Log     *slog.Logger
	// Portion bounds the records taken at once; 0 = 20,000. More than that are held in memory only when most of all
	// records changed.
	Portion int
}

// ResolveReport says what a run did.
type ResolveReport struct {
	Records     int64         `json:"records"`     // dirty records worked off
	Compared    int64         `json:"compared"`    // candidate pairs scored
	Clusters    int64         `json:"clusters"`    // customers looked at
	Created     int64         `json:"created"`     // golden ids
	Updated     int64         `json:"updated"`     //
	Merged      int64         `json:"merged"`      // ids that redirect now
	Split       int64         `json:"split"`       // ids that lost records to another one
	Inactivated int64         `json:"inactivated"` //
	Relinked    int64         `json:"relinked"`    // records that moved to another golden record
	Activities  int64         `json:"activities"`  // activities whose customer was found, so that their event was written
	Questions   int64         `json:"questions"`   // open in the review queue
	Largest     int           `json:"largest"`     // largest component of the keep-graph
	Oversize    int           `json:"oversize"`    // keys too common to be used
	Cut         int           `json:"cut"`         // edges left out because a component was too large
	Took        time.Duration `json:"took_ns"`
}

const (
	resolveLease   = 5 * time.Minute // scoring and clustering a portion may take longer than a unit of work to write
	resolvePortion = 20_000
	resolveUnit    = 400 // records of a unit of work: each has its keys, edges, links and events
	settingModel   = "dedupe.model"
)

// Run works off all dirty records and returns.
func (r *Resolver) Run(ctx context.Context) (ResolveReport, error) { return r.run(ctx, false, nil) }

// All resolves every record again.
func (r *Resolver) All(ctx context.Context) (ResolveReport, error) { return r.run(ctx, true, nil) }

// Unit runs one unit of work under the resolver's lease.
type Unit func(fn func(*store.Tx) error) error

// Apply works off all dirty records, lets a steward's input be written, and works off what that made dirty, all under
// one lease: decide sees golden records that no other run changes, and no run misses what it writes. decide may read
// the database as it likes and writes through its unit. When decide fails its earlier units stay written, and what they
// made dirty is left to the next run.
func (r *Resolver) Apply(ctx context.Context, decide func(Unit) error) (ResolveReport, error) {
	return r.run(ctx, false, decide)
}

func (r *Resolver) run(ctx context.Context, all bool, decide func(Unit) error) (ResolveReport, error) {
	lease, err := r.DB.AcquireWait(ctx, "resolve", resolveLease, leasePoll)
	if err != nil {
		return ResolveReport{}, fmt.Errorf("resolve: %w", err)
	}
	started := r.DB.Now()
	run := resolveRun{Resolver: r, lease: lease, cache: map[int64]prepared{}, asOf: started}
	err = run.work(ctx, all)
	if err == nil && decide != nil {
		if err = decide(func(fn func(*store.Tx) error) error { return run.unit(ctx, fn) }); err == nil {
			err = run.work(ctx, false)
		}
	}
	run.report.Took = r.DB.Now().Sub(started)
	err = errors.Join(err, r.DB.Release(ctx, lease))
	if err != nil {
		return run.report, fmt.Errorf("resolve: %w", err)
	}
	return run.report, nil
}

// resolveRun is one run at work under the lease.
type resolveRun struct {
	*Resolver
	engine    *dedupe.Engine
	lease     *store.Lease
	report    ResolveReport
	aliases   *store.PartyAliases
	cache     map[int64]prepared
	compare   Comparer
	refreshed map[int64]int64 // records whose keys and edges are up to date though they wait, and their versions
	portion   map[int64]bool  // the dirty records at hand: only these are done after the step
	persons   bool            // the stage: persons are decided, not organisations
	parted    bool            // persons belong to no golden organisation any more
	asOf      time.Time       // judgements and overrides that expire later are in force
}

// prepared is a record as it was read, and its comparable form; comparable is nil when it does not live.
type prepared struct {
	record     *store.CustomerRecord
	comparable *dedupe.Record
}

func (r *resolveRun) work(ctx context.Context, all bool) error {
	engine, err := r.Engine(ctx)
	if err != nil {
		return err
	}
	if r.engine != nil && r.engine.Version() != engine.Version() {
		clear(r.cache) // prepared for another model
	}
	r.engine = engine
	r.compare = Comparer{DB: r.DB, Engine: engine}
	r.refreshed = map[int64]int64{}
	if err := r.activate(ctx, all); err != nil {
		return err
	}
	if err := r.lapse(ctx); err != nil {
		return err
	}
	for {
		some, err := r.step(ctx)
		if err != nil {
			return err
		}
		if !some {
			break
		}
	}
	if err := r.activities(ctx); err != nil {
		return err
	}
	n, err := r.DB.CountQuestions(ctx)
	r.report.Questions = n
	return err
}

// activate marks every record dirty when it is asked for, or when the stored keys and edges belong to another model or
// other rules.
func (r *resolveRun) activate(ctx context.Context, all bool) error {
	have, err := r.DB.Setting(ctx, settingModel)
	if err != nil {
		return err
	}
	want := fmt.Sprintf("%s rules %s.%d", r.engine.Version(), normalize.Version(), dedupe.RulesVersion)
	if have == want && !all {
		return nil
	}
	for from := int64(0); (have != "" || all) && from >= 0; {
		err := r.DB.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.Hold(ctx, r.lease); err != nil {
				return err
			}
			next, err := tx.MarkAllCustomersDirty(ctx, from)
			if from = next; next == 0 {
				from = -1
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("mark all records: %w", err)
		}
	}
	return r.unit(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, settingModel, want) })
}

// lapse wakes the records of what has expired since the last run: an expiry is a timer that marks records dirty.
func (r *resolveRun) lapse(ctx context.Context) error {
	waits, err := r.DB.Expired(ctx, store.Micros(r.asOf))
	if err != nil || !waits {
		return err
	}
	return r.unit(ctx, func(tx *store.Tx) error {
		if err := tx.LapseJudgements(ctx, store.Micros(r.asOf)); err != nil {
			return err
		}
		return tx.LapseOverrides(ctx, store.Micros(r.asOf))
	})
}

// unit is one unit of work under the lease.
func (r *resolveRun) unit(ctx context.Context, fn func(*store.Tx) error) error {
	return r.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, r.lease); err != nil {
			return err
		}
		return fn(tx)
	})
}

// step works off one portion of dirty records; false when there was none. Organisations come first, and everything that
// makes them what they are: persons are compared by where they work.
func (r *resolveRun) step(ctx context.Context) (bool, error) {
	if some, err := r.affiliationRecords(ctx); err != nil || some {
		return true, err
	}
	portion, err := r.portionSize(ctx)
	if err != nil {
		return false, err
	}
	for _, persons := range []bool{false, true} {
		ids, err := r.DB.DirtyCustomers(ctx, persons, 0, portion+1)
		if err != nil {
			return false, err
		}
		if len(ids) == 0 {
			continue
		}
		if r.aliases, err = r.DB.PartyAliases(ctx); err != nil {
			return false, err
		}
		if r.persons = persons; persons && !r.parted {
			return true, r.part(ctx, portion)
		}
		r.parted = persons
		return true, r.workOff(ctx, ids, portion)
	}
	return false, nil
}

// part takes the records that turned out to be persons out of their golden organisations.
func (r *resolveRun) part(ctx context.Context, portion int) error {
	turned, err := r.DB.DirtyPersonsInOrganisations(ctx)
	if err != nil {
		return err
	}
	r.persons, r.parted = false, true
	for ids := range slices.Chunk(turned, portion) {
		if err := r.take(ctx, ids); err != nil {
			return err
		}
		clear(r.portion) // their own stage is still to come
		c, err := r.closure(ctx, ids)
		if err != nil {
			return err
		}
		if err := r.settle(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// workOff resolves the first portion of the records that wait.
func (r *resolveRun) workOff(ctx context.Context, ids []int64, portion int) error {
	if len(ids) > portion {
		if err := r.refresh(ctx, ids, portion); err != nil {
			return err
		}
		ids = ids[:portion]
	}
	if err := r.take(ctx, ids); err != nil {
		return err
	}
	g := graphStep{resolveRun: r}
	for _, id := range ids {
		if version, done := r.refreshed[id]; !done || version != r.cache[id].record.Version {
			g.dirty = append(g.dirty, id)
		}
		delete(r.refreshed, id)
	}
	seeds, err := g.update(ctx)
	if err != nil {
		return err
	}
	c, err := r.closure(ctx, union(ids, seeds))
	if err != nil {
		return err
	}
	if err := r.settle(ctx, c); err != nil {
		return err
	}
	r.report.Records += int64(len(ids))
	return nil
}

// take reads a portion of dirty records.
func (r *resolveRun) take(ctx context.Context, ids []int64) error {
	if int64(len(r.cache)) > maxInMemory {
		clear(r.cache)
	}
	r.compare.Forget() // what the step before wrote
	r.portion = make(map[int64]bool, len(ids))
	for _, id := range ids {
		r.portion[id] = true
	}
	return r.load(ctx, ids, true)
}

// refresh brings the keys and edges of everything that waits up to date before the first portion of it is decided. Decided
// by the evidence of some of the portions, customers would merge and part again within a run, and lose their ids by it.
func (r *resolveRun) refresh(ctx context.Context, first []int64, portion int) error {
	if !slices.ContainsFunc(first, func(id int64) bool { _, done := r.refreshed[id]; return !done }) {
		return nil
	}
	for after := int64(0); ; {
		ids, err := r.DB.DirtyCustomers(ctx, r.persons, after, portion)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		ids = slices.DeleteFunc(ids, func(id int64) bool { _, done := r.refreshed[id]; return done })
		if len(ids) == 0 {
			continue
		}
		if err := r.take(ctx, ids); err != nil {
			return err
		}
		g := graphStep{resolveRun: r, dirty: ids}
		if _, err := g.update(ctx); err != nil {
			return err
		}
		for _, id := range ids {
			r.refreshed[id] = r.cache[id].record.Version
		}
	}
}

// portionSize is larger when most records changed: then partners are in the portion anyway, and read once.
func (r *resolveRun) portionSize(ctx context.Context) (int, error) {
	if r.Portion > 0 {
		return r.Portion, nil
	}
	dirty, err := r.DB.CountDirtyCustomers(ctx)
	if err != nil || dirty <= resolvePortion {
		return resolvePortion, err
	}
	all, _, err := r.DB.CountCustomers(ctx)
	if dirty*2 > all {
		return int(min(dirty, maxInMemory)), err
	}
	return resolvePortion, err
}

// maxInMemory bounds the records held at once.
const maxInMemory = 500_000

// load reads and prepares records; fresh reads those again that are cached.
func (r *resolveRun) load(ctx context.Context, ids []int64, fresh bool) error {
	var missing []int64
	for _, id := range ids {
		if _, have := r.cache[id]; fresh || !have {
			missing = append(missing, id)
		}
	}
	records, err := r.DB.CustomerRecords(ctx, missing)
	if err != nil {
		return err
	}
	var living []store.CustomerRecord
	for _, rec := range records {
		r.cache[rec.ID] = prepared{record: &rec}
		if rec.Living() {
			living = append(living, rec)
		}
	}
	ready, err := r.compare.Prepare(ctx, living, r.aliases)
	for _, p := range ready {
		if p != nil {
			r.cache[p.ID] = prepared{r.cache[p.ID].record, p}
		}
	}
	return err
}

// inUnits calls fn with at most resolveUnit items at a time.
func inUnits[T any](items []T, fn func([]T) error) error {
	for len(items) > 0 {
		n := min(resolveUnit, len(items))
		if err := fn(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
