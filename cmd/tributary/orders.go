package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) ordersCmd() *cobra.Command {
	c := &cobra.Command{Use: "orders", Short: "Orders on their way into the ERP: submit, follow, try again"}
	c.AddCommand(a.ordersSubmitCmd(), a.ordersListCmd(), a.ordersShowCmd(), a.ordersSendCmd(), a.ordersRetryCmd())
	return c
}

func (a *app) ordersSubmitCmd() *cobra.Command {
	var connection, requester string
	var keep bool
	var wait time.Duration
	c := &cobra.Command{
		Use: "submit FILE…", Short: "Submit orders from JSON or a table and send them",
		Long: "Submits the orders of files: JSON (one order, a list, or one a line; - reads it from stdin), or a table with a row\nfor each line of an order. The key of an order makes it single: the same key with the same content is the same\norder, however often it is submitted.",
		Args: args(cobra.MinimumNArgs(1)),
	}
	c.Flags().StringVar(&connection, "connection", "", "the system that takes orders which name none")
	c.Flags().StringVar(&requester, "requester", "", "who asks, for orders which do not say it (default: you)")
	c.Flags().BoolVar(&keep, "no-send", false, "only store them; serve or orders send sends them")
	c.Flags().DurationVar(&wait, "wait", 0, "how long to wait for orders that have not ended, for example 2m")
	c.RunE = func(cmd *cobra.Command, files []string) error {
		var orders []canonical.OrderRequest
		for _, f := range files {
			some, err := hub.ReadOrders(cmd.Context(), f, a.in, a.language())
			if err != nil {
				return err
			}
			orders = append(orders, some...)
		}
		for i := range orders {
			if orders[i].Connection == "" {
				orders[i].Connection = connection
			}
			if orders[i].Requester == "" {
				orders[i].Requester = requester
			}
		}
		return a.withHub(cmd, "orders", func(h *hub.Hub) error { return a.submitOrders(cmd, h, orders, keep, wait) })
	}
	return c
}

// submitOrders stores orders, sends what has its turn, and prints how far each has got.
func (a *app) submitOrders(cmd *cobra.Command, h *hub.Hub, orders []canonical.OrderRequest, keep bool, wait time.Duration) error {
	out, err := h.SubmitOrders(cmd.Context(), orders, a.language())
	if err != nil {
		return err
	}
	var sendErr error
	if !keep && out.Totals.Accepted+out.Totals.Known > 0 {
		_, sendErr = h.SendOrders(cmd.Context(), "", wait)
		if err := h.RefreshOrders(cmd.Context(), &out, a.language()); err != nil {
			return err
		}
	}
	err = a.print(out, func(w io.Writer) error {
		fmt.Fprintf(w, a.say("%d accepted, %d known already, %d conflicts, %d not usable.\n", "新增 %d，已存在 %d，冲突 %d，无效 %d。\n"),
			out.Totals.Accepted, out.Totals.Known, out.Totals.Conflict, out.Totals.Invalid)
		var views []hub.OrderView
		for _, o := range out.Orders {
			if o.Error != nil {
				o.State, o.Problem = canonical.OrderState(o.Result), *o.Error
			}
			views = append(views, o.OrderView)
		}
		return a.writeOrders(w, views)
	})
	switch {
	case out.Totals.Invalid > 0:
		err = errors.Join(err, errs.New(errs.Invalid, "order.not_taken", errs.Args{"count": out.Totals.Invalid + out.Totals.Conflict}))
	case out.Totals.Conflict > 0:
		err = errors.Join(err, errs.New(errs.Conflict, "order.not_taken", errs.Args{"count": out.Totals.Conflict}))
	}
	return errors.Join(err, sendErr)
}

func (a *app) writeOrders(w io.Writer, orders []hub.OrderView) error {
	rows := make([][]string, len(orders))
	for i, o := range orders {
		rows[i] = []string{o.Key, string(o.State), o.Connection, o.Number, o.Step, o.Requester, o.Problem}
	}
	return table(w, []string{a.say("KEY", "订单键"), a.say("STATE", "状态"), a.say("CONNECTION", "连接"), a.say("NUMBER", "单号"), a.say("STEP", "步骤"), a.say("BY", "请求方"), a.say("PROBLEM", "问题")}, rows)
}

func (a *app) ordersListCmd() *cobra.Command {
	var q hub.OrderQuery
	c := &cobra.Command{Use: "list", Short: "List orders, newest first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		q.Lang = a.language()
		return ask(a, cmd, "orders", func(h *hub.Hub) (hub.OrderList, error) { return h.ListOrders(cmd.Context(), q) },
			func(w io.Writer, l hub.OrderList) error { return a.writeOrders(w, l.Orders) })
	}}
	c.Flags().StringVar(&q.State, "state", "", "only of this state: accepted, sending, unknown, sent, confirmed, refused")
	c.Flags().StringVar(&q.Connection, "connection", "", "only of this connection")
	c.Flags().StringVar(&q.Requester, "requester", "", "only of this requester")
	c.Flags().IntVar(&q.Limit, "limit", 50, "how many")
	return c
}

func (a *app) writeOrder(w io.Writer, o hub.OrderView) error {
	if err := a.writeOrders(w, []hub.OrderView{o}); err != nil {
		return err
	}
	fmt.Fprintf(w, a.say("\nCustomer %s, %s, tried %d times, last change %s.\n", "\n客户 %s，日期 %s，已尝试 %d 次，最近变更 %s。\n"), o.Customer, o.Order.Date, o.Attempts, o.UpdatedAt.Local().Format(time.DateTime))
	var rows [][]string
	for _, l := range o.Order.Lines {
		price := l.Price.String()
		if l.Free {
			price = a.say("free", "赠品")
		}
		rows = append(rows, []string{l.Product, l.Quantity.String(), l.Unit, price})
	}
	return table(w, []string{a.say("PRODUCT", "产品"), ">" + a.say("QUANTITY", "数量"), a.say("UNIT", "单位"), ">" + a.say("PRICE", "单价")}, rows)
}

func (a *app) ordersShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show KEY", Short: "Show an order and how far it has got", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "orders", func(h *hub.Hub) (hub.OrderView, error) { return h.ShowOrder(cmd.Context(), argv[0], a.language()) }, a.writeOrder)
	}}
}

func (a *app) ordersSendCmd() *cobra.Command {
	var wait time.Duration
	c := &cobra.Command{Use: "send [CONNECTION]", Short: "Send the orders that have their turn", Args: args(cobra.MaximumNArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		connection := ""
		if len(argv) > 0 {
			connection = argv[0]
		}
		return a.withHub(cmd, "orders", func(h *hub.Hub) error {
			out, sendErr := h.SendOrders(cmd.Context(), connection, wait)
			err := a.print(out, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, a.say("%d confirmed, %d there but not through, %d refused, %d wait.\n", "已确认 %d，已写入但未走完流程 %d，被拒绝 %d，等待中 %d。\n"), out.Confirmed, out.Sent, out.Refused, out.Waiting)
				return err
			})
			return errors.Join(err, sendErr)
		})
	}}
	c.Flags().DurationVar(&wait, "wait", 0, "how long to wait for orders that have not ended, for example 2m")
	return c
}

func (a *app) ordersRetryCmd() *cobra.Command {
	return &cobra.Command{Use: "retry KEY", Short: "Let an order that was refused go on, once its cause is mended", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "orders", func(h *hub.Hub) (hub.OrderView, error) { return h.RetryOrder(cmd.Context(), argv[0], a.language()) }, a.writeOrder)
	}}
}
