package world

import "strings"

func split(s string) []string { return strings.Fields(s) }

func runes(s string) []string { return strings.Split(s, "") }

// Building blocks of invented names, commoner ones first.
var (
	surnames = append(runes("王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文"),
		split("欧阳 上官 司马 诸葛 夏侯 皇甫")...)
	givenMale   = runes("伟强磊军勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆旭宁建国志文东海峰林新民永庆春生子轩昊然博涵")
	givenFemale = runes("芳娜敏静丽艳娟霞秀英玲桂兰燕红梅琴雪慧莹萍云洁婷欣怡佳琪梦雅诗涵玉珍淑华春凤晓颖倩蕾薇月")
	brandFirst  = runes("康益仁济德安泰华瑞福寿恒百汇同宝民广盛金永兴国天健达利正信诚博嘉祥和惠普众")
	brandSecond = runes("康生民和泰源堂林春安宁元芝济仁辰鑫达信通健益心禾美佳佑")
	roadFirst   = runes("中人解建新东南西北和长胜文光团友朝复前振兴青红云凤龙金桂花湖江山学")
	roadSecond  = runes("山民放设华风方阳林平江春利化明结谊阳兴进兴业年星海鸣翔泉花苑滨岭园府")
	roadKinds   = split("路 路 路 街 大道 巷 北路 南路 东路 西路 中路")
	privateCore = split("仁济 康宁 博爱 和平 同济 仁爱 东方 阳光 友谊 协和 新华 曙光 华山 长安 康复 广慈 明德 普济 慈济 瑞金 圣德 康华 安康 惠民 现代 百佳 华夏 九州 爱民 天佑")
	univFirst   = split("华东 江南 北方 中原 岭南 东海 西京 滨江 南华 华中 齐鲁 关中 巴蜀 闽江 太湖 松江")
	townFirst   = runes("龙凤石金白青黄大小新古东西南北上下长安太永福清")
	townSecond  = runes("湖溪山桥塘河岗坪沟口泉林庄集店阳平丰和安乐")
	departments = split("心血管内科 内分泌科 呼吸与危重症医学科 消化内科 神经内科 肾内科 血液内科 风湿免疫科 肿瘤科 普通外科 骨科 泌尿外科 胸外科 神经外科 妇科 产科 儿科 眼科 耳鼻咽喉科 口腔科 皮肤科 感染科 急诊科 全科医学科 中医科 康复科 老年医学科 麻醉科 药剂科")
	titles      = split("住院医师 主治医师 副主任医师 主任医师")
	posts       = []string{"", "", "", "", "科室主任", "科室副主任", "教研室主任"}
	levels      = split("三级甲等 三级乙等 二级甲等 二级甲等 二级乙等 一级甲等")
)

func personName(r random, female bool) string {
	given := givenMale
	if female {
		given = givenFemale
	}
	name := skewed(r, surnames) + skewed(r, given)
	if r.chance(0.8) {
		name += skewed(r, given)
	}
	return name
}

func brand(r random) string { return pick(r, brandFirst) + pick(r, brandSecond) }

func road(r random) string { return pick(r, roadFirst) + pick(r, roadSecond) + pick(r, roadKinds) }

func town(r random) string { return pick(r, townFirst) + pick(r, townSecond) }
