package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/internal/errs"
)

func (a *app) requestCmd() *cobra.Command {
	c := &cobra.Command{Use: "request", Short: "Change requests: ask for an addition, a change or a merge, and answer them"}
	c.AddCommand(a.requestAddCmd(), a.requestChangeCmd(), a.requestMergeCmd(), a.requestSubmitCmd(), a.requestListCmd(), a.requestShowCmd(), a.requestDecideCmd())
	return c
}

// ask sends a new change request.
func (a *app) ask(c *cobra.Command, prepare func(*hub.NewRequest, []string) error) *cobra.Command {
	var req hub.NewRequest
	c.Flags().StringVar(&req.Reference, "reference", "", "your own number of the request")
	c.Flags().BoolVar(&req.Draft, "draft", false, "keep it; request submit hands it in later")
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		if err := prepare(&req, argv); err != nil {
			return err
		}
		req.Lang = a.language()
		return a.withRequest(cmd, func(h *hub.Hub) (hub.ChangeRequest, error) { return h.RequestChange(cmd.Context(), req) })
	}
	return c
}

func (a *app) withRequest(cmd *cobra.Command, do func(*hub.Hub) (hub.ChangeRequest, error)) error {
	return a.withHub(cmd, "customers", func(h *hub.Hub) error {
		r, err := do(h)
		if err != nil {
			return err
		}
		return a.print(r, func(w io.Writer) error { return a.writeRequest(w, r) })
	})
}

func (a *app) requestAddCmd() *cobra.Command {
	c := &cobra.Command{Use: "add", Short: "Ask for a new customer", Args: args(cobra.NoArgs)}
	customer := a.customerFlags(c)
	return a.ask(c, func(req *hub.NewRequest, _ []string) (err error) {
		req.Kind = "add"
		req.Customer, err = customer()
		return err
	})
}

func (a *app) requestChangeCmd() *cobra.Command {
	var set []string
	c := &cobra.Command{Use: "change ID --set ATTRIBUTE=VALUE", Short: "Ask for other values of a customer", Args: args(cobra.ExactArgs(1))}
	c.Flags().StringArrayVar(&set, "set", nil, "attribute and value asked for, as ATTRIBUTE=VALUE; may be given several times")
	return a.ask(c, func(req *hub.NewRequest, argv []string) error {
		req.Kind, req.Target, req.Values = "change", argv[0], map[string]string{}
		for _, pair := range set {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				return badValue(c, "set", pair, "cli.want_assignment")
			}
			req.Values[strings.TrimSpace(name)] = value
		}
		return nil
	})
}

func (a *app) requestMergeCmd() *cobra.Command {
	c := &cobra.Command{Use: "merge ID…", Short: "Ask that customers become one", Args: args(cobra.MinimumNArgs(2))}
	return a.ask(c, func(req *hub.NewRequest, argv []string) error {
		req.Kind, req.Customers = "merge", argv
		return nil
	})
}

func (a *app) requestSubmitCmd() *cobra.Command {
	return &cobra.Command{Use: "submit ID", Short: "Hand a draft in", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withRequest(cmd, func(h *hub.Hub) (hub.ChangeRequest, error) { return h.SubmitRequest(cmd.Context(), argv[0]) })
	}}
}

func (a *app) requestShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a change request and its answer", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return a.withRequest(cmd, func(h *hub.Hub) (hub.ChangeRequest, error) { return h.ShowRequest(cmd.Context(), argv[0]) })
	}}
}

func (a *app) requestListCmd() *cobra.Command {
	var state, requester string
	var limit int
	c := &cobra.Command{Use: "list", Short: "List change requests, oldest first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withHub(cmd, "customers", func(h *hub.Hub) error {
			list, err := h.ListRequests(cmd.Context(), state, requester, limit)
			if err != nil {
				return err
			}
			return a.print(map[string]any{"requests": list}, func(w io.Writer) error {
				rows := make([][]string, len(list))
				for i, r := range list {
					rows[i] = []string{r.ID, r.Kind, r.State, r.Requester, r.Reference, r.CreatedAt.Format(time.DateTime)}
				}
				return table(w, []string{a.say("REQUEST", "申请"), a.say("KIND", "类型"), a.say("STATE", "状态"), a.say("BY", "申请人"), a.say("REFERENCE", "编号"), a.say("AT", "时间")}, rows)
			})
		})
	}}
	c.Flags().StringVar(&state, "state", "", "only of this state: draft, submitted, matched, accepted, partly_accepted, rejected")
	c.Flags().StringVar(&requester, "requester", "", "only of this requester")
	c.Flags().IntVar(&limit, "limit", 50, "how many")
	return c
}

func (a *app) requestDecideCmd() *cobra.Command {
	var req hub.DecideRequestRequest
	c := &cobra.Command{Use: "decide ID accept|reject --reason TEXT", Short: "Answer a change request and carry out what is accepted", Args: args(cobra.ExactArgs(2))}
	because := becauseFlags(c)
	c.RunE = func(cmd *cobra.Command, argv []string) (err error) {
		if req.Because, err = because(); err != nil {
			return err
		}
		if argv[1] != "accept" && argv[1] != "reject" {
			return errs.New(errs.Invalid, "request.verdict", errs.Args{"verdict": argv[1]})
		}
		req.Request, req.Accept = argv[0], argv[1] == "accept"
		return a.withRequest(cmd, func(h *hub.Hub) (hub.ChangeRequest, error) { return h.DecideRequest(cmd.Context(), req) })
	}
	c.Flags().StringSliceVar(&req.Fields, "fields", nil, "of a change: accept only these attributes")
	c.Flags().StringVar(&req.As, "as", "", "of an addition: it is this known customer; nothing is created")
	return c
}

func (a *app) writeRequest(w io.Writer, r hub.ChangeRequest) error {
	fmt.Fprintf(w, "%s  %s  %s  %s\n", r.ID, r.Kind, r.State, r.Requester)
	for _, name := range sortedNames(r.Values) {
		fmt.Fprintf(w, "  %s = %s\n", name, r.Values[name])
	}
	for _, id := range r.Customers {
		fmt.Fprintf(w, a.say("  about %s\n", "  涉及 %s\n"), id)
	}
	for _, m := range r.Matches {
		if r.Kind != "add" { // whom it is about stands above
			break
		}
		fmt.Fprintf(w, a.say("  could be %s (%.3f)\n", "  可能是 %s（%.3f）\n"), m.GoldenID, m.Probability)
	}
	if r.Answer.DecidedBy != "" {
		golden := ""
		if !r.Answer.GoldenID.IsZero() {
			golden = r.Answer.GoldenID.String()
		}
		fmt.Fprintf(w, a.say("  answer by %s: %s %s\n", "  %s 的答复：%s %s\n"), r.Answer.DecidedBy, r.Answer.Reason, golden)
	}
	return nil
}
