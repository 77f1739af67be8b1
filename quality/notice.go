package quality

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strings"
	"text/template"
	"time"

	"tributary/canonical"
)

//go:embed templates/*.txt
var templateFiles embed.FS

// Letter is what a notice or reminder says to one party.
type Letter struct {
	Drill            bool
	Number, Version  string
	Date             string
	Party            string
	Company, Contact string
	Product, Spec    string
	ApprovalNo       string
	Unit             string
	Reason           string
	ClassWord        string
	KindWord         string
	ReplyBy          string
	NotifiedAt       string
	Percent          int
	Lots             []LetterLot
	LotList          string
}

// LetterLot is a line of a letter.
type LetterLot struct {
	Lot, Expiry      string
	Received, Bounds string
	Stock, StockDate string
}

// Sender is who sends a letter.
type Sender struct {
	Company string
	Contact string // whom to answer: name, phone, e-mail
}

// Write renders a letter to one party about its rows of the list: a notice, or for percent > 0 a reminder. lang is zh, en
// or both, Chinese first.
func (r *Recall) Write(rows []Affected, from Sender, lang string, replyBy, now time.Time, percent int) (string, error) {
	kind := "notice"
	if percent > 0 {
		kind = "reminder"
	}
	langs := []string{lang}
	if lang == "both" {
		langs = []string{"zh", "en"}
	}
	var texts []string
	for _, lang := range langs {
		name := kind + "." + lang + ".txt"
		t, err := template.New(name).ParseFS(templateFiles, "templates/"+name)
		if err != nil {
			return "", fmt.Errorf("template %s: %w", name, err)
		}
		var buf bytes.Buffer
		if err := t.Execute(&buf, r.letter(rows, from, lang, replyBy, now, percent)); err != nil {
			return "", fmt.Errorf("template %s: %w", name, err)
		}
		texts = append(texts, buf.String())
	}
	return strings.Join(texts, "\n"+strings.Repeat("—", 30)+"\n\n"), nil
}

func (r *Recall) letter(rows []Affected, from Sender, lang string, replyBy, now time.Time, percent int) Letter {
	zh := lang == "zh"
	say := func(en, zhText string) string {
		if zh {
			return zhText
		}
		return en
	}
	stamp := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04") + say(" (UTC+8)", "") }
	l := Letter{
		Drill: r.Kind == Drill, Number: r.Number, Version: fmt.Sprintf("%d", max(1, r.NoticeVersion)), Date: now.In(zone).Format(time.DateOnly),
		Party: line(rows[0].Customer.Name), Company: line(from.Company), Contact: line(from.Contact), Product: line(r.Product.Name), Spec: line(r.Product.Spec),
		ApprovalNo: line(r.ApprovalNo), Unit: r.Unit, Reason: line(r.Reason), ReplyBy: stamp(replyBy), Percent: percent,
		ClassWord: say("class "+r.Class, map[string]string{"I": "一级", "II": "二级", "III": "三级"}[r.Class]),
		KindWord:  map[string]string{Ordered: say("ordered by the authority", "责令召回"), Voluntary: say("voluntary", "主动召回"), Drill: say("drill", "模拟召回")}[r.Kind],
	}
	var lots []string
	for i := range rows {
		a := &rows[i]
		lots = append(lots, a.Lot)
		line := LetterLot{Lot: a.Lot, Received: (a.Received + a.ForwardedIn).String()}
		if a.ReceivedLow != a.ReceivedHigh {
			line.Bounds = fmt.Sprintf(say("between %s and %s, by rows that name no lot", "因流向未写批号，介于 %s 与 %s 之间"), a.ReceivedLow+a.ForwardedIn, a.ReceivedHigh+a.ForwardedIn)
		}
		if !a.StockDate.IsZero() {
			line.Stock, line.StockDate = a.Stock.String(), a.StockDate.String()
		}
		for _, s := range r.Lots {
			if s.Lot == a.Lot && !s.ExpDate.IsZero() {
				line.Expiry = s.ExpDate.String()
			}
		}
		l.Lots = append(l.Lots, line)
		if a.Notice != nil {
			l.NotifiedAt = stamp(a.Notice.At)
		}
	}
	l.LotList = strings.Join(lots, ", ")
	return l
}

// line keeps foreign text from breaking the lines of a letter.
func line(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " ")
}

// FileName is that of a letter to a party: number, version and party, safe on any file system.
func (r *Recall) FileName(a *Affected, percent int) string {
	who := a.Customer.Code
	if who == "" {
		who = a.Key
	}
	who = strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c > 0x2E7F && c != 0xFFFD {
			return c
		}
		return '_'
	}, who)
	name := fmt.Sprintf("%s-v%d-%s", r.Number, max(1, r.NoticeVersion), who)
	if percent > 0 {
		name += fmt.Sprintf("-reminder%d", percent)
	}
	return path.Base(name) + ".txt"
}

// ReplyBy is when a party must have answered a notice of now.
func (p *Profile) ReplyBy(r *Recall, now time.Time) time.Time {
	for _, rule := range p.Rules {
		if rule.Case != "reply" {
			continue
		}
		limit, ok := rule.Limits[r.Class]
		if !ok {
			if limit, ok = rule.Limits["*"]; !ok {
				continue
			}
		}
		return p.Calendar.After(now, limit).UTC()
	}
	return now.Add(72 * time.Hour).UTC()
}

// Reminder is a reminder that is due.
type Reminder struct {
	Key      string
	Rows     []int // places in the list
	Percent  int   // of the time limit; the highest that has passed
	Escalate bool
}

// DueReminders are the parties that stay silent and must be reminded now, or whose silence goes to a person. A party is
// reminded once for each threshold; thresholds that passed together are one reminder.
func (p *Profile) DueReminders(rows []Affected, now time.Time) []Reminder {
	var out []Reminder
	at := map[string]int{}
	for i := range rows {
		a := &rows[i]
		if a.Notice == nil || a.Replies.Answered() {
			continue
		}
		span := a.Notice.ReplyBy.Sub(a.Notice.At)
		if span <= 0 {
			continue
		}
		used := int(100 * now.Sub(a.Notice.At) / span)
		percent := 0
		for _, t := range p.Reminders {
			if used >= t && t > a.Reminded {
				percent = max(percent, t)
			}
		}
		escalate := p.Escalate > 0 && used >= p.Escalate && a.EscalatedAt == nil
		if percent == 0 && !escalate {
			continue
		}
		n, have := at[a.Key]
		if !have {
			n = len(out)
			at[a.Key] = n
			out = append(out, Reminder{Key: a.Key})
		}
		out[n].Rows = append(out[n].Rows, i)
		out[n].Percent = max(out[n].Percent, percent)
		out[n].Escalate = out[n].Escalate || escalate
	}
	return out
}

// Today is the business date of a moment.
func Today(t time.Time) canonical.Date { return canonical.DateOf(t.In(zone)) }
