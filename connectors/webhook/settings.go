package webhook

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// Settings configure one connection.
type Settings struct {
	Secret      connectors.Secret `cfg:"secret" doc:"Secret that the sender signs with." doc_zh:"发送方用于签名的密钥。" required:"true"`
	Previous    connectors.Secret `cfg:"previous_secret" doc:"The secret before: while it stands here, both are accepted." doc_zh:"更换前的旧密钥：填写期间新旧密钥均有效。"`
	Signature   Signature         `cfg:"signature" doc:"How the sender signs." doc_zh:"签名方式。"`
	Streams     map[string]Stream `cfg:"streams" doc:"What comes, by name. A delivery to ADDRESS/NAME is of that stream; one to ADDRESS alone is of the stream that stream_header or stream_field names, or of the only one." doc_zh:"接收的流，按名称列出。发往 地址/流名 的归入该流；仅发往 地址 的按 stream_header 或 stream_field 归流，只有一个流时归入它。" required:"true"`
	StreamField string            `cfg:"stream_field" doc:"Field of the body that tells the stream." doc_zh:"请求体中决定流的字段。" example:"event.type"`
	StreamHead  string            `cfg:"stream_header" doc:"Header that tells the stream of the whole delivery." doc_zh:"决定整次投递所属流的请求头。" example:"X-Event-Type"`
	Ignore      []string          `cfg:"ignore" doc:"Values of these that are of no interest: such deliveries are answered and not kept. A * at the end stands for anything." doc_zh:"无需接收的取值：正常应答但不保存。末尾的 * 表示任意内容。" example:"[ping, test.*]"`
	IDHeader    string            `cfg:"id_header" doc:"Header with the id of the delivery: one that came before is answered and not kept again." doc_zh:"投递编号所在请求头：重复的编号正常应答但不重复保存。" default:"X-Delivery-Id"`
	IDField     string            `cfg:"id_field" doc:"Field of the body with that id, for senders that put it there." doc_zh:"投递编号在请求体中的字段（发送方放在体内时）。" example:"event_id"`
	Form        string            `cfg:"form_field" doc:"Field of a form that holds the JSON." doc_zh:"表单提交时存放 JSON 的字段。" default:"payload" advanced:"true"`
	PublicURL   string            `cfg:"public_url" doc:"Address under which senders reach the hub, in front of /in/CONNECTION; for the check and for people." doc_zh:"发送方访问本系统的地址（位于 /in/连接名 之前），供检查与展示使用。" example:"https://hub.example.com"`
	Zone        string            `cfg:"zone" doc:"Time zone of times that carry none: +08:00 or a name such as Asia/Shanghai." doc_zh:"不带时区的时间所在时区：+08:00 或 Asia/Shanghai 等名称。" default:"+08:00" advanced:"true"`
	MaxBody     int               `cfg:"max_body" doc:"Most bytes of one delivery." doc_zh:"单次投递的最大字节数。" default:"1048576" min:"1024" max:"67108864" advanced:"true"`
	PageSize    int               `cfg:"page_size" doc:"Deliveries that are stored in one step, of at most 4 MB together." doc_zh:"一次入库的投递数，合计不超过 4 MB。" default:"200" min:"1" max:"1000" advanced:"true"`
	MaxWaiting  int               `cfg:"max_waiting" doc:"Deliveries that may wait to be processed; beyond it senders are told to come later." doc_zh:"允许等待处理的投递数；超过后通知发送方稍后重试。" default:"10000" min:"1" advanced:"true"`
	Remember    time.Duration     `cfg:"remember" doc:"How long a delivery is known again." doc_zh:"识别重复投递的时长。" default:"168h" advanced:"true"`
	Expected    time.Duration     `cfg:"expected_within" doc:"The check warns when nothing came for so long." doc_zh:"超过该时长没有投递时，检查给出警告。" default:"24h" advanced:"true"`
	PlainOK     bool              `cfg:"answer_200" doc:"Answer 200 instead of 202 to a delivery that is kept, for senders that want just that." doc_zh:"接收成功时返回 200 而不是 202，用于只认 200 的发送方。" advanced:"true"`
	Answer      string            `cfg:"answer" doc:"Text of the answer, for senders that wait for a certain word." doc_zh:"应答内容，用于要求特定文字的发送方。" example:"success" advanced:"true"`
}

