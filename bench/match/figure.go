package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// figure is one line of the output.
type figure struct {
	Figure         string  `json:"figure"`
	Seed           uint64  `json:"seed,omitempty"`
	Rows           int     `json:"rows"`
	Precision      float64 `json:"precision"`
	Recall         float64 `json:"recall"`
	F1             float64 `json:"f1"`
	Aim            float64 `json:"aim_f1,omitempty"`
	CubedPrecision float64 `json:"b3_precision"`
	CubedRecall    float64 `json:"b3_recall"`
	PairRecall     float64 `json:"pair_recall"` // true pairs that pairs.csv lists: a lower bound of blocking recall
	Compared       int64   `json:"pairs_compared"`
	Seconds        float64 `json:"seconds"`
	CPU            float64 `json:"cpu_seconds"`
	PeakRSS        int64   `json:"peak_rss_bytes"`

	Peer          string  `json:"peer,omitempty"`
	PeerPrecision float64 `json:"peer_precision,omitempty"`
	PeerRecall    float64 `json:"peer_recall,omitempty"`
	PeerF1        float64 `json:"peer_f1,omitempty"`
	PeerSeconds   float64 `json:"peer_seconds,omitempty"`
	PeerCPU       float64 `json:"peer_cpu_seconds,omitempty"`
	PeerRSS       int64   `json:"peer_peak_rss_bytes,omitempty"`
	Ratio         float64 `json:"wall_ratio,omitempty"` // ours / the peer's: less is faster
}

func (f figure) print(w io.Writer) error { return json.NewEncoder(w).Encode(f) }

// table prints the figures for reading.
func table(out io.Writer, figures []figure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nkind\trows\tP\tR\tF1\taim\tB3 P\tB3 R\tpair recall\tcompared\ts\tCPU s\tMB\tpeer\tpeer F1\tpeer s\twall ratio\t")
	blank := func(v float64, format string) string {
		if v == 0 {
			return ""
		}
		return fmt.Sprintf(format, v)
	}
	for _, f := range figures {
		fmt.Fprintf(w, "%s\t%d\t%.4f\t%.4f\t%.4f\t%s\t%.4f\t%.4f\t%.4f\t%d\t%.1f\t%.1f\t%d\t%s\t%s\t%s\t%s\t\n", f.Figure, f.Rows, f.Precision, f.Recall, f.F1, blank(f.Aim, "%.3f"), f.CubedPrecision, f.CubedRecall,
			f.PairRecall, f.Compared, f.Seconds, f.CPU, f.PeakRSS>>20, f.Peer, blank(f.PeerF1, "%.4f"), blank(f.PeerSeconds, "%.1f"), blank(f.Ratio, "%.2f"))
	}
	return w.Flush()
}
