package hub

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/internal/mail"
	"tributary/pipeline"
	"tributary/quality"
	"tributary/store"
)

// MailMade is what became of a notice by e-mail to one address.
type MailMade struct {
	Party   string `json:"party"`
	Name    string `json:"name"`
	Address string `json:"address"` // masked
	State   string `json:"state"`   // sent, failed, perhaps_sent, sent_before, no_address
	Error   string `json:"error,omitempty"`
}

// States of a mail in the history of a case. It is stored as begun before anything is sent: one that has begun and not
// ended was perhaps sent, and is not sent again by itself.
const (
	mailBegun  = "mail_begun"
	mailSent   = "mail_sent"
	mailFailed = "mail_failed"
	mailUnsure = "mail_unsure"
)

const mailLease = 2 * time.Minute

// mailEntry is what the history keeps of a mail: the address only as it may be shown, and as a keyed hash to compare by.
type mailEntry struct {
	Notice  int    `json:"notice_version"`
	Hash    string `json:"address_hash"`
	Address string `json:"address"`
	Error   string `json:"error,omitempty"`
}

type mailKey struct {
	notice      int
	party, hash string
}

// maySend refuses what must not be sent before anything is done.
func (h *Hub) maySend(ctx context.Context, number string, req NotifyRecallRequest) error {
	for flag, given := range map[string]bool{"--remind": req.Remind, "--channel": req.Channel != "", "--to": req.To != ""} {
		if given {
			return errs.New(errs.Invalid, "quality.send_alone", errs.Args{"flag": flag})
		}
	}
	w, err := h.recallOf(ctx, number)
	if err != nil {
		return err
	}
	if w.recall.Kind == quality.Drill {
		return errs.New(errs.Invalid, "quality.drill_stays_home", errs.Args{"case": w.recall.Number})
	}
	if h.Config.Mail.Server == "" {
		return errs.New(errs.Invalid, "quality.no_mail_server", nil)
	}
	return nil
}

// mailNotices sends the notice of this version to every address of every party that has it and was not sent it before.
// A failure with one address is recorded, the others go on; what every other would meet too, such as a refused login, ends
// it at once.
func (h *Hub) mailNotices(ctx context.Context, number string, req NotifyRecallRequest, report *NotifyReport) (view RecallView, err error) {
	lease, err := h.DB.Acquire(ctx, "quality/mail/"+number, mailLease)
	if errors.Is(err, store.ErrLeased) {
		return view, errs.New(errs.Conflict, "quality.sending_now", errs.Args{"case": number})
	}
	if err != nil {
		return view, err
	}
	defer func() { err = errors.Join(err, h.DB.Release(ctx, lease)) }()
	w, err := h.recallOf(ctx, number)
	if err != nil {
		return view, err
	}
	states, err := h.mailStates(ctx, w.row.ID)
	if err != nil {
		return view, err
	}
	groups, err := w.recipients(ctx, NotifyRecallRequest{Party: req.Party, Again: true})
	if err != nil {
		return view, err
	}
	reached := map[string]string{} // party → address as shown
	var perhaps []string
	for _, rows := range groups {
		first := &w.rows[rows[0]]
		if first.Notice == nil || first.Notice.Version != w.recall.NoticeVersion {
			continue
		}
		addresses, err := h.mailAddresses(ctx, first)
		if err != nil {
			return view, err
		}
		if len(addresses) == 0 {
			report.Mails = append(report.Mails, MailMade{Party: first.Key, Name: first.Customer.Name, State: "no_address"})
		}
		for _, address := range addresses {
			made := MailMade{Party: first.Key, Name: first.Customer.Name, Address: pipeline.MaskText(address)}
			entry := mailEntry{Notice: w.recall.NoticeVersion, Hash: hex.EncodeToString(h.DB.KeyRing().Hash("mail", address)), Address: made.Address}
			again := req.Again && req.Party != ""
			switch state := states[mailKey{entry.Notice, first.Key, entry.Hash}]; {
			case state == mailSent && !again:
				made.State = "sent_before"
			case (state == mailBegun || state == mailUnsure) && !again:
				made.State = "perhaps_sent"
			default:
				if made.State, made.Error, err = h.mailOne(ctx, lease, w, rows, req, address, entry); err != nil {
					return view, err
				}
			}
			switch made.State {
			case "sent", "sent_before":
				reached[first.Key] = made.Address
			case "perhaps_sent":
				perhaps = append(perhaps, first.Customer.Name)
			}
			report.Mails = append(report.Mails, made)
		}
	}
	view, err = h.noteMailed(ctx, number, req.Lang, reached)
	if len(perhaps) > 0 {
		view.Remarks = append(view.Remarks, quality.Say([]quality.Remark{{Code: "quality.remark.perhaps_sent", Args: errs.Args{"count": len(perhaps), "first": perhaps[0]}}}, req.Lang)...)
	}
	return view, err
}

// mailStates reads how far each mail of a case came.
func (h *Hub) mailStates(ctx context.Context, id canonical.ID) (map[mailKey]string, error) {
	entries, err := h.DB.CaseEntries(ctx, id)
	if err != nil {
		return nil, err
	}
	out := map[mailKey]string{}
	for _, e := range entries {
		if !slices.Contains([]string{mailBegun, mailSent, mailFailed, mailUnsure}, e.Kind) {
			continue
		}
		var m mailEntry
		if err := json.Unmarshal(e.Payload, &m); err != nil {
			return nil, err
		}
		out[mailKey{m.Notice, e.Party, m.Hash}] = e.Kind
	}
	return out, nil
}

