package simveeva

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// burstWindow is the time in which calls are counted, deletesKept how long the log of deletes reaches back.
const (
	burstWindow = 5 * time.Minute
	deletesKept = 30 * 24 * time.Hour
)

// VaultOptions describe the simulated vault.
type VaultOptions struct {
	Access
	VaultID   int
	Elsewhere bool          // sessions are put into another vault of the user
	Burst     int           // calls in five minutes beyond which answers come late; 0: 2000
	Delay     time.Duration // of an answer beyond the limit
	Widest    int           // rows of a page, however many are asked for; 0: 1000
	PageLife  int           // calls of next pages before they die; 0: for ever
}

// Object is an object with its data.
type Object struct {
	Name    string
	Fields  []Field
	Rows    Rows
	Deleted []Deletion
}

// Field is a field as metadata tells it. A field that names a row of another object has the relation by which that row's columns are
// asked for (Outbound), and the one by which the rows that name it are asked for from there (Inbound).
type Field struct {
	Name, Label, Type string
	Multi             bool
	Picklist          string
	Values            map[string]string // of the picklist: name → label
	Object            string
	Outbound, Inbound string
}

// Deletion is an entry of the log of deletes.
type Deletion struct {
	ID string
	At time.Time
}

// Rows are rows in ascending order of their id. They hold the columns of related rows flat, under dotted names, and under an
// inbound relation the list of the rows that name them.
type Rows interface {
	Len() int
	Row(i int) map[string]any
}

// List is a table held in memory.
type List []map[string]any

// Len is the number of rows.
func (l List) Len() int { return len(l) }

// Row is one row.
func (l List) Row(i int) map[string]any { return l[i] }

// Vault is a vault.
type Vault struct {
	*sessions
	opts VaultOptions

	mu      sync.Mutex
	objects map[string]Object
	answers map[string]answer
	serial  int
	turns   int // calls of next pages
	calls   map[time.Time]int
	before  func()
}

// NewVault makes a vault with the objects.
func NewVault(o VaultOptions, objects ...Object) *Vault {
	if o.Burst == 0 {
		o.Burst = 2000
	}
	if o.Widest == 0 {
		o.Widest = 1000
	}
	s := &Vault{sessions: newSessions(o.Access), opts: o, objects: map[string]Object{}, answers: map[string]answer{}, calls: map[time.Time]int{}, before: func() {}}
	for _, ob := range objects {
		s.objects[ob.Name] = ob
	}
	return s
}

// SetObject replaces an object's data.
func (s *Vault) SetObject(o Object) { s.mu.Lock(); defer s.mu.Unlock(); s.objects[o.Name] = o }

// BeforeQuery sets a function called before each query is answered.
func (s *Vault) BeforeQuery(f func()) { s.mu.Lock(); defer s.mu.Unlock(); s.before = f }

// ServeHTTP answers one call.
func (s *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/auth") || strings.Contains(r.URL.Path, "/auth/oauth/session/") {
		s.login(w, r)
		return
	}
	_, path, _ := strings.Cut(r.URL.Path, "/api/v")
	version, path, _ := strings.Cut(path, "/")
	if s.troubled(w, r) || s.late(w, r) {
		return
	}
	switch {
	case strings.HasPrefix(path, "metadata/vobjects/") && r.Method == http.MethodGet:
		s.describe(w, strings.TrimPrefix(path, "metadata/vobjects/"))
	case strings.HasPrefix(path, "objects/picklists/") && r.Method == http.MethodGet:
		s.picklist(w, strings.TrimPrefix(path, "objects/picklists/"))
	case strings.HasPrefix(path, "objects/deletions/vobjects/") && r.Method == http.MethodGet:
		s.deletions(w, r, strings.TrimPrefix(path, "objects/deletions/vobjects/"))
	case path == "query" && r.Method == http.MethodPost:
		s.query(w, r, version)
	case strings.HasPrefix(path, "query/") && r.Method == http.MethodPost:
		s.more(w, r, version, strings.TrimPrefix(path, "query/"))
	default:
		refuse(w, "MALFORMED_URL", "The requested resource does not exist")
	}
}

func (s *Vault) login(w http.ResponseWriter, r *http.Request) {
	session, code, message := s.logIn(r)
	if code != "" {
		refuse(w, code, message)
		return
	}
	places := []any{map[string]any{"id": s.opts.VaultID, "name": "CRM", "url": "https://" + r.Host + "/api"}}
	in := s.opts.VaultID
	if s.opts.Elsewhere {
		in++
		places = append(places, map[string]any{"id": in, "name": "PromoMats", "url": "https://another.example/api"})
	}
	write(w, map[string]any{"responseStatus": "SUCCESS", "sessionId": session, "userId": 12021, "vaultId": in, "vaultIds": places})
}