// Signature is how the sender signs.
type Signature struct {
	Header       string        `cfg:"header" doc:"Header with the signature." doc_zh:"签名所在请求头。" default:"X-Signature"`
	Prefix       string        `cfg:"prefix" doc:"Text before the signature in that header, as sha256= or v1=; several signatures may stand there, separated by commas or spaces." doc_zh:"请求头中签名之前的文字，如 sha256= 或 v1=；可有多个签名，以逗号或空格分隔。" example:"sha256="`
	Encoding     string        `cfg:"encoding" doc:"How the signature is written." doc_zh:"签名的编码。" default:"hex" enum:"hex,base64"`
	Signed       string        `cfg:"signed" doc:"What is signed: text with {timestamp}, {id} and {body}." doc_zh:"被签名的内容：可含 {timestamp}、{id}、{body} 的文字。" default:"{timestamp}.{body}"`
	Timestamp    string        `cfg:"timestamp_header" doc:"Header with the time of signing." doc_zh:"签名时间所在请求头。" default:"X-Timestamp"`
	TimePrefix   string        `cfg:"timestamp_prefix" doc:"Text before the time, for senders that put it into the header of the signature, as t=." doc_zh:"时间之前的文字，用于把时间写在签名请求头中的发送方，如 t=。" example:"t="`
	TimeFormat   string        `cfg:"timestamp_format" doc:"How the time is written." doc_zh:"时间的写法。" default:"epoch_s" enum:"epoch_s,epoch_ms,rfc3339"`
	Tolerance    time.Duration `cfg:"tolerance" doc:"How far that time may be from the hub's clock." doc_zh:"该时间与本系统时钟允许的偏差。" default:"5m"`
	SecretFormat string        `cfg:"secret_encoding" doc:"How the secrets are written in the configuration; of base64, a part before an underscore (whsec_) is not part of it." doc_zh:"配置中密钥的编码；base64 时下划线之前的部分（如 whsec_）不计入。" default:"text" enum:"text,hex,base64" advanced:"true"`
}

// Stream is what comes as one stream.
type Stream struct {
	Values   []string `cfg:"values" doc:"Values of stream_field or stream_header that choose this stream; its name unless said. A * at the end stands for anything." doc_zh:"归入该流的 stream_field 或 stream_header 取值；默认为流名。末尾的 * 表示任意内容。" example:"[customer.created, customer.updated]"`
	Rows     string   `cfg:"rows" doc:"Path of the row, or of the list of rows; empty: the body, each element of it when it is a list, each line of JSON lines." doc_zh:"行或行列表的路径；留空表示请求体本身（为列表时取每个元素，JSON lines 时取每行）。" example:"data.items"`
	Key      []string `cfg:"key" doc:"Fields that together name a row. They are looked for in the row, then in the body around it; so are time and op." doc_zh:"唯一标识一行的字段；先在行中查找，再在外层请求体中查找（time、op 相同）。" example:"[id]" required:"true"`
	Time     string   `cfg:"time" doc:"Field with the time of the row's version; empty: when it came." doc_zh:"行版本的时间字段；留空则取接收时间。" example:"updated_at"`
	Format   string   `cfg:"time_format" doc:"How it is written: rfc3339, epoch_s, epoch_ms, or a pattern such as yyyy-MM-dd HH:mm:ss." doc_zh:"时间写法：rfc3339、epoch_s、epoch_ms，或 yyyy-MM-dd HH:mm:ss 之类的格式。" default:"rfc3339"`
	Op       string   `cfg:"op" doc:"Field that tells what happened to the row." doc_zh:"表示操作类型的字段。" example:"event.type"`
	Gone     []string `cfg:"delete_values" doc:"Values of op that mean that the row is gone. A * at the start or end stands for anything." doc_zh:"表示删除的取值。开头或末尾的 * 表示任意内容。" default:"delete,deleted,remove,removed"`
	Title    string   `cfg:"title" doc:"What it is, for people." doc_zh:"说明文字。"`
	Party    string   `cfg:"party" doc:"For ledgers: the field with the reporting party's id." doc_zh:"流向数据：报送方标识所在字段。"`
	Personal bool     `cfg:"personal" doc:"Rows are about natural persons: they are sealed." doc_zh:"行涉及自然人：加密保存。"`
}

