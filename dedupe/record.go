package dedupe

import (
	"time"

	"tributary/canonical"
)

// Input is a source record or a mention as the engine takes it.
type Input struct {
	ID       int64 // record number, unique among the records of a run
	Source   string
	SourceID string
	Trust    int // 0 for a mention; greater is more trusted
	Customer canonical.Customer
	Updated  time.Time
	// Reference names the source whose ids the reporting party uses, for a mention: its Customer.Code is looked up there.
	Reference string
	// Targets are whom aliases of the reporting party name for this mention: the company's own code, or one record as
	// "source|id". Aliases that name several customers make a question.
	Targets []string
	// Workplaces are the organisations that a professional's record links to, made by the same engine.
	Workplaces []*Workplace
}

// Record is an input made comparable. It is immutable.
type Record struct {
	ID        int64
	Key       canonical.RecordKey
	Type      Type
	Kind      canonical.CustomerKind
	Trust     int
	reference string
	code      string
	targets   []string
	org       *organisation
	person    *person
}

// Real reports whether the record comes from a source of customers, not from a flow row.
func (r *Record) Real() bool { return r.Trust > 0 }

// reporter reports whether the mention is a reporting party itself: its code is how the party was named on import.
func (r *Record) reporter() bool { return r.Key.ID == canonical.ReporterID }

// Prepare makes an input comparable. It never fails: what cannot be read is simply not compared.
func (e *Engine) Prepare(in Input) *Record {
	c := &in.Customer
	r := &Record{
		ID: in.ID, Key: canonical.RecordKey{Source: in.Source, ID: in.SourceID},
		Type: TypeOf(c.Kind), Kind: c.Kind, Trust: in.Trust, reference: in.Reference, code: c.Code, targets: in.Targets,
	}
	if r.Type == Organisation {
		r.org = e.organisation(c)
	} else {
		r.person = e.person(c, in.Workplaces)
	}
	return r
}

// hasher makes the keys of a record's type.
func (e *Engine) hasher(t Type) hasher {
	if t == Organisation {
		return hasher{}
	}
	return hasher{secret: e.options.Secret}
}

// Keys are the blocking keys of a record, one per hash.
func (e *Engine) Keys(r *Record) []Key {
	named := e.namedKeys(r)
	out := make([]Key, len(named))
	for i, k := range named {
		out[i] = k.Key
	}
	return out
}

func (e *Engine) namedKeys(r *Record) []namedKey {
	k := keyring{hasher: e.hasher(r.Type), kind: string(r.Type), off: e.off[r.Type], stop: e.stop[r.Type], keys: make([]namedKey, 0, 16)}
	if r.org != nil {
		e.organisationKeys(&k, r)
	} else {
		e.personKeys(&k, r)
	}
	return k.keys
}

// namedKey is a key with the rule that made it.
type namedKey struct {
	Key
	rule string
}

// keyring collects keys.
type keyring struct {
	hasher hasher
	kind   string // keys of different types never meet
	off    map[string]bool
	stop   map[string]bool
	keys   []namedKey
}

// add adds the key of a rule and its values unless a value is empty or a stop value. second may be empty. A key that is
// there already keeps its first second key.
func (k *keyring) add(rule, second string, values ...string) {
	if k.off[rule] {
		return
	}
	for _, v := range values {
		if v == "" || k.stop[v] {
			return
		}
	}
	key := Key{Hash: k.hasher.sum(k.kind+rule, values...)}
	for _, have := range k.keys {
		if have.Hash == key.Hash {
			return
		}
	}
	if second != "" {
		key.Second = k.hasher.sum("second", second)
	}
	k.keys = append(k.keys, namedKey{key, rule})
}
