package main

import (
	"context"
	"fmt"
	"strings"

	"tributary/canonical"
	"tributary/connectors/sandbox"
	"tributary/hub"
	"tributary/internal/clusterscore"
)

// agreement is how far golden customers of one kind agree with who is who in the simulated world.
type agreement struct {
	Kind      string  `json:"kind"`    // organisation, professional, patient, mention
	Records   int     `json:"records"` // source records, or mentions, that belong to a golden customer
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

// agreements compares the crosswalk with the world, over pairs of records. Kind mention looks at the organisations again,
// with the partners that flow files name among their records.
func agreements(ctx context.Context, h *hub.Hub, sb *sandbox.Sandbox) ([]agreement, error) {
	truth := map[canonical.RecordKey]int{}
	for key, customer := range sb.Truth() {
		truth[key] = customer
	}
	customers := sb.World().Customers
	clusters := map[canonical.ID]int{}
	items := map[string][]clusterscore.Item{}
	err := h.EachLink(ctx, func(key canonical.RecordKey, golden canonical.ID) error {
		customer, known := truth[key]
		if !known {
			return nil // who is named in other ledgers only
		}
		if _, met := clusters[golden]; !met {
			clusters[golden] = len(clusters)
		}
		item := clusterscore.Item{Entity: customer, Cluster: clusters[golden]}
		switch kind := customers[customer].Kind; {
		case kind == canonical.HCP:
			items["professional"] = append(items["professional"], item)
		case kind == canonical.Patient:
			items["patient"] = append(items["patient"], item)
		default:
			if !key.Mention() {
				items["organisation"] = append(items["organisation"], item)
			}
			items["mention"] = append(items["mention"], item)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []agreement
	for _, kind := range []string{"organisation", "professional", "patient", "mention"} {
		s := clusterscore.Of(items[kind], false)
		out = append(out, agreement{Kind: kind, Records: len(items[kind]), Precision: s.Precision(), Recall: s.Recall()})
	}
	return out, nil
}

// tellAgreements says them in one line.
func (a *app) tellAgreements(all []agreement) string {
	names := map[string]string{
		"organisation": a.say("organisations", "机构"), "professional": a.say("professionals", "医务人员"), "patient": a.say("patients", "患者"),
		"mention": a.say("with the names in flow files", "含流向文件中的名称"),
	}
	parts := make([]string, len(all))
	for i, g := range all {
		parts[i] = fmt.Sprintf("%s %.4f / %.4f", names[g.Kind], g.Precision, g.Recall)
	}
	return a.say("precision / recall: ", "准确率 / 召回率：") + strings.Join(parts, a.say(", ", "，"))
}
