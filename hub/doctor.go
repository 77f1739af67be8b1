package hub

import (
	"context"
	"errors"
	"syscall"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Diagnosis is what doctor found about one part of the installation.
type Diagnosis struct {
	Part     string              `json:"part"` // store, kafka, disk, connection NAME
	Severity connectors.Severity `json:"severity"`
	Detail   string              `json:"detail,omitempty"`
	Err      error               `json:"-"`
	Code     string              `json:"code,omitempty"`
	Findings []CheckReport       `json:"findings,omitempty"`
}

// minFree is the free disk space below which doctor warns.
const minFree = 1 << 30

// Doctor looks at everything the hub depends on. open opens the store, so that its failure is a diagnosis too.
func (h *Hub) Doctor(ctx context.Context, open func(context.Context) error) []Diagnosis {
	var out []Diagnosis
	add := func(part, detail string, err error) {
		d := Diagnosis{Part: part, Severity: connectors.OK, Detail: detail, Err: err}
		if err != nil {
			d.Severity, d.Code, d.Detail = connectors.Fault, errs.CodeOf(err), ""
		}
		out = append(out, d)
	}
	if err := open(ctx); err != nil {
		add("store", "", err)
	} else {
		version, err := h.DB.Version(ctx)
		add("store", version, err)
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(h.Config.DataDir, &disk); err == nil && disk.Bavail*uint64(disk.Bsize) < minFree {
		out = append(out, Diagnosis{Part: "disk", Severity: connectors.Warn, Code: "doctor.disk",
			Err: errs.New(errs.Unavailable, "doctor.disk", errs.Args{"dir": h.Config.DataDir, "mib": disk.Bavail * uint64(disk.Bsize) >> 20})})
	}
	b, err := h.OpenBroker(ctx, BrokerUse{})
	if err == nil {
		err = b.Close()
	}
	detail := ""
	if b != nil {
		detail = b.Address
	}
	add("kafka", detail, err)
	for _, c := range h.Config.Connections {
		report, err := h.CheckConnection(ctx, c.Name)
		d := Diagnosis{Part: "connection " + c.Name, Severity: connectors.OK, Err: err, Findings: []CheckReport{report}}
		if err != nil || !report.OK {
			d.Severity, d.Code = connectors.Fault, errs.CodeOf(errors.Join(err))
		}
		out = append(out, d)
	}
	return out
}
