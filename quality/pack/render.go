package pack

import (
	"fmt"

	"tributary/canonical"
	"tributary/trace"
)

// Names of the files of a pack.
const (
	WorkbookName = "recall.xlsx"
	ReportName   = "recall.pdf"
	EPCISName    = "epcis.jsonld"
	ManifestName = "manifest.json"
)

// Render makes the files of a pack, the manifest last.
func Render(in Input) ([]File, error) {
	in = withhold(in)
	sheets := sheetsOf(&in)
	book, err := workbook(sheets, &in)
	if err != nil {
		return nil, fmt.Errorf("render the workbook: %w", err)
	}
	paper, err := report(sheets, &in)
	if err != nil {
		return nil, fmt.Errorf("render the report: %w", err)
	}
	files := []File{{WorkbookName, book}, {ReportName, paper}}
	if len(in.EPCIS) > 0 {
		files = append(files, File{EPCISName, in.EPCIS})
	}
	manifest, err := manifestOf(&in, files)
	if err != nil {
		return nil, fmt.Errorf("render the manifest: %w", err)
	}
	return append(files, manifest), nil
}

// withhold is the input without anything that names a person who is a customer.
func withhold(in Input) Input {
	lots := make([]Lot, len(in.Lots))
	for i, l := range in.Lots {
		l.Trace.Parties = cloneEach(l.Trace.Parties, func(p *trace.PartyResult) { p.Customer = anonymous(p.Customer) })
		l.Gaps = cloneEach(l.Gaps, func(g *trace.Gap) { g.Customer = anonymous(g.Customer) })
		lots[i] = l
	}
	in.Lots = lots
	in.Notices = cloneEach(in.Notices, func(n *Notice) {
		if person(n.Party) {
			n.Party, n.Address, n.AckedBy = anonymous(n.Party), "", ""
		}
	})
	in.Replies = cloneEach(in.Replies, func(r *Reply) {
		r.ForwardedTo = cloneEach(r.ForwardedTo, func(p *Passed) { p.Party = anonymous(p.Party) })
		if person(r.Party) {
			r.Party, r.By, r.Note, r.Evidence = anonymous(r.Party), "", "", ""
		}
	})
	return in
}

func cloneEach[T any](in []T, change func(*T)) []T {
	out := make([]T, len(in))
	for i := range in {
		out[i] = in[i]
		change(&out[i])
	}
	return out
}

func person(c trace.Customer) bool { return canonical.CustomerKind(c.Kind).Person() }

func anonymous(c trace.Customer) trace.Customer {
	if !person(c) {
		return c
	}
	return trace.Customer{GoldenID: c.GoldenID, Kind: c.Kind, Name: "（个人，略） person, withheld", Resolved: c.Resolved}
}
