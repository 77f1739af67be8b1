package hub

import (
	"context"
	"syscall"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Diagnosis is what doctor found about one part of the installation.
type Diagnosis struct {
	Part     string              // store, kafka, disk, connection NAME
	Severity connectors.Severity //
	Detail   string              // what answered: version of the database, address of the broker
	Err      error               // nil when nothing is wrong with the part itself
	Check    *CheckReport        // of a connection
}

// minFree is the free disk space below which doctor warns.
const minFree = 1 << 30

// Doctor looks at everything the hub depends on. open opens the store, so that its failure is a diagnosis too.
func (h *Hub) Doctor(ctx context.Context, open func(context.Context) error) []Diagnosis {
	out := []Diagnosis{h.diagnose("store", func() (string, error) {
		if err := open(ctx); err != nil {
			return "", err
		}
		return h.DB.Version(ctx)
	})}
	out = append(out, h.disk()...)
	out = append(out, h.diagnose("kafka", func() (string, error) {
		b, err := h.OpenBroker(ctx, BrokerUse{})
		if err != nil {
			return "", err
		}
		return b.Address, b.Close()
	}))
	names := make([]string, len(h.Config.Connections))
	for i, c := range h.Config.Connections {
		names[i] = c.Name
	}
	reports, failures := h.CheckConnections(ctx, names, nil)
	for i, name := range names {
		d := Diagnosis{Part: "connection " + name, Severity: connectors.OK, Err: failures[i], Check: &reports[i]}
		if failures[i] != nil || !reports[i].OK {
			d.Severity = connectors.Fault
		}
		out = append(out, d)
	}
	return out
}

func (h *Hub) diagnose(part string, look func() (string, error)) Diagnosis {
	detail, err := look()
	if err != nil {
		return Diagnosis{Part: part, Severity: connectors.Fault, Err: err}
	}
	return Diagnosis{Part: part, Severity: connectors.OK, Detail: detail}
}

// disk warns when little is left where the data lies.
func (h *Hub) disk() []Diagnosis {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(h.Config.DataDir, &disk); err != nil {
		return nil // the folder is the store's matter
	}
	free := disk.Bavail * uint64(disk.Bsize)
	if free >= minFree {
		return nil
	}
	return []Diagnosis{{Part: "disk", Severity: connectors.Warn,
		Err: errs.New(errs.Unavailable, "doctor.disk", errs.Args{"dir": h.Config.DataDir, "mib": free >> 20})}}
}
