package pack

import (
	"strings"
	"time"

	"tributary/canonical"
	"tributary/trace"
)

// both writes a word of the field in both languages; a word it does not know stays as it is.
func both(word string) string {
	if kind, state, pair := strings.Cut(word, ": "); pair {
		return both(kind) + ": " + both(state)
	}
	if zh, ok := chinese[word]; ok {
		return zh + " " + strings.ReplaceAll(word, "_", " ")
	}
	return word
}

var chinese = map[string]string{
	"hospital": "医院", "clinic": "诊所", "pharmacy": "药店", "chain": "连锁总部", "distributor": "商业公司", "manufacturer": "生产企业",
	"hcp": "医生", "patient": "患者", "unknown": "未识别",
	"voluntary": "主动召回", "ordered": "责令召回", "drill": "模拟召回",
	"I": "一级", "II": "二级", "III": "三级",
	"draft": "草稿", "assessed": "已评估", "decided": "已决定", "noticed": "已通知", "in_progress": "进行中", "recovered": "已回收", "disposed": "已处置",
	"reconciled": "已平衡", "reported": "已报告", "closed": "已关闭", "scope_extended": "范围扩大",
	"acknowledgment": "确认", "impact": "影响", "quantity": "数量", "completion": "完成",
	"has": "有货", "had": "曾有", "none": "无",
	"opened": "立案", "step": "推进", "notice": "通知", "reminder": "催办", "reply": "回复", "pack": "证据包", "made": "已生成",
	"email": "电子邮件", "file": "文件", "phone": "电话", "sent": "已发送", "failed": "失败",
}

// china is the zone in which a pack shows times.
var china = time.FixedZone("+08:00", 8*60*60)

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(china).Format("2006-01-02 15:04 -07:00")
}

func day(d canonical.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func yes(b bool) string {
	if b {
		return "是 yes"
	}
	return ""
}

func percent(s string) string {
	if s == "" {
		return "–"
	}
	return s + " %"
}

func contacts(c trace.Customer) string {
	var out []string
	for _, p := range c.Contacts {
		if text := strings.Join(strings.Fields(strings.Join([]string{p.Name, p.Phone, p.Email}, " ")), " "); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, "; ")
}

// called is a party's name with the code by which the company knows it.
func called(c trace.Customer) string {
	if c.Name == "" {
		return c.Code
	}
	return c.Name
}

func product(p trace.ProductRef) string { return strings.TrimSpace(p.Name + " " + p.Spec) }
