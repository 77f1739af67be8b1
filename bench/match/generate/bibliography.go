package generate

import (
	"fmt"
	"strings"
)

var (
	topicAdjectives = strings.Fields("efficient scalable adaptive incremental parallel distributed approximate optimal dynamic semantic probabilistic secure declarative continuous temporal spatial robust unified practical fast online hybrid flexible lightweight generic")
	topicNouns      = strings.Split("query optimization|query processing|join processing|index structures|data mining|data integration|schema matching|view maintenance|transaction management|concurrency control|stream processing|similarity search|nearest neighbor queries|xml documents|data warehouses|association rules|selectivity estimation|workflow systems|web services|sensor networks|spatial databases|object-oriented databases|deductive databases|information retrieval|clustering|classification|access control|data cleaning|buffer management|replication|recovery|caching|top-k queries|skyline queries|path expressions|materialized views|multimedia data|time series|graph data|keyword search|moving objects|data provenance|user interfaces|active rules|aggregation|data cubes|text databases|peer-to-peer systems|main memory systems|metadata management", "|")
	topicFrames     = strings.Split("%[1]s %[2]s for %[3]s|on the %[2]s of %[3]s|%[1]s %[2]s in %[3]s|towards %[1]s %[2]s|%[4]s: %[1]s %[2]s over %[3]s|%[4]s: a system for %[2]s|a framework for %[1]s %[2]s|%[1]s algorithms for %[2]s and %[3]s|an approach to %[2]s using %[3]s|a survey of %[2]s|integrating %[2]s with %[3]s|%[2]s: problems and solutions|the %[4]s project: %[2]s and %[3]s|an evaluation of %[1]s techniques for %[2]s|supporting %[2]s in %[3]s|optimizing %[3]s by %[2]s|from %[2]s to %[3]s|%[2]s revisited", "|")
	repeatedTitles  = strings.Split("editorial|guest editors' introduction|chair's message|reminiscences on influential papers|book review column|treasurer's message|panel: future directions|editor's notes|research issues in %s|report on the workshop on %s", "|")
	venues          = [][]string{
		{"SIGMOD Conference", "International Conference on Management of Data", "ACM SIGMOD"}, {"VLDB", "Very Large Data Bases", "Proc. VLDB"},
		{"SIGMOD Record", "ACM SIGMOD Record"}, {"ACM Trans. Database Syst.", "ACM Transactions on Database Systems (TODS)", "TODS"},
		{"VLDB J.", "The VLDB Journal - The International Journal on Very Large Data Bases", "VLDB Journal"}, {"ICDE", "International Conference on Data Engineering", "Data Engineering"},
	}
)

// paper is a publication.
type paper struct {
	title   string
	authors [][2]string // given names, family name
	venue   int
	year    int
}

// Bibliography invents two catalogues without duplicates of the same publications. They differ in the style of names, the
// long or short name of the venue, lost authors, truncated and misprinted titles and years that are off by one. Traps: the conference
// version and the journal version of one work by the same authors, columns that bear the same title every year, and
// follow-up papers whose titles differ in one word.
func Bibliography(size Size) Set {
	r := newRandom(size, 6)
	var papers []paper
	for n := size.Rows * 100 / 186; len(papers) < n; {
		p := newPaper(r)
		papers = append(papers, p)
		switch {
		case r.chance(0.04): // the journal version
			q := p
			q.venue, q.year = pick(r, []int{3, 4}), p.year+r.between(1, 3)
			papers = append(papers, q)
		case r.chance(0.03): // the next paper of the same group
			q := p
			q.title, q.year = strings.Replace(p.title, strings.Fields(p.title)[0], pick(r, topicAdjectives), 1), p.year+r.between(0, 2)
			if q.title != p.title {
				papers = append(papers, q)
			}
		case r.chance(0.015): // a column that returns
			title := pick(r, repeatedTitles)
			if strings.Contains(title, "%s") {
				title = fmt.Sprintf(title, pick(r, topicNouns))
			}
			for k := range r.between(2, 5) {
				papers = append(papers, paper{title, p.authors[:1], 2, p.year + k})
			}
		}
	}
	var a, b []draft
	for i, p := range papers {
		in := r.Float64()
		if in < 0.93 {
			a = append(a, draft{i + 1, p.write(r, false)})
		}
		if in > 0.1 {
			b = append(b, draft{i + 1, p.write(r, true)})
		}
	}
	header := strings.Fields("title authors venue year")
	var s Set
	s.list(r, "a", header, a)
	s.list(r, "b", header, b)
	return s
}

func newPaper(r random) paper {
	v := words()
	a, n, m := skewed(r, topicAdjectives), skewed(r, topicNouns), pick(r, topicNouns)
	name := strings.ToUpper(pick(r, surnameHeads)) + pick(r, []string{"", "", "-" + r.digits(1), "DB", "QL", "*"})
	p := paper{title: fmt.Sprintf(pick(r, topicFrames), a, n, m, name), venue: r.IntN(len(venues)), year: r.between(1992, 2006)}
	for range 1 + int(5*r.Float64()*r.Float64()+0.5) {
		given := skewed(r, v.given)[0]
		if r.chance(0.4) {
			given += " " + string(letters[r.IntN(26)]) + "."
		}
		p.authors = append(p.authors, [2]string{given, skewed(r, v.surnames)})
	}
	return p
}

// write puts the publication down in the style of the first or the second catalogue.
func (p paper) write(r random, second bool) []string {
	title, venue, year := p.title, venues[p.venue][0], fmt.Sprint(p.year)
	style := 0
	if second {
		venue = pick(r, venues[p.venue][1:])
		style = pick(r, []int{0, 0, 1, 2})
		switch {
		case r.chance(0.04):
			title = misspelt(r, title)
		case r.chance(0.03) && len(strings.Fields(title)) > 5:
			title = strings.Join(strings.Fields(title)[:4], " ") + " ..."
		case r.chance(0.03):
			title += pick(r, []string{" (extended abstract)", " (demo)", " (invited paper)"})
		}
		if r.chance(0.01) {
			year = fmt.Sprint(p.year + 1)
		}
		title = strings.ReplaceAll(title, ": ", pick(r, []string{": ", " - ", ": "}))
	}
	title = titleCase(title, !second || r.chance(0.5))
	var authors []string
	for _, a := range p.authors {
		given, family := titleCase(a[0], true), titleCase(a[1], true)
		switch style {
		case 1: // initials
			authors = append(authors, initials(given)+" "+family)
		case 2: // family name first
			authors = append(authors, family+", "+initials(given))
		default:
			authors = append(authors, given+" "+family)
		}
	}
	sep := ", "
	if style == 2 {
		sep = "; "
	}
	switch {
	case second && r.chance(0.02):
		authors = nil
	case second && r.chance(0.03) && len(authors) > 2:
		authors = append(authors[:1], "et al.")
	case second && r.chance(0.05) && len(authors) > 1:
		r.Shuffle(len(authors), func(i, j int) { authors[i], authors[j] = authors[j], authors[i] })
	}
	return []string{title, strings.Join(authors, sep), venue, year}
}

func initials(given string) string {
	var out []string
	for _, g := range strings.Fields(given) {
		out = append(out, g[:1]+".")
	}
	return strings.Join(out, " ")
}

// titleCase raises the first letter, or that of every word.
func titleCase(s string, every bool) string {
	b := []byte(s)
	for i := range b {
		if (i == 0 || every && b[i-1] == ' ') && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}
