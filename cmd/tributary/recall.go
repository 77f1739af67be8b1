package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tributary/hub"
	"tributary/quality"
)

func (a *app) recallCmd() *cobra.Command {
	c := &cobra.Command{Use: "recall", Short: "Recalls: who has a lot, notices, replies, balance to the last box, evidence"}
	c.AddCommand(a.recallOpenCmd(), a.recallShowCmd(), a.recallListCmd(), a.recallAdvanceCmd(), a.recallNotifyCmd(), a.recallReplyCmd(), a.recallReconcileCmd(),
		a.recallPackCmd(), a.recallVerifyCmd(), a.recallDrillCmd())
	return c
}

func (a *app) recallOpenCmd() *cobra.Command {
	var req hub.OpenRecallRequest
	c := &cobra.Command{Use: "open --product CODE --lot LOT", Short: "Draft a recall and list who is affected", Args: args(cobra.NoArgs),
		Long: "Draft a recall and list who is affected: every party that received or issued the lot, and every party that may have\nreceived it in rows that name no lot (possible). With --complaint, product and lot come from the complaint."}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallView, error) { return h.OpenRecall(cmd.Context(), req) }, a.writeRecall)
	}
	f := c.Flags()
	f.StringVar(&req.Product, "product", "", "code or name of the product")
	f.StringArrayVar(&req.Lots, "lot", nil, "lot; may be repeated")
	f.StringVar(&req.Kind, "kind", "", "voluntary (default), ordered (by the authority) or drill (never leaves the house)")
	f.StringVar(&req.Class, "class", "", "I serious, II reversible, III unlikely harm")
	f.StringVar(&req.Reason, "reason", "", "why; the notices tell it")
	f.StringVar(&req.ReasonCode, "reason-code", "", "code of the reason in your own list")
	f.StringArrayVar(&req.Complaints, "complaint", nil, "number of a complaint that led to it; may be repeated")
	return c
}

func (a *app) recallShowCmd() *cobra.Command {
	return &cobra.Command{Use: "show NUMBER", Short: "Show a recall: list, replies, deadlines, history", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallView, error) { return h.ShowRecall(cmd.Context(), argv[0], a.language()) }, a.writeRecall)
	}}
}

func (a *app) recallListCmd() *cobra.Command {
	var req hub.CaseFilter
	c := &cobra.Command{Use: "list", Short: "List recalls and drills, the next deadline first", Args: args(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallList, error) { return h.ListRecalls(cmd.Context(), req) }, a.writeRecalls)
	}}
	caseFlags(c, &req)
	return c
}

func (a *app) recallAdvanceCmd() *cobra.Command {
	var req hub.AdvanceRecallRequest
	c := &cobra.Command{Use: "advance NUMBER", Short: "Take a recall to its next state, or record a filing", Args: args(cobra.ExactArgs(1)),
		Long: "Take a recall to its next state: draft, assessed, decided, noticed, in_progress, recovered, disposed, reconciled,\nreported, closed. Each needs what it rests on (an assessment, who decides, notices, …) and says so. From decided on,\n--to scope_extended leads back to decided with a new version of the list; --add-lot adds lots.\nWith --stay only the other fields are recorded, for example a filing."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallView, error) { return h.AdvanceRecall(cmd.Context(), argv[0], req) }, a.writeRecall)
	}
	f := c.Flags()
	f.StringVar(&req.To, "to", "", "state (default: the next)")
	f.StringVar(&req.By, "by", "", "who decides or closes")
	f.StringVar(&req.Reason, "reason", "", "why")
	f.StringVar(&req.Class, "class", "", "I, II or III")
	f.StringVar(&req.Assessment, "assessment", "", "the assessment")
	f.StringVar(&req.Plan, "plan", "", "the plan: measures and time limits")
	f.StringVar(&req.FilingWhat, "filing", "", "report to an authority: "+strings.Join(quality.Filings, ", "))
	f.StringVar(&req.FilingNo, "filing-no", "", "its number")
	f.StringVar(&req.FilingDate, "filing-date", "", "its date (default today)")
	f.StringVar(&req.Authority, "authority", "", "who received it")
	f.StringVar(&req.PublicURL, "public-url", "", "where the recall was made public")
	f.StringVar(&req.Disposal, "disposal", "", "how recovered goods were destroyed or reworked, under whose supervision, with which record")
	f.StringVar(&req.Effectiveness, "effectiveness", "", "check of effectiveness: who was contacted, with what proof, did they act")
	f.StringVar(&req.CAPA, "capa", "", "number of the corrective and preventive action")
	f.StringArrayVar(&req.AddLots, "add-lot", nil, "lot to add, with --to scope_extended; may be repeated")
	f.BoolVar(&req.Stay, "stay", false, "record the fields and stay in the state")
	return c
}