// mailAddresses are the e-mail addresses of a party's golden record; a text that is no address is left out.
func (h *Hub) mailAddresses(ctx context.Context, a *quality.Affected) ([]string, error) {
	id, err := canonical.ParseID(a.Key)
	if err != nil {
		return nil, nil // known by name only
	}
	found, err := h.DB.Goldens(ctx, []canonical.ID{id})
	if err != nil {
		return nil, err
	}
	var payload store.GoldenPayload
	if g, known := found[id]; known && len(g.Payload) > 0 {
		if err := json.Unmarshal(g.Payload, &payload); err != nil {
			return nil, fmt.Errorf("golden record %s: %w", id, err)
		}
	}
	var out []string
	for _, text := range payload.Customer.Emails {
		if address, err := mail.Address(text); err == nil && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out, nil
}

// mailOne stores that a mail begins, sends it, and stores how it ended.
func (h *Hub) mailOne(ctx context.Context, lease *store.Lease, w *recallWork, rows []int, req NotifyRecallRequest, address string, entry mailEntry) (state, why string, err error) {
	first := &w.rows[rows[0]]
	lang := req.Language
	if lang == "" {
		lang = "zh"
	}
	letter, err := w.letter(rows, quality.Sender{Company: h.Config.Company.Name, Contact: w.recall.Contact}, lang, first.Notice.ReplyBy, first.Notice.At, 0)
	if err != nil {
		return "", "", err
	}
	if err := h.noteMail(ctx, lease, w.recall.Number, mailBegun, first.Key, entry); err != nil {
		return "", "", err
	}
	c := h.Config.Mail
	outcome, sendErr := mail.Send(ctx, mail.Config{Server: c.Server, TLS: c.TLS, CAFile: c.CAFile, From: c.From, Username: c.Username, Password: c.Password, Timeout: time.Duration(c.Timeout)}, mail.Message{
		To: address, Subject: noticeSubject(w, lang), Text: letter.text, Date: h.Now(),
		ID: fmt.Sprintf("%s.%d.%s@%s", w.recall.Number, entry.Notice, entry.Hash[:16], "tributary"),
	})
	kind := map[mail.Outcome]string{mail.Sent: mailSent, mail.NotSent: mailFailed, mail.Unsure: mailUnsure}[outcome]
	if sendErr != nil && outcome != mail.Sent {
		entry.Error = strings.ReplaceAll(sendErr.Error(), address, entry.Address)
	}
	// What was sent is recorded even when whoever asked has gone.
	if err := h.noteMail(context.WithoutCancel(ctx), lease, w.recall.Number, kind, first.Key, entry); err != nil {
		return "", "", err
	}
	if errs.CodeOf(sendErr) != "" { // the server has it with us, not with this address
		return "", "", sendErr
	}
	if outcome == mail.Unsure {
		return "perhaps_sent", entry.Error, nil
	}
	return string(outcome), entry.Error, nil
}

// noticeSubject is one line: what comes from the recall cannot open another header.
func noticeSubject(w *recallWork, lang string) string {
	subject := "药品召回通知 " + w.recall.Number + " " + w.recall.Product.Name
	if lang == "en" {
		subject = "Recall notice " + w.recall.Number + " " + w.recall.Product.Name
	}
	return strings.Join(strings.FieldsFunc(subject, func(r rune) bool { return r < ' ' || r == 0x7f }), " ")
}

func (h *Hub) noteMail(ctx context.Context, lease *store.Lease, number, kind, party string, entry mailEntry) error {
	payload, err := jsonOf(entry)
	if err != nil {
		return err
	}
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.Hold(ctx, lease); err != nil {
			return err
		}
		row, err := tx.LockCase(ctx, store.CaseRecall, number)
		if err != nil {
			return err
		}
		return tx.AddCaseEntries(ctx, row.ID, []store.CaseEntry{{Kind: kind, Party: party, Actor: h.Actor.Name, Payload: payload}})
	})
}

// noteMailed enters on the list who has the notice by e-mail.
func (h *Hub) noteMailed(ctx context.Context, number, lang string, reached map[string]string) (RecallView, error) {
	return h.changeRecall(ctx, number, lang, func(_ context.Context, tx *store.Tx, w *recallWork) error {
		n := 0
		for i := range w.rows {
			a := &w.rows[i]
			address, sent := reached[a.Key]
			if !sent || a.Notice == nil || a.Notice.Version != w.recall.NoticeVersion || a.Notice.Channel == "email" {
				continue
			}
			notice := *a.Notice
			notice.Channel, notice.Address = "email", address
			a.Notice = &notice
			w.touch(i)
			n++
		}
		if n == 0 {
			return errNothing
		}
		w.op, w.detail.Change = events.Notified, map[string]any{"version": w.recall.NoticeVersion, "mailed": n}
		if w.recall.State == quality.Decided && len(w.names(unreached)) == 0 {
			return w.recall.Advance(quality.Step{To: quality.Noticed, Noticed: w.figures().Notified}, tx.Now)
		}
		return nil
	})
}
