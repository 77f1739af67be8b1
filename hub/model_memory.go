package hub

import (
	"context"
	"slices"
	"strconv"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// memoryLimit bounds the records that a dry run, a training or a deep quality report holds in memory, unless asked
// otherwise: about 10 KB each with their keys and pairs.
const memoryLimit = 200_000

// inMemory reads the living records that wanted selects, made comparable. More than limit of them are refused
// (0 = memoryLimit).
func (h *Hub) inMemory(ctx context.Context, compare *pipeline.Comparer, limit int, wanted func(*store.CustomerRecord) bool) ([]*dedupe.Record, error) {
	if limit <= 0 {
		limit = memoryLimit
	}
	aliases, err := h.DB.PartyAliases(ctx)
	if err != nil {
		return nil, err
	}
	var out []*dedupe.Record
	err = h.DB.EachCustomer(ctx, func(list []store.CustomerRecord) error {
		list = slices.DeleteFunc(list, func(r store.CustomerRecord) bool { return !r.Living() || !wanted(&r) })
		if len(out)+len(list) > limit {
			return errs.New(errs.Conflict, "model.too_many", errs.Args{"limit": limit})
		}
		ready, err := compare.Prepare(ctx, list, aliases)
		out = append(out, ready...)
		return err
	})
	return out, err
}

func everyRecord(*store.CustomerRecord) bool { return true }

// memory is every living record, resolved without anything being stored.
type memory struct {
	records []*dedupe.Record
	result  *dedupe.Result
	compare *pipeline.Comparer // compares professionals by the organisations of result
}

// resolveInMemory resolves every record under an engine, as the resolver would: organisations first, because
// professionals are compared by the golden organisations they link to.
func (h *Hub) resolveInMemory(ctx context.Context, engine *dedupe.Engine, limit int, judgements []dedupe.Judgement) (*memory, error) {
	if limit <= 0 {
		limit = memoryLimit
	}
	houses := trialHouses{Hub: h, engine: engine, cluster: map[canonical.RecordKey]int{}}
	m := &memory{compare: &pipeline.Comparer{DB: h.DB, Engine: engine, Houses: houses.find}}
	isHouse := func(r *store.CustomerRecord) bool { return !r.Customer.Kind.Person() }
	var err error
	if m.records, err = h.inMemory(ctx, m.compare, limit, isHouse); err != nil {
		return nil, err
	}
	if m.result, err = engine.Resolve(ctx, m.records, judgements); err != nil {
		return nil, err
	}
	houses.take(m.records, m.result)
	persons, err := h.inMemory(ctx, m.compare, limit, func(r *store.CustomerRecord) bool { return !isHouse(r) })
	if err != nil {
		return nil, err
	}
	if len(m.records)+len(persons) > limit {
		return nil, errs.New(errs.Conflict, "model.too_many", errs.Args{"limit": limit})
	}
	rest, err := engine.Resolve(ctx, persons, judgements)
	if err != nil {
		return nil, err
	}
	m.records = append(m.records, persons...)
	m.result.Join(rest)
	return m, nil
}

// trialHouses makes the golden organisations of a resolution in memory, those that are asked for.
type trialHouses struct {
	*Hub
	engine   *dedupe.Engine
	clusters []dedupe.Cluster
	cluster  map[canonical.RecordKey]int
}

func (t *trialHouses) take(records []*dedupe.Record, result *dedupe.Result) {
	key := make(map[int64]canonical.RecordKey, len(records))
	for _, r := range records {
		key[r.ID] = r.Key
	}
	t.clusters = result.Clusters
	for i, c := range t.clusters {
		for _, m := range c.Members {
			t.cluster[key[m]] = i
		}
	}
}

func (t *trialHouses) find(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]*dedupe.Workplace, error) {
	made := map[int]*dedupe.Workplace{}
	out := map[canonical.RecordKey]*dedupe.Workplace{}
	for _, k := range keys {
		i, ok := t.cluster[k]
		if !ok {
			continue
		}
		if made[i] == nil {
			golden, err := t.golden(ctx, i)
			if err != nil {
				return nil, err
			}
			made[i] = t.engine.Workplace(canonical.DeriveID("trial", strconv.Itoa(i)), &golden)
		}
		out[k] = made[i]
	}
	return out, nil
}

// golden is the golden record of a cluster, with what stewards set at it.
func (t *trialHouses) golden(ctx context.Context, i int) (canonical.Customer, error) {
	records, err := t.DB.CustomerRecords(ctx, t.clusters[i].Members)
	if err != nil {
		return canonical.Customer{}, err
	}
	members := make([]dedupe.Member, len(records))
	keys := make([]canonical.RecordKey, len(records))
	for n, r := range records {
		members[n], keys[n] = dedupe.Member{Key: r.Key, Trust: r.Trust, Updated: r.Updated, Customer: r.Customer}, r.Key
	}
	set, err := t.DB.OverridesOf(ctx, keys, store.Micros(t.Now()))
	if err != nil {
		return canonical.Customer{}, err
	}
	var overrides []dedupe.Override
	for _, o := range set {
		first := slices.IndexFunc(o.Anchors, func(k canonical.RecordKey) bool { _, living := t.cluster[k]; return living })
		if first >= 0 && t.cluster[o.Anchors[first]] == i {
			overrides = append(overrides, o.Dedupe())
		}
	}
	return t.Resolver().Policy.Survive(members, overrides).Customer, nil
}