func problem(name, code string, args errs.Args) connectors.Problem {
	return connectors.Problem{Path: name, Err: errs.New(errs.Invalid, code, args)}
}

// CheckSettings reports a signature that does not cover the body, and a time that would not be protected.
func (s Signature) CheckSettings() connectors.Problems {
	var out connectors.Problems
	if !strings.Contains(s.Signed, "{body}") {
		out = append(out, problem("signed", "webhook.signed_body", errs.Args{}))
	}
	if strings.Contains(s.Signed, "{timestamp}") && s.Timestamp == "" && s.TimePrefix == "" {
		out = append(out, connectors.Need("timestamp_header", "signed: {timestamp}"))
	}
	return out
}

// CheckSettings reports names that cannot stand in an address, secrets that cannot be read, and marks that are forgotten
// before their deliveries are stale.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	for _, name := range slices.Sorted(maps.Keys(s.Streams)) {
		if !namePattern.MatchString(name) {
			out = append(out, problem("streams", "webhook.stream_name", errs.Args{"name": name}))
		}
	}
	for name, secret := range map[string]connectors.Secret{"secret": s.Secret, "previous_secret": s.Previous} {
		if _, err := s.Signature.key(secret); err != nil {
			out = append(out, problem(name, "webhook.secret_encoding", errs.Args{"encoding": s.Signature.SecretFormat}))
		}
	}
	if strings.Contains(s.Signature.Signed, "{id}") && s.IDHeader == "" {
		out = append(out, connectors.Need("id_header", "signature.signed: {id}"))
	}
	if s.Remember < 2*s.Signature.Tolerance {
		out = append(out, problem("remember", "webhook.remember", errs.Args{"tolerance": s.Signature.Tolerance.String()}))
	}
	if _, err := config.ParseZone(s.Zone); err != nil {
		out = append(out, problem("zone", "webhook.zone", errs.Args{"value": s.Zone}))
	}
	return out
}

// CheckSettings reports a form of times that does not exist.
func (s Stream) CheckSettings() connectors.Problems {
	if !(connectors.TimeForm{Format: s.Format}).Valid() {
		return connectors.Problems{problem("time_format", "rest.time_format", errs.Args{"value": s.Format})}
	}
	return nil
}

// info describes a stream; what its rows become, the map says.
func (s Stream) info(name string) connectors.StreamInfo {
	info := connectors.StreamInfo{Name: name, Title: s.Title, Key: s.Key, Cursor: s.Time, Deletes: "none", Personal: s.Personal, Party: s.Party}
	if info.Cursor == "" {
		info.Cursor = receivedAt
	}
	if s.Op != "" {
		info.Deletes = "flag"
	}
	for _, name := range append(slices.Clone(s.Key), s.Time, s.Op, s.Party, receivedAt) {
		if name != "" && !slices.ContainsFunc(info.Fields, func(f connectors.Field) bool { return f.Name == name }) {
			info.Fields = append(info.Fields, connectors.Field{Name: name})
		}
	}
	return info
}

func (s Settings) infos() []connectors.StreamInfo {
	var out []connectors.StreamInfo
	for _, name := range slices.Sorted(maps.Keys(s.Streams)) {
		out = append(out, s.Streams[name].info(name))
	}
	return out
}

// fits reports whether a value is one of a list; a * at the start or end of an item stands for anything.
func fits(list []string, value string) bool {
	return slices.ContainsFunc(list, func(item string) bool {
		if tail, ok := strings.CutPrefix(item, "*"); ok {
			return strings.HasSuffix(value, tail)
		}
		if head, ok := strings.CutSuffix(item, "*"); ok {
			return strings.HasPrefix(value, head)
		}
		return item == value
	})
}
