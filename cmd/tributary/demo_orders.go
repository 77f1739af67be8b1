package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tributary/connectors/sandbox"
	"tributary/hub"
)

// orderPatience bounds how long the demo waits for orders that have not ended.
const orderPatience = 30 * time.Second

// orderStep hands in what the CRM orders, twice, as a CRM does that got no answer the first time, and sends it.
func (a *app) orderStep(ctx context.Context, h *hub.Hub, sb *sandbox.Sandbox, progress *steps) error {
	orders := sb.Orders()
	if len(orders) == 0 {
		return nil
	}
	return progress.do(a.say("orders of the CRM into the ERP, each handed in twice", "CRM 订单写入 ERP，每张提交两次"), func() (string, error) {
		var sum hub.SubmittedTotals
		for range 2 {
			out, err := h.SubmitOrders(ctx, orders, a.language())
			if err != nil {
				return "", err
			}
			sum.Accepted, sum.Known = sum.Accepted+out.Totals.Accepted, sum.Known+out.Totals.Known
		}
		sent, err := h.SendOrders(ctx, "", orderPatience)
		return fmt.Sprintf(a.say("%d new, %d known already; %d confirmed there", "新增 %d，已存在 %d；ERP 确认 %d"), sum.Accepted, sum.Known, sent.Confirmed), err
	})
}

// ordersInERP compares the orders of the CRM with the bills that the simulated ERP holds.
type ordersInERP struct {
	Orders []orderInERP `json:"orders"`
	Bills  int          `json:"bills"` // all sales orders there
}

type orderInERP struct {
	Key    string   `json:"key"`
	State  string   `json:"state"`
	Number string   `json:"number"`
	Bills  []string `json:"bills"` // numbers of the bills there that bear the key
}

// ordersWritten looks the orders up on both sides.
func (a *app) ordersWritten(ctx context.Context, h *hub.Hub, sb *sandbox.Sandbox) (out ordersInERP, err error) {
	bills, err := sb.Bills()
	if err != nil {
		return out, err
	}
	for _, o := range sb.Orders() {
		v, err := h.ShowOrder(ctx, o.Key, a.language())
		if err != nil {
			return out, err
		}
		one := orderInERP{Key: v.Key, State: string(v.State), Number: v.Number}
		for _, b := range bills {
			if b.Key == v.Key {
				one.Bills = append(one.Bills, b.Number)
			}
		}
		out.Orders = append(out.Orders, one)
	}
	out.Bills = len(bills)
	return out, nil
}

// tellOrders says in one line how far the orders got, "" without orders.
func (a *app) tellOrders(o ordersInERP) string {
	if len(o.Orders) == 0 {
		return ""
	}
	parts := make([]string, len(o.Orders))
	for i, one := range o.Orders {
		parts[i] = fmt.Sprintf("%s %s (%s)", one.Key, one.State, strings.Join(one.Bills, ", "))
	}
	return fmt.Sprintf(a.say("Orders of the CRM: %s. The ERP holds %d sales orders.\n", "CRM 订单：%s。ERP 共有 %d 张销售订单。\n"), strings.Join(parts, "; "), o.Bills)
}
