package simveeva

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// searchCap is the most records of a search.
const searchCap = 100

// NetworkOptions describe the simulated instance.
type NetworkOptions struct {
	Access
	NoTotal bool // answers do not say how many records there are
}

// Record is a record of the master. Its fields hold vid__v, record_state__v, primary_country__v and modified_date__v, a date-time in UTC.
type Record struct {
	Kind   string // HCP or HCO
	Fields map[string]any
}

// Records are records in ascending order of their VID.
type Records interface {
	Len() int
	Record(i int) Record
}

// RecordList is a master held in memory.
type RecordList []Record

// Len is the number of records.
func (l RecordList) Len() int { return len(l) }

// Record is one record.
func (l RecordList) Record(i int) Record { return l[i] }

// Network is a Network instance.
type Network struct {
	*sessions
	opts NetworkOptions

	mu      sync.Mutex
	records Records
	before  func()
}

// NewNetwork makes an instance with the records.
func NewNetwork(o NetworkOptions, records Records) *Network {
	return &Network{sessions: newSessions(o.Access), opts: o, records: records, before: func() {}}
}

// SetRecords replaces the master.
func (s *Network) SetRecords(r Records) { s.mu.Lock(); defer s.mu.Unlock(); s.records = r }

// BeforeQuery sets a function called before each search is answered.
func (s *Network) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// ServeHTTP answers one call.
func (s *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/auth") {
		session, code, message := s.logIn(r)
		if code != "" {
			refuse(w, code, message)
			return
		}
		write(w, map[string]any{"responseStatus": "SUCCESS", "sessionId": session, "userId": 552, "networkId": "500", "networkIds": []any{map[string]any{"id": 500, "name": "NETWORK", "url": "https://" + r.Host + "/api"}}})
		return
	}
	if s.troubled(w, r) {
		return
	}
	if s.opts.Faults.Hit(fault.Throttle) {
		refuse(w, "API_LIMIT_EXCEEDED", "The limit of calls is exceeded")
		return
	}
	if !strings.HasSuffix(r.URL.Path, "/search") || r.Method != http.MethodGet {
		refuse(w, "MALFORMED_URL", "The requested resource does not exist")
		return
	}
	s.search(w, r)
}

func (s *Network) search(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	offset, err := strconv.Atoi(q.Get("offset"))
	limit, err2 := strconv.Atoi(q.Get("limit"))
	fits, good := filtersOf(q.Get("filters"))
	if err != nil || err2 != nil || offset < 0 || limit < 1 || !good || q.Get("q") != "*" || q.Get("sort") != "master_vid__v" {
		refuse(w, "INVALID_DATA", "A parameter cannot be read")
		return
	}
	states := []string{"VALID", "UNDER_REVIEW"}
	if text := q.Get("states"); text != "" {
		states = strings.Split(text, ",")
	}
	var hits []Record
	for i := range s.records.Len() {
		record := s.records.Record(i)
		state, _ := record.Fields["record_state__v"].(string)
		if strings.Contains(q.Get("types"), record.Kind) && slices.Contains(states, state) && fits(record.Fields) {
			hits = append(hits, record)
		}
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		hits = nil
	}
	limit = min(limit, searchCap)
	if s.opts.Faults.Hit(fault.ShortPage) && limit > 2 {
		limit /= 2
	}
	entities := []any{}
	for _, record := range hits[min(offset, len(hits)):min(offset+limit, len(hits))] {
		entities = append(entities, map[string]any{"entityId": record.Fields["vid__v"], "entityType": record.Kind, "metaData": map[string]any{"relevance": 1}, "entity": record.Fields})
	}
	answer := map[string]any{"responseStatus": "SUCCESS", "offset": offset, "limit": limit, "entities": entities}
	if !s.opts.NoTotal {
		answer["totalCount"] = len(hits)
	}
	write(w, answer)
}

// filtersOf reads fields joined by ~, with a value behind a colon, or a range of epoch milliseconds, both ends in it.
func filtersOf(text string) (fits func(map[string]any) bool, good bool) {
	type bound struct{ field, from, to string }
	var all []bound
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '~' }) {
		rest, ranged := strings.CutPrefix(part, "range||")
		field, value, ok := strings.Cut(rest, ":")
		if !ok {
			return nil, false
		}
		b := bound{field, value, value}
		if ranged {
			from, to, _ := strings.Cut(value, "||")
			a, err := strconv.ParseInt(from, 10, 64)
			z, err2 := strconv.ParseInt(to, 10, 64)
			if err != nil || err2 != nil {
				return nil, false
			}
			b.from, b.to = NetworkTime(time.UnixMilli(a)), NetworkTime(time.UnixMilli(z))
		}
		all = append(all, b)
	}
	return func(row map[string]any) bool {
		for _, b := range all {
			if v, _ := row[b.field].(string); v < b.from || v > b.to {
				return false
			}
		}
		return true
	}, true
}

// NetworkTime is a time as the master writes it.
func NetworkTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
