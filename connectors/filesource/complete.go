package filesource

import (
	"slices"
	"strings"
	"time"
)

// completeness tells files that their writer has finished from those it has not: by a marker file beside them, else by
// their having been left alone for a while.
type completeness struct {
	settle time.Duration
	marker string
	seen   map[string]sighting
}

// sighting is when a file was first seen in its present state. Clocks of other machines are often wrong, so a file also
// settles by staying the same under our own clock.
type sighting struct {
	file  RemoteFile
	since time.Time
}

// sort returns the complete files by name, and the number of those that still wait. doubt is how wrong the clock behind
// ModTime may be: younger files are believed only after two looks.
func (c *completeness) sort(listed []RemoteFile, now time.Time, doubt time.Duration) (complete []RemoteFile, waiting int) {
	marked := map[string]bool{}
	if c.marker != "" {
		for _, f := range listed {
			if name, is := strings.CutSuffix(f.Name, c.marker); is {
				marked[name] = true
			}
		}
	}
	seen := make(map[string]sighting, len(listed))
	for _, f := range listed {
		if c.marker != "" {
			if marked[f.Name] {
				complete = append(complete, f)
			}
			continue
		}
		s, known := c.seen[f.Name]
		if !known || !s.file.Same(f) {
			s = sighting{file: f, since: now}
		}
		seen[f.Name] = s
		if now.Sub(s.since) >= c.settle || !f.ModTime.IsZero() && now.Sub(f.ModTime) >= c.settle+doubt {
			complete = append(complete, f)
		} else {
			waiting++
		}
	}
	c.seen = seen
	slices.SortFunc(complete, func(a, b RemoteFile) int { return strings.Compare(a.Name, b.Name) })
	return complete, waiting
}
