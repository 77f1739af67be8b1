package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/internal/width"
)

// customerFlags describe a customer by flags or as JSON.
func (a *app) customerFlags(c *cobra.Command) func() (canonical.Customer, error) {
	var flags canonical.Customer
	var kind, file, phone, email string
	f := c.Flags()
	f.StringVar(&file, "from", "", "file with the customer as one JSON object; - reads standard input")
	f.StringVar(&kind, "kind", "", "hospital, clinic, pharmacy, chain, distributor, manufacturer, hcp, patient")
	f.StringVar(&flags.Name, "name", "", "name")
	f.StringVar(&flags.USCC, "uscc", "", "unified social credit code")
	f.StringVar(&flags.LicenceNo, "licence", "", "licence number")
	f.StringVar(&flags.InstitutionCode, "institution-code", "", "institution code")
	f.StringVar(&phone, "phone", "", "phone")
	f.StringVar(&email, "email", "", "e-mail")
	f.StringVar(&flags.Address.Province, "province", "", "province")
	f.StringVar(&flags.Address.City, "city", "", "city")
	f.StringVar(&flags.Address.County, "county", "", "county or district")
	f.StringVar(&flags.Address.Text, "address", "", "street address")
	f.StringVar(&flags.Organisation, "organisation", "", "of a professional: place of work")
	f.StringVar(&flags.Department, "department", "", "of a professional: department")
	return func() (canonical.Customer, error) {
		out := flags
		out.Kind = canonical.CustomerKind(kind)
		if phone != "" {
			out.Phones = []string{phone}
		}
		if email != "" {
			out.Emails = []string{email}
		}
		if file == "" {
			return out, nil
		}
		text, err := a.readAll(file)
		if err != nil {
			return out, err
		}
		return hub.ParseCustomer(text, file)
	}
}

const maxCustomer = 1 << 20 // bytes of one customer as JSON

// readAll reads a small file, or standard input for "-".
func (a *app) readAll(file string) ([]byte, error) {
	in := a.in
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, errs.Wrap(errs.NotFound, "hub.cannot_read", err, errs.Args{"file": file})
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxCustomer+1))
	if err == nil && len(text) > maxCustomer {
		err = errors.New("more than 1 MiB")
	}
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "hub.cannot_read", err, errs.Args{"file": file})
	}
	return text, nil
}

func (a *app) customersFindCmd() *cobra.Command {
	var req hub.FindRequest
	c := &cobra.Command{Use: "find", Short: "Who a customer could be that is about to be created", Args: args(cobra.NoArgs),
		Long: "Who a customer could be that is about to be created: known customers with probability and reasons, best first. Nothing\n" +
			"is written. Describe the customer by flags or as JSON (--from)."}
	customer := a.customerFlags(c)
	c.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if req.Customer, err = customer(); err != nil {
			return err
		}
		req.Lang = a.language()
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Found, error) { return h.FindCustomers(cmd.Context(), req) }, a.writeFound)
	}
	c.Flags().Float64Var(&req.Min, "min", 0, "least probability of a candidate (default 0.05)")
	c.Flags().IntVar(&req.Limit, "limit", 0, "how many (default 10)")
	return c
}

func (a *app) writeFound(w io.Writer, r hub.Found) error {
	if len(r.Candidates) == 0 {
		_, err := fmt.Fprintln(w, a.say("nobody like it is known", "没有相似的已知客户"))
		return err
	}
	rows := make([][]string, len(r.Candidates))
	for i, c := range r.Candidates {
		rows[i] = []string{c.GoldenID.String(), fmt.Sprintf("%.3f", c.Probability), a.kindWord(string(c.Kind)), width.Cut(c.Name, 36), c.Place, width.Cut(strings.Join(c.Reasons, "; "), 70)}
	}
	return table(w, []string{a.say("GOLDEN ID", "主数据 ID"), ">" + a.say("P", "概率"), a.say("KIND", "类型"), a.say("NAME", "名称"), a.say("PLACE", "地区"), a.say("REASONS", "理由")}, rows)
}

func (a *app) customersCreateCmd() *cobra.Command {
	var req hub.CreateRequest
	c := &cobra.Command{Use: "create --if-none-above P", Short: "Create a customer unless one like it is known", Args: args(cobra.NoArgs),
		Long: "Create a customer unless a known one reaches the probability P: then nothing is written and the candidates are printed\n" +
			"(\"created\": false). The new record belongs to --source (default steward)."}
	customer := a.customerFlags(c)
	c.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if req.Customer, err = customer(); err != nil {
			return err
		}
		req.Lang = a.language()
		return ask(a, cmd, "customers", func(h *hub.Hub) (hub.Created, error) { return h.CreateCustomer(cmd.Context(), req) }, func(w io.Writer, r hub.Created) error {
			if r.Created {
				_, err := fmt.Fprintf(w, a.say("created %s (%s:%s)\n", "已新建 %s（%s:%s）\n"), r.GoldenID, r.Record.Source, r.Record.ID)
				return err
			}
			fmt.Fprintln(w, a.say("not created: a known customer is likely the same", "未新建：已有客户很可能相同"))
			return a.writeFound(w, r.Found)
		})
	}
	f := c.Flags()
	f.Float64Var(&req.IfNoneAbove, "if-none-above", 0, "probability from which a known customer is taken for the same (required)")
	f.StringVar(&req.Source, "source", "", "source that the record belongs to (default steward)")
	f.StringVar(&req.ID, "id", "", "its id there (default: a new one)")
	f.StringVar(&req.Reason, "reason", "", "why; it is kept in the audit log")
	required(c, "if-none-above")
	return c
}
