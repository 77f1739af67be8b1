package connectors

import (
	"context"
	"maps"
	"slices"
	"time"
)

// WriteBackSettings say which fields of its own records a system gets back. Connectors embed them as the group writeback.
type WriteBackSettings struct {
	GoldenID map[string]string `cfg:"golden_id" doc:"Stream to the text field of its records that gets the golden id, 36 characters; after a merge it is the survivor's." doc_zh:"流名 对应 存放主数据 ID（36 位文本）的字段；合并后写入保留方的 ID。" example:"{Account: Tributary_Id__c}"`
	State    string            `cfg:"complaint_state" doc:"Text field of complaints that gets the state of the case." doc_zh:"投诉记录中存放处理状态的文本字段。" example:"Tributary_State__c"`
	Answer   string            `cfg:"complaint_answer" doc:"Long text field of complaints that gets the answer." doc_zh:"投诉记录中存放答复内容的长文本字段。" example:"Tributary_Answer__c"`
	States   map[string]string `cfg:"states" doc:"State of a case (received, triaged, investigating, recall_assessed, replied, closed) to the value written for it; others are written as they are." doc_zh:"处理状态（received、triaged、investigating、recall_assessed、replied、closed）对应写入的值；未列出的按原样写入。" example:"{received: 已受理, closed: 已结案}"`
}

// On reports whether anything is written back.
func (s WriteBackSettings) On() bool { return len(s.GoldenID) > 0 || s.Complaints() }

// Complaints reports whether complaints get anything back.
func (s WriteBackSettings) Complaints() bool { return s.State != "" || s.Answer != "" }

// Fields are the fields written, by stream; complaints is the stream of complaints.
func (s WriteBackSettings) Fields(complaints string) map[string][]string {
	out := map[string][]string{}
	for stream, field := range s.GoldenID {
		out[stream] = append(out[stream], field)
	}
	for _, field := range []string{s.State, s.Answer} {
		if field != "" {
			out[complaints] = append(out[complaints], field)
		}
	}
	return out
}

// Streams lists the streams of Fields in order.
func (s WriteBackSettings) Streams(complaints string) []string {
	return slices.Sorted(maps.Keys(s.Fields(complaints)))
}

// WriteBacker is a source whose records may get fields back.
type WriteBacker interface {
	// WriteBack is what is written and the way to write it; a nil writer when the settings do not ask for it.
	WriteBack() (WriteBackSettings, FieldWriter)
}

// FieldWriter writes fields of records that exist. Values are text, "" for an empty field. Errors are *PushError: Refused
// also for a record that is gone and a field that may not be written. A write is made once: one of which nobody saw the end
// is Undecided, and the record is read before it is written again. Calls are serial.
type FieldWriter interface {
	// ReadFields reads fields of one record of a stream.
	ReadFields(ctx context.Context, stream, id string, fields []string) (map[string]string, error)
	// WriteFields sets fields of one record; it never creates one.
	WriteFields(ctx context.Context, stream, id string, values map[string]string) error
	// Within is how long a call may take on our side.
	Within() time.Duration
}
