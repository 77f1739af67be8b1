package hub

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events/kafka"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/store/storetest"
)

const oneOrder = `{"key":"K-1","customer":"C1","date":"2026-03-01","lines":[{"product":"P1","quantity":"20"}]}`

func TestOrdersFromFiles(t *testing.T) {
	dir := t.TempDir()
	read := func(name, text string) ([]canonical.OrderRequest, error) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return ReadOrders(t.Context(), path, nil, "en")
	}
	for name, text := range map[string]string{"one.json": oneOrder, "list.json": "\ufeff [" + oneOrder + "]", "lines.jsonl": oneOrder + "\n" + oneOrder, "wrapped.json": `{"orders":[` + oneOrder + `]}`,
		"table.csv": "订单号,客户编码,订单日期,产品编码,数量,单价\nK-1,C1,2026-03-01,P1,20,\n"} {
		orders, err := read(name, text)
		require.NoError(t, err, name)
		require.NotEmpty(t, orders, name)
		require.Equal(t, "K-1", orders[0].Key)
		require.Equal(t, canonical.Units(20), orders[0].Lines[0].Quantity)
		require.Empty(t, orders[0].Validate(), name)
	}
	orders, err := ReadOrders(t.Context(), "-", strings.NewReader(oneOrder), "en")
	require.NoError(t, err)
	require.Len(t, orders, 1)
	orders, err = read("lines.csv", "订单号,客户编码,订单日期,产品编码,数量\nK-1,C1,2026-03-01,P1,20\nK-2,C1,2026-03-01,P1,1\nK-1,C1,2026-03-01,P2,5\n")
	require.NoError(t, err)
	require.Len(t, orders, 2)
	require.Len(t, orders[0].Lines, 2)

	for name, c := range map[string][2]string{
		"typo.json":  {`{"key":"K","quantiy":1}`, "order.json"},
		"cut.json":   {oneOrder[:30], "order.json"},
		"float.json": {strings.Replace(oneOrder, `"20"`, "20.5", 1), "order.json"},
		"two.csv":    {"订单号,客户编码,订单日期,产品编码,数量\nK-1,C1,2026-03-01,P1,20\nK-1,C2,2026-03-01,P1,1\n", "order.row"},
		"bad.csv":    {"订单号,客户编码,订单日期,产品编码,数量\nK-1,C1,2026-03-01,P1,十\n", "order.row"},
	} {
		_, err := read(name, c[0])
		require.Equal(t, c[1], errs.CodeOf(err), "%s: %v", name, err)
	}
}

func FuzzOrders(f *testing.F) {
	for _, seed := range []string{oneOrder, "[" + oneOrder + "]", `{"orders":[]}`, `[[`, ``} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		orders, err := parseOrders("f", []byte(text))
		if err != nil {
			require.Equal(t, "order.json", errs.CodeOf(err))
		}
		for i := range orders {
			_, err := json.Marshal(orders[i])
			require.NoError(t, err)
		}
		m := message.NewMessage("1", []byte(text))
		if o, err := readOrderMessage(m); err == nil {
			require.True(t, canonical.ValidOrderKey(o.Key))
		}
	})
}

