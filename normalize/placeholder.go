package normalize

// placeholders are whole values, in matching form, that stand for "nothing known".
var placeholders = map[string]bool{
	"无": true, "暂无": true, "没有": true, "不详": true, "未知": true, "未填": true, "未填写": true, "空": true, "空白": true,
	"不明": true, "待定": true, "待补": true, "待补充": true, "其他": true, "其它": true, "不适用": true,
	"NULL": true, "NIL": true, "NONE": true, "N/A": true, "#N/A": true, "NAN": true, "UNKNOWN": true, "UNDEFINED": true,
	"测试": true, "TEST": true, "XXX": true, "XXXX": true,
}

// placeholder reports whether a folded value stands for nothing: a listed word, marks only, or zeros only (two or more,
// since a single 0 can be a value).
func placeholder(s string) bool {
	if s == "" {
		return true
	}
	if len(s) <= 16 && placeholders[s] {
		return true
	}
	zeros := 0
	for i := range len(s) {
		switch s[i] {
		case '0':
			zeros++
		case '-', '/', '.', '*', '?', '_', ' ', '\\', '#', ',', ';', ':', '(', ')', '\'', '"', '!', '~', '+':
		default:
			return false
		}
	}
	return zeros != 1
}
