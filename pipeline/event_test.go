package pipeline_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/epcis"
	"tributary/pipeline"
	"tributary/store"
)

const codesMap = `
entity: event
key: [id]
skip: 'step == "none"'
fields:
  biz_step: step
  time: at
  codes: codes
  lot: lot
  from: from
  to: to
  document: bill
`

const (
	pack1, pack2, pack3 = "81234560000000000017", "81234560000000000024", "81234560000000000031"
)

// shipment is a row of a bill: which codes left with it.
func shipment(n int, bill, lot string, codes ...string) connectors.Row {
	list := make([]any, len(codes))
	for i, c := range codes {
		list[i] = c
	}
	return connectors.Row{Key: bill + "|" + lot, Number: n, Document: bill, Fields: map[string]any{
		"id": bill + "|" + lot, "bill": bill, "step": "shipping", "at": "2025-03-10 08:00:00", "lot": lot, "codes": list, "from": "msfx:R1", "to": "msfx:R2",
	}}
}

func gone(n int, bill string) connectors.Row {
	return connectors.Row{Key: bill, Number: n, Document: bill, Op: connectors.Delete}
}

// history is what captured events tell of a code that was not declared wrong: lots in order.
func (b *ingestBench) history(code string) (lots []string) {
	b.t.Helper()
	list, _, err := b.db.EPCISWith(b.t.Context(), []string{code}, 100)
	require.NoError(b.t, err)
	for _, e := range list {
		if !e.Wrong {
			lots = append(lots, e.Lot)
		}
	}
	return lots
}

func (b *ingestBench) pullEvents(pages ...[]connectors.Row) store.Counts {
	b.t.Helper()
	req := pullOf(b.t, "log", codesMap)
	run, err := b.ingest.Pull(b.t.Context(), &scripted{t: b.t, failAt: -1, snapshot: true, pages: pages}, req)
	require.NoError(b.t, err)
	require.True(b.t, run.Counts.Balanced())
	return run.Counts
}

// A bill that comes again changed takes back what it does not hold any more; one that is deleted, everything; one that is
// entered again stands again. Nothing is counted twice.
func TestEventsComeAndGoWithTheirDocument(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		first := []connectors.Row{shipment(1, "B1", "L1", pack1, pack2), shipment(2, "B1", "L2", pack3), shipment(3, "B2", "L1", pack1)}
		require.Equal(t, counts(3, 0, 0, 0), b.pullEvents(first))
		require.Equal(t, counts(0, 3, 0, 0), b.pullEvents(first), "the same again is no news")
		require.Equal(t, []string{"L1", "L1"}, b.history(pack1))
		require.Equal(t, []string{"L2"}, b.history(pack3))

		require.Equal(t, counts(1, 0, 0, 0), b.pullEvents([]connectors.Row{shipment(1, "B1", "L1", pack2)}))
		require.Equal(t, []string{"L1"}, b.history(pack1), "of bill B2")
		require.Equal(t, []string{"L1"}, b.history(pack2))
		require.Empty(t, b.history(pack3))
		list, _, err := b.db.EPCISWith(t.Context(), []string{pack3}, 10)
		require.NoError(t, err)
		require.Equal(t, "incorrect_data", list[0].WrongReason)
		require.Len(t, list[0].CorrectedBy, 1)

		require.Equal(t, counts(2, 0, 0, 0), b.pullEvents([]connectors.Row{gone(1, "B1"), gone(2, "B2")}))
		require.Empty(t, b.history(pack1))
		require.Equal(t, counts(0, 2, 0, 0), b.pullEvents([]connectors.Row{gone(1, "B1"), gone(2, "B9")}), "gone before, or never met")

		require.Equal(t, counts(2, 1, 0, 0), b.pullEvents([]connectors.Row{gone(1, "B1")}, first[:2]), "entered again as it was at first")
		require.Equal(t, []string{"L1"}, b.history(pack1))
		require.Equal(t, []string{"L2"}, b.history(pack3))
	})
}