// taker is a hub over an empty store with one connection that takes orders.
func taker(t *testing.T) *Hub {
	db, err := storetest.Open(t.Context(), store.Config{URL: "sqlite:hub.db", DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	return &Hub{DB: db, Config: &config.Config{Company: config.Company{Code: "M"}}, Actor: Actor{Name: "os:me", Role: CRM}, Log: slog.New(slog.DiscardHandler)}
}

func TestOneKeyIsOneOrder(t *testing.T) {
	h := taker(t)
	var req canonical.OrderRequest
	require.NoError(t, json.Unmarshal([]byte(oneOrder), &req))
	takers := []string{"erp"}
	first, result, err := h.takeOrder(t.Context(), req, takers, "en")
	require.NoError(t, err)
	require.Equal(t, orderAccepted, result)
	require.Equal(t, "os:me", first.Requester)

	req.Requester = "crm" // who brings it does not make it another order
	again, result, err := h.takeOrder(t.Context(), req, takers, "en")
	require.NoError(t, err)
	require.Equal(t, orderKnown, result)
	require.Equal(t, first.ID, again.ID)

	req.Lines[0].Quantity++
	_, result, err = h.takeOrder(t.Context(), req, takers, "en")
	require.Equal(t, orderConflict, result)
	require.Equal(t, "order.conflict", errs.CodeOf(err))

	req.Key, req.Connection = "K-2", "nowhere"
	_, result, err = h.takeOrder(t.Context(), req, takers, "en")
	require.Equal(t, orderInvalid, result)
	require.Equal(t, "order.connection", errs.CodeOf(err))
	req.Connection, req.Date = "erp", canonical.NoDate
	_, _, err = h.takeOrder(t.Context(), req, takers, "en")
	require.Equal(t, "order.unusable", errs.CodeOf(err))
	list, err := h.DB.Orders(t.Context(), store.OrderFilter{Limit: 9})
	require.NoError(t, err)
	require.Len(t, list, 1, "what is not usable is not kept")
	h.Actor.Role = Auditor
	_, err = h.SubmitOrders(t.Context(), []canonical.OrderRequest{req}, "en")
	require.Equal(t, "order.denied", errs.CodeOf(err))
}

// Every record that has a key is answered; only what has none is set aside.
func TestOrdersFromKafka(t *testing.T) {
	h := taker(t)
	send := func(key, text string, header ...string) error {
		m := message.NewMessage("1", []byte(text))
		if key != "" {
			m.Metadata.Set(kafka.KeyMetadata, key)
		}
		for i := 0; i+1 < len(header); i += 2 {
			m.Metadata.Set(header[i], header[i+1])
		}
		return h.takeMessage(t.Context(), m, []string{"erp"})
	}
	state := func(key string) canonical.OrderState {
		o, err := h.DB.Order(t.Context(), key)
		require.NoError(t, err)
		return o.State
	}
	require.NoError(t, send("K-1", oneOrder))
	require.NoError(t, send("", oneOrder))
	require.Equal(t, canonical.OrderAccepted, state("K-1"))
	require.NoError(t, send("K-2", `{"specversion":"1.0","data":`+strings.Replace(oneOrder, `"key":"K-1",`, "", 1)+`}`, "content-type", "application/cloudevents+json; charset=UTF-8"))
	require.Equal(t, canonical.OrderAccepted, state("K-2"))

	require.NoError(t, send("K-1", strings.Replace(oneOrder, `"20"`, `"21"`, 1)), "a conflict is answered")
	o, err := h.DB.Order(t.Context(), "K-1")
	require.NoError(t, err)
	require.EqualValues(t, 2, o.Version)
	require.Equal(t, canonical.OrderAccepted, o.State)

	require.NoError(t, send("K-3", `{"key":"K-3"}`), "an order that lacks everything is answered")
	require.Equal(t, canonical.OrderRefused, state("K-3"))
	require.NoError(t, send("K-4", `{"key":"K-4","lines":7}`))
	require.Equal(t, canonical.OrderRefused, state("K-4"))
	require.NoError(t, send("K-5", strings.Replace(oneOrder, `{"key":"K-1"`, `{"company":"OTHER","key":"K-5"`, 1)))
	_, err = h.DB.Order(t.Context(), "K-5")
	require.ErrorIs(t, err, store.ErrNoOrder, "an order for another company is none of ours")

	for _, c := range [][2]string{{"", `{}`}, {"", "not JSON"}, {"K 6", `{}`}} {
		require.ErrorIs(t, send(c[0], c[1]), errUnreadable, "%v", c)
	}
	pending, err := h.DB.PendingEvents(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, pending)
}

func TestOrdersThatAreTriedAgain(t *testing.T) {
	h := taker(t)
	require.NoError(t, h.takeMessage(t.Context(), message.NewMessage("1", []byte(oneOrder)), []string{"erp"}))
	change := func(s canonical.OrderState) {
		require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error {
			o, err := tx.LockOrder(t.Context(), "K-1")
			if err != nil {
				return err
			}
			o.State = s
			return tx.SaveOrder(t.Context(), &o)
		}))
	}
	for from, to := range map[canonical.OrderState]canonical.OrderState{canonical.OrderRefused: canonical.OrderAccepted, canonical.OrderSent: canonical.OrderUnknown,
		canonical.OrderUnknown: canonical.OrderUnknown, canonical.OrderAccepted: canonical.OrderAccepted} {
		change(from)
		v, err := h.RetryOrder(t.Context(), "K-1", "en")
		require.NoError(t, err)
		require.Equal(t, to, v.State, from)
	}
	change(canonical.OrderConfirmed)
	_, err := h.RetryOrder(t.Context(), "K-1", "en")
	require.Equal(t, "order.not_retried", errs.CodeOf(err))
	_, err = h.RetryOrder(t.Context(), "K-9", "en")
	require.Equal(t, "order.unknown", errs.CodeOf(err))
}
