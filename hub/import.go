package hub

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// ImportRequest is `tributary import` (CLI §3).
type ImportRequest struct {
	Files         []string
	As            string // kind of the rows
	Source        string // whose records, or whose codes, they are
	Party         string // of ledgers: the reporting party by code or name, or self; of aliases: the default party
	Kind          string // kind of the customers in files without a column of kinds
	Map           string // map file; "" = by the headers
	ReplacePeriod string // month yyyy-MM
	Version       string // of the file, when its name does not say it
	Yes           bool   // a file without rows may empty the month that it replaces
	Correction    string // class of what the rows change in closed months; "" = late or normal
	Reason        string // why they change them
	DryRun        bool
	Options       filesource.Options // when format, encoding or sheet are not to be found out
	Lang          string             // of warnings and errors in the report
}

// Import takes files in, one after the other. A file that cannot be taken in does not stop the others, unless the cause
// is outside the file. The report is filled also when an error comes with it.
func (h *Hub) Import(ctx context.Context, req ImportRequest) (IngestReport, error) {
	report := IngestReport{Runs: []RunReport{}}
	template, err := h.planImport(ctx, &req)
	if err != nil {
		return report, err
	}
	var failures []error
	for _, path := range req.Files {
		files, err := filesource.Files(ctx, path)
		if err != nil {
			report.refuse(store.Run{Source: req.Source, Stream: req.As, File: filepath.Base(path)}, err, h.Now(), req.Lang)
			failures = append(failures, err)
			continue
		}
		for _, f := range files {
			one := template
			one.File = f
			err := h.importOne(ctx, &req, one, &report)
			if err != nil {
				failures = append(failures, err)
			}
			if ctx.Err() != nil || err != nil && !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
				return report, errors.Join(failures...)
			}
		}
	}
	return report, errors.Join(failures...)
}

func (h *Hub) importOne(ctx context.Context, req *ImportRequest, one pipeline.FileImport, report *IngestReport) error {
	var err error
	if one.Kind.Ledger() != "" || req.Party != "" {
		if one.Party, err = h.reportingParty(ctx, req, one.File, one.Kind); err != nil {
			report.refuse(store.Run{Source: req.Source, Stream: req.As, File: one.File.Name()}, err, h.Now(), req.Lang)
			return err
		}
	}
	run, err := h.ingest().File(ctx, one)
	report.add(run, req.Lang)
	return err
}

// planImport checks what does not depend on the files.
func (h *Hub) planImport(ctx context.Context, req *ImportRequest) (pipeline.FileImport, error) {
	one := pipeline.FileImport{Source: req.Source, Options: req.Options, Replace: req.ReplacePeriod, Version: req.Version, Empty: req.Yes, Actor: h.Actor.Name, DryRun: req.DryRun,
		Trust: h.rank(req.Source), Note: store.CorrectionNote{Reason: strings.TrimSpace(req.Reason), By: h.Actor.Name}}
	var err error
	if one.Kind, err = mapping.ParseKind(req.As); err != nil {
		return one, err
	}
	switch {
	case len(req.Files) == 0:
		return one, errs.New(errs.Invalid, "ingest.no_files", nil)
	case req.Source == "":
		return one, errs.New(errs.Invalid, "ingest.source_needed", nil)
	case reservedSource(req.Source):
		return one, errs.New(errs.Invalid, "ingest.source_reserved", errs.Args{"source": req.Source})
	case one.Kind.Ledger() == "" && (req.Correction != "" || req.Reason != ""):
		return one, errs.New(errs.Invalid, "ingest.correction_not_used", errs.Args{"kind": req.As})
	case one.Kind.Ledger() == "" && (req.ReplacePeriod != "" || req.Version != ""):
		return one, errs.New(errs.Invalid, "ingest.month_not_used", errs.Args{"kind": req.As})
	}
	if req.Correction != "" {
		class, ok := canonical.ParseCorrectionClass(req.Correction)
		if !ok {
			return one, badClass(req.Correction)
		}
		one.Note.Class = class
	}
	if req.ReplacePeriod != "" {
		if _, err := time.Parse("2006-01", req.ReplacePeriod); err != nil {
			return one, errs.New(errs.Invalid, "ingest.month", errs.Args{"month": req.ReplacePeriod})
		}
	}
	if one.CustomerKind, err = customerKind(req.Kind); err != nil {
		return one, err
	}
	if req.Map != "" {
		text, err := readMap(req.Map)
		if err != nil {
			return one, err
		}
		one.MapText = string(text)
		if one.Map, err = mapping.Parse(req.Map, text); err != nil {
			return one, err
		}
	}
	return one, h.EnsureCompany(ctx)
}

func reservedSource(s string) bool {
	return s == canonical.CompanySource || s == "golden" || s == "quarantine" || strings.HasPrefix(s, canonical.FlowSource(""))
}

func customerKind(s string) (canonical.CustomerKind, error) {
	if s == "" || slices.Contains(canonical.CustomerKinds(), canonical.CustomerKind(s)) {
		return canonical.CustomerKind(s), nil
	}
	var names []string
	for _, k := range canonical.CustomerKinds() {
		if k != canonical.UnknownParty {
			names = append(names, string(k))
		}
	}
	return "", errs.New(errs.Invalid, "ingest.customer_kind", errs.Args{"kind": s, "kinds": strings.Join(names, ", ")})
}

// reportingParty is whose ledger a file is: as asked, else as its name says by the naming rule.
func (h *Hub) reportingParty(ctx context.Context, req *ImportRequest, f filesource.File, kind mapping.Kind) (store.Party, error) {
	text := req.Party
	if text == "" {
		name, ok := filesource.ParseName(f.Name())
		if !ok {
			return store.Party{}, errs.New(errs.Invalid, "ingest.party_needed", errs.Args{"kind": kind})
		}
		if text = name.Code; text == "" {
			text = name.Party
		}
	}
	return h.DB.FindParty(ctx, text)
}
