package hub

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// NotifyRecallRequest is `recall notify`.
type NotifyRecallRequest struct {
	Party    string // "" = every party of the list that has no notice of this scope version yet
	Channel  string // "" = file; phone, letter, fax, …: the notice is recorded as given by a person
	To       string // whom, or which address, a person gave the notice to
	Contact  string // whom to answer; "" = as before, else as configured
	Language string // zh (default), en, both
	OutDir   string // "" = a folder of the case in the data folder
	Again    bool   // also parties that have this version
	Remind   bool   // reminders that are due, instead of notices
	Send     bool   // also by e-mail to every party with an address
	Lang     string
}

// NotifyReport is the JSON of `recall notify`.
type NotifyReport struct {
	Number    string           `json:"number"`
	State     quality.State    `json:"state"`
	Kind      string           `json:"kind"`
	Version   int              `json:"notice_version"`
	OutDir    string           `json:"out_dir"`
	Notices   []NoticeMade     `json:"notices"`
	Mails     []MailMade       `json:"mails"`
	NoContact []string         `json:"without_contact"` // parties of the list that no notice can be known to reach
	Remarks   []quality.Remark `json:"remarks"`
}

// NoticeMade is a notice or reminder to one party.
type NoticeMade struct {
	Party     string    `json:"party"`
	Code      string    `json:"code"`
	Name      string    `json:"name"`
	Lots      []string  `json:"lots"`
	Channel   string    `json:"channel"`
	Address   string    `json:"address"` // masked; "" when no contact is known
	ReplyBy   time.Time `json:"reply_by"`
	Percent   int       `json:"reminder_percent,omitempty"` // of the time limit, of a reminder
	Escalated bool      `json:"escalated,omitempty"`
	File      string    `json:"file"`

	text string
}

// NotifyRecall writes a notice for every party of the list, one file each, and records it. A party without a contact gets
// its file too and is named: the notice has to be given to it by a person and recorded with channel and address. Nothing
// leaves the house by itself: only Send, and never of a drill.
func (h *Hub) NotifyRecall(ctx context.Context, number string, req NotifyRecallRequest) (NotifyReport, error) {
	from := quality.Sender{Company: h.Config.Company.Name}
	if err := knownWord("notice-lang", req.Language, []string{"zh", "en", "both"}); err != nil {
		return NotifyReport{}, err
	}
	if req.Language == "" {
		req.Language = "zh"
	}
	report := NotifyReport{Notices: []NoticeMade{}, Mails: []MailMade{}, NoContact: []string{}}
	if req.Send {
		if err := h.maySend(ctx, number, req); err != nil {
			return NotifyReport{}, err
		}
	}
	view, err := h.changeRecall(ctx, number, req.Lang, func(ctx context.Context, tx *store.Tx, w *recallWork) error {
		if !w.recall.Beyond(quality.Decided) || w.recall.State == quality.Closed {
			return errs.New(errs.Invalid, "quality.no_notice_now", errs.Args{"case": w.recall.Number, "state": w.recall.State, "next": listed(stateWords(w.recall.Next()))})
		}
		for _, contact := range []string{req.Contact, w.recall.Contact, h.Config.Quality.Contact} {
			if from.Contact == "" {
				from.Contact = strings.TrimSpace(contact)
			}
		}
		if from.Contact == "" {
			return errs.New(errs.Invalid, "quality.no_sender_contact", nil)
		}
		w.recall.Contact = from.Contact
		report.OutDir = req.OutDir
		if report.OutDir == "" {
			report.OutDir = filepath.Join(h.Config.DataDir, "notices", w.recall.Number)
		}
		if req.Remind {
			return w.remind(from, req.Language, tx.Now, &report)
		}
		return w.notify(ctx, from, req, tx.Now, &report)
	})
	if err == nil && req.Send {
		view, err = h.mailNotices(ctx, view.Number, req, &report)
	}
	if err != nil {
		return NotifyReport{}, err
	}
	report.Number, report.State, report.Kind, report.Version, report.Remarks = view.Number, view.State, view.Kind, view.NoticeVersion, view.Remarks
	for i := range view.Affected {
		a := &view.Affected[i]
		if unreached(a) && !slices.Contains(report.NoContact, a.Customer.Name) {
			report.NoContact = append(report.NoContact, a.Customer.Name)
		}
	}
	return report, nil
}

func stateWords(states []quality.State) []string {
	out := make([]string, len(states))
	for i, s := range states {
		out[i] = string(s)
	}
	return out
}

func knownWord(field, value string, known []string) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return errs.New(errs.Invalid, "quality.unknown_word", errs.Args{"field": field, "value": value, "known": strings.Join(known, ", ")})
}

