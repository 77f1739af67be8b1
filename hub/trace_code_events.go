package hub

import (
	"context"
	"slices"
	"strings"
	"time"

	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/trace/flow"
)

// answerer gathers what captured events say of one object.
type answerer struct {
	hub     *Hub
	ctx     context.Context
	out     *CodeAnswer
	lang    string
	classes []string // keys of classes that stood beside the object or in it
}

func (a *answerer) note(code string, args errs.Args) {
	a.out.Notes = append(a.out.Notes, CodeNote{code, errs.New(errs.NotFound, code, args).Text(a.lang)})
}

// follow reads the events of the object, goes up to what it was in and down to what was in it.
func (a *answerer) follow(key string) error {
	own, err := a.events(key)
	if err != nil {
		return err
	}
	a.tell(own, "", time.Time{}, time.Time{})
	a.lotOf(own, key, "event")
	if err := a.up(key, own, 0, map[string]bool{key: true}); err != nil {
		return err
	}
	if err := a.down(key, own, 0, map[string]bool{key: true}); err != nil {
		return err
	}
	slices.SortStableFunc(a.out.History, func(x, y CodeEvent) int {
		return strings.Compare(x.sortKey(), y.sortKey())
	})
	return nil
}

func (e CodeEvent) sortKey() string {
	t, err := time.Parse(time.RFC3339Nano, e.Time)
	if err != nil {
		return e.ID
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000") + e.ID
}

// events reads the events of a key. An aggregation that empties its parent names no child: both ends of a stay are told
// only by the events of the object and of its parents together.
func (a *answerer) events(key string) ([]store.CapturedEvent, error) {
	list, more, err := a.hub.DB.EPCISWith(a.ctx, []string{key}, maxCodeEvents)
	a.out.Truncated = a.out.Truncated || more
	return list, err
}

// tell adds events to the history; those of a container only while the object was in it.
func (a *answerer) tell(list []store.CapturedEvent, via string, from, to time.Time) {
	for i := range list {
		e := &list[i]
		if via != "" && (e.Time.Before(from) || !to.IsZero() && e.Time.After(to)) || slices.ContainsFunc(a.out.History, func(h CodeEvent) bool { return h.ID == e.ID }) {
			continue
		}
		told := CodeEvent{Time: e.Time.In(zone(e.Offset)).Format(time.RFC3339Nano), ID: e.ID, Type: e.Type, Action: e.Action, BizStep: e.BizStep, Disposition: e.Disposition, Place: e.ReadPoint,
			From: []string{}, To: []string{}, Via: via, Wrong: e.Wrong, CorrectedBy: e.CorrectedBy}
		if told.Place == "" {
			told.Place = e.BizLocation
		}
		for _, p := range e.Partners {
			if p.Destination {
				told.To = append(told.To, p.URI)
			} else {
				told.From = append(told.From, p.URI)
			}
		}
		a.out.History = append(a.out.History, told)
	}
}

func zone(offset string) *time.Location {
	t, err := time.Parse("-07:00", offset)
	if err != nil {
		return time.UTC
	}
	return t.Location()
}

// packings are the aggregations among events; those that were declared wrong do not count.
func packings(list []store.CapturedEvent) []epcis.Packing {
	var out []epcis.Packing
	for i := range list {
		e := &list[i]
		if e.Wrong || e.Type != "AggregationEvent" && e.Type != "AssociationEvent" {
			continue
		}
		p := epcis.Packing{Event: e.ID, Time: e.Time, Action: e.Action}
		for _, item := range e.Items {
			switch item.Role {
			case epcis.Parent:
				p.Parent = item.Key
			case epcis.Child:
				p.Children = append(p.Children, item.Key)
			}
		}
		out = append(out, p)
	}
	return out
}

// up finds in what an object was, and in what that was.
func (a *answerer) up(key string, own []store.CapturedEvent, level int, met map[string]bool) error {
	if level == maxPackLevels || len(met) > maxCodeKeys {
		a.out.Truncated = true
		return nil
	}
	parents := map[string]bool{}
	for _, p := range packings(own) {
		if slices.Contains(p.Children, key) && p.Parent != "" {
			parents[p.Parent] = true
		}
	}
	var all union
	all.add(own)
	of := map[string][]store.CapturedEvent{}
	for _, parent := range sorted(parents) {
		list, err := a.events(parent)
		if err != nil {
			return err
		}
		of[parent] = list
		all.add(list)
	}
	for _, s := range epcis.Stays(packings(all.list)) {
		if s.Object != key {
			continue
		}
		a.out.Parents = append(a.out.Parents, stay(s))
		a.tell(of[s.Parent], s.Parent, s.From, s.To)
		if met[s.Parent] {
			continue
		}
		met[s.Parent] = true
		a.lotOf(of[s.Parent], s.Parent, "container")
		if err := a.up(s.Parent, of[s.Parent], level+1, met); err != nil {
			return err
		}
	}
	return nil
}

// down finds what was in an object, and in those.
func (a *answerer) down(key string, own []store.CapturedEvent, level int, met map[string]bool) error {
	if level == maxPackLevels {
		a.out.Truncated = true
		return nil
	}
	children := map[string]bool{}
	for _, p := range packings(own) {
		if p.Parent == key {
			for _, c := range p.Children {
				children[c] = true
			}
		}
	}
	var all union
	all.add(own)
	of := map[string][]store.CapturedEvent{}
	for _, child := range sorted(children) {
		if len(met)+len(of) > maxCodeKeys {
			a.out.Truncated = true
			break
		}
		list, err := a.events(child)
		if err != nil {
			return err
		}
		of[child] = list
		all.add(list)
	}
	for _, s := range epcis.Stays(packings(all.list)) {
		if s.Parent != key {
			continue
		}
		a.out.Children = append(a.out.Children, stay(s))
		if met[s.Object] {
			continue
		}
		met[s.Object] = true
		a.lotOf(of[s.Object], s.Object, "contents")
		if err := a.down(s.Object, of[s.Object], level+1, met); err != nil {
			return err
		}
	}
	return nil
}

// union is events, each once.
type union struct {
	list []store.CapturedEvent
	have map[string]bool
}

func (u *union) add(list []store.CapturedEvent) {
	if u.have == nil {
		u.have = map[string]bool{}
	}
	for _, e := range list {
		if !u.have[e.ID] {
			u.have[e.ID] = true
			u.list = append(u.list, e)
		}
	}
}

func stay(s epcis.Stay) PackStay {
	out := PackStay{Object: s.Object, Parent: s.Parent, From: s.From, Seen: s.Seen}
	if !s.To.IsZero() {
		out.Until = &s.To
	}
	return out
}

// lotOf learns the lot from events: master data of the event that made an object, or the class that stands with it.
func (a *answerer) lotOf(list []store.CapturedEvent, key, from string) {
	for i := range list {
		e := &list[i]
		if e.Wrong {
			continue
		}
		for _, item := range e.Items {
			if item.Class && (item.Role == epcis.Child || item.Key == key) {
				a.classes = append(a.classes, item.Key)
			}
			if item.Key == key && a.out.GTIN == "" && from != "container" {
				a.out.GTIN = gtinOf(item.Key)
			}
		}
		made := slices.ContainsFunc(e.Items, func(i store.CapturedItem) bool {
			return i.Key == key && (i.Role == epcis.Observed || i.Role == epcis.Output)
		})
		if a.out.Lot == "" && e.Lot != "" && made {
			a.out.Lot, a.out.LotFrom = e.Lot, from
			if a.out.Expiry.IsZero() {
				a.out.Expiry = e.Expiry
			}
		}
	}
	for _, class := range a.classes {
		if gtin, lot, ok := lotClass(class); ok && a.out.Lot == "" {
			a.out.Lot, a.out.LotFrom = lot, "contents"
			if a.out.GTIN == "" {
				a.out.GTIN = gtin
			}
		}
	}
}

func gtinOf(key string) string {
	if rest, ok := strings.CutPrefix(key, "01/"); ok {
		gtin, _, _ := strings.Cut(rest, "/")
		return gtin
	}
	return ""
}

// lotClass splits the key of a lot.
func lotClass(key string) (gtin, lot string, ok bool) {
	id, err := epcis.ParseIdentifier("https://id.gs1.org/" + key)
	if err != nil || id.Scheme != "lgtin" {
		return "", "", false
	}
	return id.GTIN, id.Lot, true
}

// product finds the SKU of an object: by the address of a lot of this hub, by GTIN, or by the first seven digits of a
// trace code; another pack level of the same article counts too.
func (a *answerer) product(code *epcis.Code) (flow.SKU, bool, error) {
	h := a.hub
	if code.SKU != "" {
		return h.DB.ProductByCode(a.ctx, code.SKU)
	}
	packs, err := h.DB.PackCodes(a.ctx)
	if err != nil {
		return flow.SKU{}, false, err
	}
	drug := code.DrugID
	if drug == "" && len(a.out.Key) == 20 {
		drug = a.out.Key[:7]
	}
	byLevel := ""
	for _, p := range packs {
		if drug != "" && slices.Contains(p.DrugIDs, drug) {
			return h.DB.ProductByCode(a.ctx, p.Product)
		}
		gtin, err := epcis.GTIN14(p.GTIN)
		if err != nil || a.out.GTIN == "" {
			continue
		}
		if gtin == a.out.GTIN {
			return h.DB.ProductByCode(a.ctx, p.Product)
		}
		if gtin[1:13] == a.out.GTIN[1:13] {
			byLevel = p.Product
		}
	}
	if byLevel != "" {
		a.note("trace.note_pack_level", nil)
		return h.DB.ProductByCode(a.ctx, byLevel)
	}
	return flow.SKU{}, false, nil
}

func sorted(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