func (a *app) recallNotifyCmd() *cobra.Command {
	var req hub.NotifyRecallRequest
	c := &cobra.Command{Use: "notify NUMBER", Short: "Write the notices, or record one that a person gave; reminders with --remind", Args: args(cobra.ExactArgs(1)),
		Long: "Write a notice for every party of the affected list, one file each; nothing is sent by itself. With --send, each party's\ne-mail addresses get it too, each once; a drill is never sent. A party without phone\nand e-mail is named: give it its notice by hand and record that with --party, --channel and --to.\nWith --remind, write the reminders that are due at 50, 80 and 100 % of the time limit for an answer."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.NotifyReport, error) { return h.NotifyRecall(cmd.Context(), argv[0], req) }, a.writeNotices)
	}
	f := c.Flags()
	f.StringVar(&req.OutDir, "out", "", "folder for the files (default: notices/NUMBER in the data folder)")
	f.StringVar(&req.Contact, "contact", "", "whom to answer: name, phone, e-mail (default quality.contact of the configuration)")
	f.StringVar(&req.Language, "notice-lang", "", "language of the notices: zh (default), en or both")
	f.StringVar(&req.Party, "party", "", "only this party: golden id, code or name")
	f.StringVar(&req.Channel, "channel", "", "how a person gave the notice: phone, letter, fax, … (default: file)")
	f.StringVar(&req.To, "to", "", "who got it, with number or address")
	f.BoolVar(&req.Again, "again", false, "also parties that have this version")
	f.BoolVar(&req.Send, "send", false, "send the notices by e-mail through mail.server of the configuration, each address once")
	f.BoolVar(&req.Remind, "remind", false, "write the reminders that are due")
	return c
}

func (a *app) recallReplyCmd() *cobra.Command {
	var req hub.RecallReplyRequest
	c := &cobra.Command{Use: "reply NUMBER --party P --stage STAGE", Short: "Record what a party answered about a lot", Args: args(cobra.ExactArgs(1)),
		Long: "Record what a party answered about a lot, in four stages: acknowledgment (it has the notice), impact (has, had or never\nhad the lot), quantity (held, used since the stock on the list, damaged, passed on to whom), completion (returned,\ndestroyed). A later reply of a stage takes the place of the earlier one; both stay in the history."}
	c.RunE = func(cmd *cobra.Command, argv []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallView, error) { return h.ReplyRecall(cmd.Context(), argv[0], req) }, a.writeReplied)
	}
	f := c.Flags()
	f.StringVar(&req.Party, "party", "", "golden id, code or name (required)")
	f.StringVar(&req.Stage, "stage", "", "acknowledgment, impact, quantity or completion (required)")
	f.StringVar(&req.Lot, "lot", "", "lot, when the recall has several")
	f.StringVar(&req.At, "at", "", "when it answered: date or RFC 3339 (default now)")
	f.StringVar(&req.By, "by", "", "who answered")
	f.StringVar(&req.Channel, "channel", "", "how: phone, e-mail, letter, …")
	f.StringVar(&req.Impact, "impact", "", "has, had or none")
	f.StringVar(&req.Held, "held", "", "what it holds now")
	f.StringVar(&req.Used, "used", "", "sold or used since the stock date on the list")
	f.StringVar(&req.UsedTotal, "used-total", "", "sold or used in all, instead of --used")
	f.StringVar(&req.Damaged, "damaged", "", "damaged or lost")
	f.StringArrayVar(&req.Forwarded, "forwarded", nil, "passed on: PARTY=QUANTITY; may be repeated")
	f.StringVar(&req.Returned, "returned", "", "returned to us")
	f.StringVar(&req.Destroyed, "destroyed", "", "destroyed on the spot")
	f.StringVar(&req.Evidence, "evidence", "", "reference of the proof")
	f.StringVar(&req.Note, "note", "", "remark")
	required(c, "party")
	required(c, "stage")
	return c
}