// notify makes the notices of this version.
func (w *recallWork) notify(ctx context.Context, from quality.Sender, req NotifyRecallRequest, now time.Time, report *NotifyReport) error {
	if strings.TrimSpace(w.recall.Reason) == "" {
		return errs.New(errs.Invalid, "quality.no_reason", errs.Args{"case": w.recall.Number})
	}
	if req.To != "" && req.Party == "" {
		return errs.New(errs.Invalid, "quality.to_needs_party", nil)
	}
	groups, err := w.recipients(ctx, req)
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return errNothing // everyone has this version
	}
	w.recall.NoticeVersion = w.recall.ScopeVersion
	replyBy := w.profile.ReplyBy(&w.recall, now)
	for _, rows := range groups {
		made, err := w.letter(rows, from, req.Language, replyBy, now, 0)
		if err != nil {
			return err
		}
		made.Channel, made.Address = "file", addressOf(&w.rows[rows[0]])
		if req.Channel != "" {
			made.Channel = req.Channel
		}
		if req.To != "" {
			made.Address = req.To
		}
		if req.Channel != "" && made.Address == "" {
			return errs.New(errs.Invalid, "quality.no_address", errs.Args{"party": made.Name, "channel": req.Channel})
		}
		for _, i := range rows {
			w.rows[i].Notice = &quality.Notified{Version: w.recall.NoticeVersion, Channel: made.Channel, Address: made.Address, At: now, ReplyBy: replyBy}
			w.rows[i].Reminded, w.rows[i].EscalatedAt = 0, nil
			w.touch(i)
		}
		if err := w.note("notice", made.Party, "", made); err != nil {
			return err
		}
		report.Notices = append(report.Notices, made)
	}
	if err := writeLetters(report); err != nil {
		return err
	}
	w.op, w.kind, w.detail.Change = events.Notified, "", map[string]any{"version": w.recall.NoticeVersion, "notices": len(report.Notices)}
	if w.recall.State == quality.Decided && w.figures().Notified > 0 && len(w.names(unreached)) == 0 {
		return w.recall.Advance(quality.Step{To: quality.Noticed, Noticed: w.figures().Notified}, now)
	}
	if missing := w.names(unreached); len(missing) > 0 {
		w.remarks = append(w.remarks, quality.Remark{Code: "quality.remark.no_contact", Args: errs.Args{"count": len(missing), "first": missing[0], "case": w.recall.Number}})
	}
	return nil
}

// recipients groups the rows that a notice goes to by party.
func (w *recallWork) recipients(ctx context.Context, req NotifyRecallRequest) ([][]int, error) {
	var rows []int
	if req.Party != "" {
		var err error
		if rows, err = w.party(ctx, req.Party, ""); err != nil {
			return nil, err
		}
	} else {
		for i := range w.rows {
			if n := w.rows[i].Notice; req.Again || n == nil || n.Version < w.recall.ScopeVersion {
				rows = append(rows, i)
			}
		}
	}
	var out [][]int
	at := map[string]int{}
	for _, i := range rows {
		n, have := at[w.rows[i].Key]
		if !have {
			n = len(out)
			at[w.rows[i].Key] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out, nil
}

func (w *recallWork) letter(rows []int, from quality.Sender, lang string, replyBy, now time.Time, percent int) (NoticeMade, error) {
	about := make([]quality.Affected, len(rows))
	made := NoticeMade{ReplyBy: replyBy, Percent: percent}
	for n, i := range rows {
		about[n] = w.rows[i]
		made.Lots = append(made.Lots, w.rows[i].Lot)
	}
	first := &w.rows[rows[0]]
	made.Party, made.Code, made.Name, made.File = first.Key, first.Customer.Code, first.Customer.Name, w.recall.FileName(first, percent)
	var err error
	made.text, err = w.recall.Write(about, from, lang, replyBy, now, percent)
	return made, err
}

// addressOf is how a party can be reached, masked as the list has it.
func addressOf(a *quality.Affected) string {
	for _, c := range a.Customer.Contacts {
		if text := strings.TrimSpace(c.Name + " " + c.Phone + " " + c.Email); c.Phone != "" || c.Email != "" {
			return text
		}
	}
	return ""
}

// remind makes the reminders that are due.
func (w *recallWork) remind(from quality.Sender, lang string, now time.Time, report *NotifyReport) error {
	due := w.profile.DueReminders(w.rows, now)
	for _, d := range due {
		first := &w.rows[d.Rows[0]]
		percent := max(d.Percent, first.Reminded)
		made, err := w.letter(d.Rows, from, lang, first.Notice.ReplyBy, now, percent)
		if err != nil {
			return err
		}
		made.Channel, made.Address, made.Escalated = "file", first.Notice.Address, d.Escalate
		for _, i := range d.Rows {
			w.rows[i].Reminded = percent
			if d.Escalate {
				at := now.UTC()
				w.rows[i].EscalatedAt = &at
			}
			w.touch(i)
		}
		if err := w.note("reminder", made.Party, "", made); err != nil {
			return err
		}
		if d.Escalate {
			detail := map[string]any{"to": w.hub.Config.Quality.EscalateTo, "region": first.Customer.Region, "party": first.Customer.Name}
			if err := w.note("escalation", made.Party, "", detail); err != nil {
				return err
			}
		}
		report.Notices = append(report.Notices, made)
	}
	if len(due) == 0 {
		return errNothing
	}
	w.op, w.detail.Change = events.Reminded, map[string]any{"reminders": len(due)}
	return writeLetters(report)
}

// writeLetters puts the letters into their folder.
func writeLetters(report *NotifyReport) error {
	if err := os.MkdirAll(report.OutDir, 0o750); err != nil {
		return errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": report.OutDir})
	}
	for i := range report.Notices {
		n := &report.Notices[i]
		n.File = filepath.Join(report.OutDir, n.File)
		if err := os.WriteFile(n.File, []byte(n.text), 0o640); err != nil {
			return errs.Wrap(errs.Unavailable, "hub.cannot_write", err, errs.Args{"file": n.File})
		}
	}
	return nil
}
