package hub

import (
	"context"
	"encoding/json"
	"time"

	"tributary/quality"
	"tributary/store"
)

// ComplaintList is the JSON of `complaint list`.
type ComplaintList struct {
	Complaints []ComplaintView `json:"complaints"`
	Figures    AnswerFigures   `json:"figures"`
}

// AnswerFigures are the answer times of the complaints listed.
type AnswerFigures struct {
	Listed      int    `json:"listed"`
	Open        int    `json:"open"`
	Overdue     int    `json:"overdue"`
	Replied     int    `json:"replied"`
	MedianHours string `json:"median_answer_hours"` // from received to replied; "" when none was
	WorstHours  string `json:"worst_answer_hours"`
	InTime      string `json:"answered_in_time"` // per cent
}

// ListComplaints lists complaints, those with the earliest deadline first.
func (h *Hub) ListComplaints(ctx context.Context, f CaseFilter) (ComplaintList, error) {
	out := ComplaintList{Complaints: []ComplaintView{}}
	rows, err := h.cases(ctx, store.CaseComplaint, f, quality.Received, quality.Triaged, quality.Investigating, quality.RecallAssessed, quality.Replied, quality.Closed)
	if err != nil {
		return out, err
	}
	for i := range rows {
		var c quality.Complaint
		if err := json.Unmarshal(rows[i].Payload, &c); err != nil {
			return out, err
		}
		profile, err := h.profileOf(c.Profile)
		if err != nil {
			return out, err
		}
		v, err := h.complaintView(&rows[i], profile, quality.Personal{}, f.Lang)
		if err != nil {
			return out, err
		}
		out.Complaints = append(out.Complaints, v)
	}
	out.Figures = figuresOf(out.Complaints)
	return out, nil
}

func figuresOf(list []ComplaintView) AnswerFigures {
	f := AnswerFigures{Listed: len(list)}
	var took []time.Duration
	inTime := 0
	for i := range list {
		v := &list[i]
		if v.State != quality.Closed {
			f.Open++
		}
		if v.Overdue {
			f.Overdue++
		}
		at, replied := v.Facts[quality.RepliedAt]
		if !replied {
			continue
		}
		took = append(took, at.Sub(v.ReceivedAt))
		late := false
		for _, d := range v.Deadlines {
			late = late || d.Rule == "complaint.reply" && d.Late
		}
		if !late {
			inTime++
		}
	}
	f.Replied = len(took)
	f.MedianHours, f.WorstHours, f.InTime = quality.AnswerTimes(took, inTime)
	return f
}