// late counts a call and holds its answer back when there were too many; true: the caller left meanwhile.
func (s *Vault) late(w http.ResponseWriter, r *http.Request) bool {
	s.mu.Lock()
	window := s.opts.Now().Truncate(burstWindow)
	s.calls[window]++
	left := max(0, s.opts.Burst-s.calls[window])
	s.mu.Unlock()
	w.Header().Set("X-VaultAPI-Status", "success")
	w.Header().Set("X-VaultAPI-BurstLimit", strconv.Itoa(s.opts.Burst))
	throttled := s.opts.Faults.Hit(fault.Throttle)
	if left > 0 && !throttled {
		w.Header().Set("X-VaultAPI-BurstLimitRemaining", strconv.Itoa(left))
		return false
	}
	w.Header().Set("X-VaultAPI-BurstLimitRemaining", "0")
	w.Header().Set("X-VaultAPI-ResponseDelay", strconv.FormatInt(s.opts.Delay.Milliseconds(), 10))
	timer := time.NewTimer(s.opts.Delay)
	defer timer.Stop()
	select {
	case <-r.Context().Done():
		return true
	case <-timer.C:
		return false
	}
}

func (s *Vault) describe(w http.ResponseWriter, name string) {
	s.mu.Lock()
	o, ok := s.objects[name]
	s.mu.Unlock()
	if !ok {
		refuse(w, "INVALID_DATA", "The object "+name+" does not exist")
		return
	}
	fields := []any{}
	for _, f := range o.Fields {
		item := map[string]any{"name": f.Name, "label": f.Label, "type": f.Type, "status": []string{"active__v"}, "source": "standard"}
		if f.Type == "Picklist" {
			item["multi_value"], item["picklist"] = f.Multi, f.Picklist
		}
		if f.Object != "" {
			item["object"] = map[string]any{"name": f.Object, "url": "/api/v25.1/metadata/vobjects/" + f.Object}
			item["relationship_type"], item["relationship_outbound_name"] = "reference", f.Outbound
			if f.Inbound != "" {
				item["relationship_inbound_name"] = f.Inbound
			}
		}
		fields = append(fields, item)
	}
	write(w, map[string]any{"responseStatus": "SUCCESS", "object": map[string]any{"name": name, "label": name, "fields": fields}})
}

func (s *Vault) picklist(w http.ResponseWriter, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.objects {
		for _, f := range o.Fields {
			if f.Picklist != name {
				continue
			}
			values := []any{}
			for value, label := range f.Values {
				values = append(values, map[string]any{"name": value, "label": label})
			}
			write(w, map[string]any{"responseStatus": "SUCCESS", "picklistValues": values})
			return
		}
	}
	refuse(w, "INVALID_DATA", "The picklist "+name+" does not exist")
}

// deletions answers the log of deletes between two times, both shut out.
func (s *Vault) deletions(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	from, err := time.Parse(time.RFC3339, q.Get("start_date"))
	to, err2 := time.Parse(time.RFC3339, q.Get("end_date"))
	limit, err3 := strconv.Atoi(q.Get("limit"))
	offset, err4 := strconv.Atoi(q.Get("offset"))
	o, ok := s.objects[name]
	if !ok || err != nil || err2 != nil || err3 != nil || err4 != nil || limit > 5000 || from.Before(s.opts.Now().Add(-deletesKept)) {
		refuse(w, "INVALID_DATA", "The object or a parameter is not valid")
		return
	}
	data := []any{}
	for _, d := range o.Deleted {
		if d.At.After(from) && d.At.Before(to) {
			data = append(data, map[string]any{"id": d.ID, "date_deleted": d.At.UTC().Format(time.RFC3339)})
		}
	}
	total := len(data)
	data = data[min(offset, total):min(offset+limit, total)]
	write(w, map[string]any{"responseStatus": "SUCCESS", "responseMessage": "OK", "responseDetails": map[string]any{"total": total, "size": len(data), "limit": limit, "offset": offset}, "data": data})
}

// naming is what a version calls the parts of a page.
func naming(version string) (size, offset string) {
	var major int
	if _, err := fmt.Sscanf(version, "%d.", &major); err == nil && major < 20 {
		return "limit", "offset"
	}
	return "pagesize", "pageoffset"
}
