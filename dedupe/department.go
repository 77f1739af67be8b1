package dedupe

import "strings"

// departmentOf is a department in comparable form: without what every department's name has, common short forms
// written out.
func departmentOf(s string) string {
	t := matchingForm(s)
	for _, end := range []string{"门诊", "病区", "病房", "中心", "科室"} {
		if rest, ok := strings.CutSuffix(t, end); ok && rest != "" {
			t = rest
		}
	}
	if rest, ok := strings.CutSuffix(t, "科"); ok && rest != "" {
		t = rest
	}
	if full, ok := departmentForms[t]; ok {
		return full
	}
	return t
}

// departmentForms are short and older names of departments.
var departmentForms = map[string]string{
	"心内": "心血管内", "心血管": "心血管内", "心脏内": "心血管内", "心外": "心脏外", "心血管外": "心脏外",
	"呼吸": "呼吸内", "呼吸与危重症医学": "呼吸内", "呼吸危重症": "呼吸内",
	"消化": "消化内", "神内": "神经内", "神外": "神经外", "肾": "肾内", "肾脏内": "肾内", "肾病": "肾内",
	"内分泌与代谢": "内分泌", "内分泌代谢": "内分泌", "内分泌内": "内分泌",
	"普通外": "普外", "胃肠外": "普外", "泌尿": "泌尿外", "胸心外": "胸外", "骨外": "骨",
	"妇产": "妇产", "妇": "妇产", "产": "妇产", "小儿": "儿", "儿内": "儿",
	"五官": "耳鼻喉", "耳鼻咽喉": "耳鼻喉", "耳鼻咽喉头颈外": "耳鼻喉",
	"血液": "血液内", "肿瘤内": "肿瘤", "风湿": "风湿免疫", "风湿免疫内": "风湿免疫", "感染": "感染", "感染性疾病": "感染", "传染": "感染",
	"急诊医学": "急诊", "重症医学": "重症", "ICU": "重症", "药剂": "药", "药学": "药", "中医内": "中医",
}
