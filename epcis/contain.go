package epcis

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Packing is what one aggregation or association event says of a parent.
type Packing struct {
	Event    string // id
	Time     time.Time
	Action   string // ADD, OBSERVE, DELETE
	Parent   string // key
	Children []string
}

// Stay is the time that an object spent in another. To is zero while it is there.
type Stay struct {
	Object, Parent string
	From, To       time.Time
	In, Out        string // ids of the events
	// Seen says that the beginning is not known: it was only observed there.
	Seen bool
}

// Stays tells from packing events in any order which objects were in which, by the time of the events, not of their
// arrival. An object is in one parent at a time: put into another, it has left the first. A parent emptied without naming
// children loses all of them.
func Stays(events []Packing) []Stay {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b Packing) int { return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.Event, b.Event)) })
	var out []Stay
	open := map[string]int{} // by object
	leave := func(object string, e *Packing) {
		if i, in := open[object]; in {
			out[i].To, out[i].Out = e.Time, e.Event
			delete(open, object)
		}
	}
	for i := range events {
		e := &events[i]
		if e.Action == "DELETE" && len(e.Children) == 0 {
			for _, object := range inside(open, out, e.Parent) {
				leave(object, e)
			}
		}
		for _, object := range e.Children {
			at, in := open[object]
			here := in && out[at].Parent == e.Parent
			switch {
			case e.Action == "DELETE":
				if here {
					leave(object, e)
				}
			case !here && e.Parent != "" && e.Parent != object:
				leave(object, e)
				open[object] = len(out)
				out = append(out, Stay{Object: object, Parent: e.Parent, From: e.Time, In: e.Event, Seen: e.Action == "OBSERVE"})
			}
		}
	}
	return out
}

func inside(open map[string]int, stays []Stay, parent string) []string {
	var out []string
	for object, i := range open {
		if stays[i].Parent == parent {
			out = append(out, object)
		}
	}
	slices.Sort(out)
	return out
}
