package simfhir

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// history answers what became of the resources of a type since a moment: the newest version of each that changed, the newest
// first, deletes without the resource.
func (s *Server) history(w http.ResponseWriter, r *http.Request, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	t := s.types[name]
	since, err := time.Parse(time.RFC3339, q.Get("_since"))
	size, serr := strconv.Atoi(q.Get("_count"))
	place, perr := strconv.Atoi(cmp.Or(q.Get("place"), "0"))
	if t == nil || err != nil || serr != nil || perr != nil || size < 1 {
		s.refuse(w, http.StatusBadRequest, "invalid", "a history needs a type, _since and _count")
		return
	}
	if s.opts.PageCap > 0 {
		size = min(size, s.opts.PageCap)
	}
	type version struct {
		at    time.Time
		entry map[string]any
	}
	var all []version
	add := func(id, method string, at time.Time, resource any) {
		if at.Before(since) {
			return
		}
		e := map[string]any{"fullUrl": "http://" + r.Host + s.opts.Prefix + "/" + name + "/" + id, "request": map[string]any{"method": method, "url": name + "/" + id},
			"response": map[string]any{"status": "200", "lastModified": at.UTC().Format(time.RFC3339Nano)}}
		if resource != nil {
			e["resource"] = resource
		}
		all = append(all, version{at, e})
	}
	for _, row := range t.all() {
		add(fmt.Sprint(row["id"]), http.MethodPut, updated(row), row)
	}
	for id, at := range t.gone {
		add(id, http.MethodDelete, at, nil)
	}
	slices.SortFunc(all, func(a, b version) int {
		return cmp.Or(b.at.Compare(a.at), cmp.Compare(fmt.Sprint(a.entry["fullUrl"]), fmt.Sprint(b.entry["fullUrl"])))
	})
	out := map[string]any{"resourceType": "Bundle", "type": "history", "total": len(all)}
	var entries []any
	for _, v := range all[min(place, len(all)):min(place+size, len(all))] {
		entries = append(entries, v.entry)
	}
	if len(entries) > 0 {
		out["entry"] = entries
	}
	if place+size < len(all) {
		q.Set("place", strconv.Itoa(place+size))
		out["link"] = []any{map[string]any{"relation": "next", "url": s.opts.Prefix + "/" + name + "/_history?" + url.Values(q).Encode()}}
	}
	write(w, http.StatusOK, out)
}