func (a *app) recallReconcileCmd() *cobra.Command {
	return &cobra.Command{Use: "reconcile NUMBER", Short: "Balance every lot to its last box: recovery and explained rate, gaps by party", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.ReconcileReport, error) {
			return h.ReconcileRecall(cmd.Context(), argv[0], a.language())
		}, a.writeReconciliation)
	}}
}

func (a *app) recallPackCmd() *cobra.Command {
	var dir string
	c := &cobra.Command{Use: "pack NUMBER --out DIR", Short: "Write the evidence: workbook, report, manifest with hashes", Args: args(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, argv []string) error {
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.PackReport, error) {
			return h.PackRecall(cmd.Context(), argv[0], dir, a.language())
		}, func(w io.Writer, r hub.PackReport) error {
			for _, f := range r.Manifest.Files {
				fmt.Fprintf(w, "%s  %s  %d\n", f.SHA256, f.Name, f.Bytes)
			}
			_, err := fmt.Fprintf(w, a.say("Written to %s. Keep this hash of the manifest elsewhere: %s\n", "已写入 %s。请将清单文件的哈希另行保存：%s\n"), r.Dir, r.Digest)
			return err
		})
	}}
	c.Flags().StringVar(&dir, "out", "", "folder of its own for the pack (required)")
	required(c, "out")
	return c
}

func (a *app) recallVerifyCmd() *cobra.Command {
	var kept string
	c := &cobra.Command{Use: "verify-pack DIR", Short: "Check a pack against its manifest", Args: args(cobra.ExactArgs(1)), RunE: func(_ *cobra.Command, argv []string) error {
		r, err := (&hub.Hub{}).VerifyPack(argv[0], kept)
		if err != nil {
			return err
		}
		if err := a.print(r, func(w io.Writer) error {
			for _, f := range r.Files {
				fmt.Fprintf(w, "%-8s %s\n", f.Status, f.Name)
			}
			_, err := fmt.Fprintf(w, a.say("%s, manifest %s\n", "%s，清单 %s\n"), r.RecallNo, r.Digest)
			return err
		}); err != nil || r.OK {
			return err
		}
		broken := r.Err()
		fmt.Fprintln(a.err, errsText(broken, a.language()))
		return errors.Join(broken, errSaid)
	}}
	c.Flags().StringVar(&kept, "manifest-sha256", "", "hash of the manifest as it was kept elsewhere: finds a pack that was made anew")
	return c
}

func (a *app) recallDrillCmd() *cobra.Command {
	var req hub.DrillRequest
	c := &cobra.Command{Use: "drill", Short: "Mock recall with a stopwatch: seconds to the list, quantity explained, contacts", Args: args(cobra.NoArgs),
		Long: "Run a mock recall of a lot, or of one picked from the product that was drilled longest ago. The time runs from the\nquestion to the whole list; the way back is asked from end customers; the lot is balanced; the rules of passing come\nfrom the profile. Nothing is sent. The drill is a case that can go on with notify, reply and reconcile."}
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		req.Lang = a.language()
		return ask(a, cmd, "recall", func(h *hub.Hub) (hub.RecallView, error) { return h.DrillRecall(cmd.Context(), req) }, a.writeDrill)
	}
	c.Flags().StringVar(&req.Product, "product", "", "code or name of the product")
	c.Flags().StringVar(&req.Lot, "lot", "", "lot")
	return c
}
