package generate

import (
	"strings"
	"sync"
)

// givenForms are common given names with the short and other forms they go by.
var givenForms = lines(`william will bill billy wm|thomas tom thos tommy|john jack johnny jno|robert bob rob robt bobby|richard dick rich richd|james jim jas jimmy|charles charlie chas chuck
george geo georgie|henry harry hal hy|edward ned ted edw eddie|joseph joe jos|samuel sam saml|benjamin ben benj|daniel dan danl|alexander alex sandy alexr|frederick fred fredk freddie
francis frank fras|michael mike mick michl|david dave davy|matthew matt matw|andrew andy andw|peter pete|stephen steve steph|christopher chris kit|anthony tony anty|nicholas nick nich
walter wat walt|philip phil|hugh hughie|arthur art|albert bert alb|alfred alf fred|ernest ernie|harold harry|leonard len leo|lewis lew|patrick pat paddy|timothy tim|edmund ned edm
lawrence larry laurie|gilbert gil|simon sim|isaac ike|jacob jake|jonathan jon|joshua josh|nathaniel nat|theodore ted theo|martin mart|ralph rafe|roger rog|geoffrey geoff jeffrey|gerald gerry
mary molly polly mae|elizabeth eliza bess betty liz beth|margaret maggie peggy meg margt|sarah sally sadie|anne nancy annie ann|catherine kate kitty cath katherine|jane jenny janie|susan sue susannah
eleanor ellen nell nora|martha patty mattie|dorothy dolly dot|frances fanny fran|alice ally|harriet hattie|charlotte lottie charley|emily em emma|isabella bella isabel|caroline carrie
helen nell|louisa lou|rebecca becky|victoria vicky|florence flo|josephine jo josie|abigail abby|jessica jess|samantha sam|amanda mandy|jennifer jen jenny|christine chris tina
patricia pat tricia|barbara babs|deborah deb|judith judy|theresa tess terry|virginia ginny|matilda tilly|georgina georgie|henrietta etta|olivia liv|sophia sophie|lucy lucie|hannah
grace|ruth|esther hester|amy|clara|edith edie|ethel|ada|rose|lily|ivy|hazel|laura|julia|maria|agnes|phoebe|rachel|zoe|ruby|chloe|mia|isla|ella|evelyn evie|noah|lucas luke
oscar|ethan|liam|mason|logan|jasper|harvey|owen|adrian|basil|cecil|claude|clement clem|cuthbert|desmond des|edgar|felix|guy|herbert herb bert|hubert|ivan|julian|kenneth ken|lionel|miles
neville|norman|oliver noll|percy|quentin|reginald reg|rupert|sidney sid|stanley stan|sylvester|tobias toby|vernon|victor vic|vincent vin|wilfred wilf|bernard|duncan|angus|malcolm|ronald ron`)

var surnamesCommon = strings.Fields(`smith jones taylor brown williams wilson johnson davies robinson wright thompson evans walker white roberts green hall wood jackson clarke lewis harris
martin cooper hill ward morris moore clark lee king baker harrison morgan allen james scott phillips watson davis parker price bennett young griffiths mitchell kelly cook carter richardson
bailey collins bell shaw murphy miller cox richards khan marshall anderson simpson ellis adams singh begum wilkinson foster chapman powell webb rogers gray mason hunt palmer holmes mills campbell
barnes knight matthews stevens fisher butler dixon harvey pearson graham fletcher howard andrews reynolds ford fox day brooks west lawrence payne nguyen tran cole hart burns stone woods hudson`)

var (
	surnameHeads   = strings.Fields("ash bar bran bur cal car chad clif cor crof dal den dun eg el far fen gar gil grim had hal har hath hen hol hux in kel ken kir lam lang lin mal mar mel mor nor oak os pem pen pol pres rad ram red rus sal sel shel sid stan sut tal thor til tre ul wal war wes whit wil win wor yar zel")
	surnameMiddles = strings.Fields("er ing el en a o is ber man der ster ring ling ham")
	surnameTails   = strings.Fields("ton ley ford worth ham wick by den well wood field man son ers ard ock ett ins burn combe hurst mere stead thwaite gate more low dale bridge")
	placeTails     = strings.Fields(" bay ville dale brook park hills vale point mount ridge water haven bourne creek stead grove cliff gate wick port mere")
	streetKinds    = strings.Fields("street street street road road avenue place crescent close drive lane court circuit way parade terrace")
	states         = strings.Fields("nsw nsw nsw vic vic qld qld wa sa tas act nt")
	occupations    = strings.Fields("politician lawyer painter farmer physician clergyman soldier merchant writer teacher engineer architect actor banker footballer cricketer diplomat musician judge printer botanist miner sailor")
	propertyHeads  = strings.Fields("rose oak sunny green elm river hill long black brae kings wood lake ferny glen")
	propertyTails  = strings.Fields("villa farm lodge retirement_village caravan_park house nursing_home cottage homestead park estate flats")
)

// vocabulary holds the word lists that are put together once.
type vocabulary struct {
	given    [][]string // a name and its other forms
	surnames []string   // commoner first
	streets  []string
	towns    []town
}

// town is a place with its postcodes and the region it lies in.
type town struct {
	name, state, county string
	postcodes           []string
}

var words = sync.OnceValue(func() *vocabulary {
	r := newRandom(Size{Seed: 20260101}, 0)
	v := &vocabulary{given: givenForms}
	v.surnames = append(append([]string{}, surnamesCommon...), syllables(r, 6000, surnameHeads, surnameMiddles, surnameTails)...)
	for range 900 { // rarer given names
		v.given = append(v.given, []string{pick(r, surnameHeads) + pick(r, strings.Fields("a in ia elle ian ra yn ette on us is ina ane o ica ya iel"))})
	}
	for _, s := range syllables(r, 3000, surnameHeads, surnameMiddles, surnameTails) {
		v.streets = append(v.streets, s+" "+pick(r, streetKinds))
	}
	counties := syllables(r, 40, surnameHeads, surnameMiddles, []string{"shire", "mark", "land", "sex", "ria"})
	for i, s := range syllables(r, 1500, surnameHeads, surnameMiddles, placeTails) {
		t := town{name: strings.TrimSpace(s), state: pick(r, states), county: pick(r, counties)}
		if r.chance(0.15) {
			t.name = pick(r, []string{"north ", "east ", "west ", "south ", "upper ", "lower ", "mount ", "port "}) + t.name
		}
		for range 1 + r.IntN(3) {
			t.postcodes = append(t.postcodes, string('1'+byte(i%8))+r.digits(3))
		}
		v.towns = append(v.towns, t)
	}
	return v
})

func lines(s string) [][]string {
	var out [][]string
	for _, line := range strings.Split(strings.ReplaceAll(s, "\n", "|"), "|") {
		out = append(out, strings.Fields(line))
	}
	return out
}