// A bill with a row in quarantine loses nothing; the row is part of the bill again when it is mended.
func TestABrokenRowOfADocumentTakesNothingBack(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		b.pullEvents([]connectors.Row{shipment(1, "B1", "L1", pack1), shipment(2, "B1", "L2", pack2)})
		bad := shipment(2, "B1", "L2", "(01)123")
		require.Equal(t, counts(0, 1, 1, 0), b.pullEvents([]connectors.Row{shipment(1, "B1", "L1", pack1), bad}))
		require.Equal(t, []string{"L2"}, b.history(pack2))
		_, open, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: store.QuarantineOpen, Limit: 10})
		require.NoError(t, err)
		require.Len(t, open, 1)
		require.Equal(t, "/epcList", open[0].Issues[0].Field)
		require.Contains(t, open[0].Issues[0].Text("en"), "(01)123")
		require.Contains(t, open[0].Issues[0].Text("zh"), "(01)123")

		q, err := b.db.QuarantinedRow(t.Context(), open[0].ID)
		require.NoError(t, err)
		q.Retry.Fields["codes"] = []any{pack3}
		run, err := b.ingest.Replay(t.Context(), pipeline.Replay{Rows: []store.Quarantined{q}, Map: pullOf(t, "log", codesMap).Map, Entity: canonical.EntityEvent, Actor: "os:test"})
		require.NoError(t, err)
		require.Equal(t, counts(1, 0, 0, 0), run.Counts)
		require.Equal(t, []string{"L2"}, b.history(pack3))
		require.Equal(t, counts(1, 0, 0, 0), b.pullEvents([]connectors.Row{gone(1, "B1")}))
		for _, p := range []string{pack1, pack2, pack3} {
			require.Empty(t, b.history(p))
		}
	})
}

// Lines of flow come and go with their bill as events do.
func TestFlowLinesComeAndGoWithTheirDocument(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		line := func(n int, bill, entry, qty string) connectors.Row {
			return connectors.Row{Key: bill + "|" + entry, Number: n, Document: bill, Fields: map[string]any{"entry": entry, "day": "2025-03-01", "bill": bill, "buyer": "C1",
				"buyer_name": "甲", "sku": "P1", "qty": json.Number(qty)}}
		}
		pull := func(pages ...[]connectors.Row) store.Counts {
			t.Helper()
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: pages}, pullOf(t, "flag", flowMap))
			require.NoError(t, err)
			require.True(t, run.Counts.Balanced())
			return run.Counts
		}
		live := func() int { return len(b.book("M")) }
		first := []connectors.Row{line(1, "B1", "1", "5"), line(2, "B1", "2", "7"), line(3, "B2", "1", "1")}
		require.Equal(t, counts(3, 0, 0, 0), pull(first))
		require.Equal(t, counts(0, 3, 0, 0), pull(first))
		require.Equal(t, counts(1, 0, 0, 0), pull([]connectors.Row{line(1, "B1", "1", "6")}))
		require.Equal(t, 2, live())
		require.Equal(t, counts(1, 0, 0, 0), pull([]connectors.Row{gone(1, "B1")}))
		require.Equal(t, 1, live())
		require.Equal(t, counts(2, 1, 0, 0), pull([]connectors.Row{gone(1, "B1")}, first[:2]))
		require.Equal(t, 3, live())
	})
}

// What another connection or a file brought is known; the same id with other content goes to quarantine.
func TestEventsOfSeveralSourcesAreOneSet(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		event := func(id, step string) string {
			return fmt.Sprintf(`{"@context":"https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld","type":"ObjectEvent","eventID":%q,"eventTime":"2025-03-10T08:00:00+08:00",
				"eventTimeZoneOffset":"+08:00","action":"OBSERVE","bizStep":%q,"epcList":["urn:x:%s"]}`, id, step, pack1)
		}
		row := func(n int, text string) connectors.Row {
			return connectors.Row{Key: fmt.Sprint(n), Number: n, SourceTime: time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC), Fields: map[string]any{"event": text}}
		}
		req := pullOf(t, "flag", "entity: event\nkey: [event]\nfields: {event: event}\n")
		pull := func(rows ...connectors.Row) store.Counts {
			t.Helper()
			run, err := b.ingest.Pull(t.Context(), &scripted{t: t, failAt: -1, snapshot: true, pages: [][]connectors.Row{rows}}, req)
			require.NoError(t, err)
			return run.Counts
		}
		doc := epcis.Parse([]byte("[" + event("urn:x:1", "shipping") + "]"))
		captured, err := b.ingest.Capture(t.Context(), pipeline.Capture{File: "f.json", Document: &doc, Actor: "os:test"})
		require.NoError(t, err)
		require.Equal(t, counts(1, 0, 0, 0), captured.Counts)
		require.Equal(t, counts(1, 1, 1, 0), pull(row(1, event("urn:x:1", "shipping")), row(2, event("urn:x:1", "receiving")), row(3, event("urn:x:2", "receiving"))))
		require.Equal(t, counts(0, 1, 1, 0), pull(row(1, event("urn:x:1", "receiving")), row(2, event("urn:x:2", "receiving"))))
		deleted := row(1, event("urn:x:2", "receiving"))
		deleted.Op = connectors.Delete
		require.Equal(t, counts(1, 0, 0, 0), pull(deleted))
		require.Equal(t, counts(0, 1, 0, 0), pull(deleted))
		require.Len(t, b.history(pack1), 1)
	})
}
