package generate

import (
	"fmt"
	"slices"
	"strings"
)

// goods is a group of products: what they are called, their common features and the firm's usual price.
type goods struct {
	names    []string // the noun and its other forms
	features []string
	price    float64
}

func group(price float64, names, features string) goods {
	return goods{strings.Split(names, "|"), strings.Split(features, "|"), price}
}

var devices = []goods{
	group(400, "lcd hdtv|lcd tv|flat panel lcd television", "1080p|720p|120hz|widescreen|black|remote control|3 hdmi inputs"),
	group(180, "digital camera|camera", "10.2 megapixel|8 megapixel|3x optical zoom|image stabilization|silver|black|red"),
	group(90, "home audio speaker|bookshelf speaker|speaker", "pair|2-way|150 watts|cherry|black|wireless"),
	group(60, "cordless phone|cordless telephone", "dect 6.0|digital answering system|2 handsets|caller id|5.8ghz"),
	group(700, "refrigerator|side-by-side refrigerator", "stainless steel|white|26 cu. ft.|ice dispenser|energy star"),
	group(500, "front load washer|washer", "4.0 cu. ft.|white|steam|energy star|12 cycles"),
	group(120, "dvd player|progressive scan dvd player", "upconverting|hdmi|usb|slim|black"),
	group(250, "blu-ray disc player|blu-ray player", "1080p|bd-live|wi-fi|black"),
	group(45, "headphones|over-the-ear headphones|stereo headphones", "noise canceling|white|black|in-line volume control"),
	group(110, "all-in-one printer|multifunction printer|inkjet printer", "wireless|photo|fax|4800 x 1200 dpi|color"),
	group(30, "toner cartridge|ink cartridge", "black|cyan|magenta|yellow|high yield"),
	group(300, "gps navigation system|portable gps", "4.3-inch display|text-to-speech|bluetooth|lifetime maps"),
	group(150, "car cd receiver|in-dash cd receiver", "mp3|ipod control|50 watts x 4|detachable face"),
	group(35, "coffee maker|coffeemaker", "12-cup|programmable|stainless steel|black"),
}

var software = []goods{
	group(50, "photo editor|photo studio", "windows|mac|win xp/vista|upgrade|full version|academic"),
	group(40, "antivirus|anti-virus", "3 user|1 user|win|small box|oem"),
	group(90, "office suite|office", "home & student|standard|professional|upgrade|mac|win"),
	group(30, "typing tutor|typing", "deluxe|platinum|win/mac|jewel case"),
	group(70, "tax software|tax", "federal|state|home & business|win/mac"),
	group(35, "language course|learn language", "spanish|french|german|level 1|level 2|cd-rom"),
	group(25, "adventure game|game", "pc|mac|collector's edition|expansion pack|gold"),
	group(130, "accounting software|accounting", "pro|premier|5-user|simple start|win"),
	group(60, "video editing software|video editor", "hd|studio|platinum|win xp|upgrade"),
	group(300, "web design suite|web designer", "academic|upgrade|mac|windows|full version"),
}

var colours = strings.Fields("black white silver red blue pink grey")

// product is one thing for sale.
type product struct {
	brand, line, model, colour string
	version                    int
	goods                      goods
	features                   []string
	price                      float64
	pack                       int
}

// Products invents the ranges of two shops for home electronics: name, description and price. Shops name a thing by brand,
// model code and words in any order; codes are written with or without hyphens, brands are left out, prices are missing
// in one of three rows. Traps: the same thing in another colour, size or pack, and neighbours of one series.
func Products(size Size) Set {
	r := newRandom(size, 7)
	brands := brandNames(r, 60)
	var all []product
	for n := size.Rows * 100 / 190; len(all) < n; {
		p := newDevice(r, brands)
		all = append(all, p)
		for r.chance(0.3) {
			all = append(all, sibling(r, p))
		}
	}
	return shops(r, all, "name description price", 0.96, product.writeDevice)
}

// ProductLines invents the ranges of two sellers of software: title, manufacturer and price, the second much longer than
// the first. Titles have no codes; versions, editions, platforms and numbers of users tell products apart.
func ProductLines(size Size) Set {
	r := newRandom(size, 8)
	brands := brandNames(r, 150)
	var all []product
	for n := size.Rows * 100 / 140; len(all) < n; {
		p := newSoftware(r, brands)
		all = append(all, p)
		for r.chance(0.45) {
			all = append(all, edition(r, p))
		}
	}
	return shops(r, all, "title manufacturer price", 0.4, product.writeSoftware)
}

// shops lists every product in the second shop, unless it is one of the few only the first has, and a share of them in
// the first.
func shops(r random, all []product, header string, share float64, write func(p product, r random, second bool) []string) Set {
	var a, b []draft
	for i, p := range all {
		first := r.chance(share)
		if first {
			a = append(a, draft{i + 1, write(p, r, false)})
		}
		if !first || r.chance(0.95) {
			b = append(b, draft{i + 1, write(p, r, true)})
		}
	}
	var s Set
	s.list(r, "a", strings.Fields(header), a)
	s.list(r, "b", strings.Fields(header), b)
	return s
}

func brandNames(r random, n int) []string {
	return syllables(r, n, strings.Fields("so pa kan vi lo tech no zen mi ker ad al cor ve sym in mac nik gar pio ya tos hi sam ep le bro ma fu ken de bo"),
		strings.Fields("na ra mi lo te xi"), strings.Fields("ny sonic on tron soft max ware tek wood tal sys com za nix ro dia lon gate"))
}

func code(r random, brand string) string {
	prefix := strings.ToUpper(brand[:2])
	switch r.IntN(3) {
	case 0:
		return prefix + r.digits(3) + string("ABKSWX"[r.IntN(6)])
	case 1:
		return prefix + string(letters[r.IntN(26)]-32) + "-" + string('1'+byte(r.IntN(9))) + r.digits(3)
	}
	return string(letters[r.IntN(26)]-32) + string('1'+byte(r.IntN(9))) + r.digits(2) + string(letters[r.IntN(26)]-32) + string(letters[r.IntN(26)]-32)
}

func newDevice(r random, brands []string) product {
	g := pick(r, devices)
	p := product{brand: skewed(r, brands), goods: g, price: g.price * (0.5 + 2*r.Float64()), pack: 1, colour: pick(r, colours)}
	p.model = code(r, p.brand)
	if r.chance(0.4) {
		p.line = titleCase(pick(r, surnameHeads)+pick(r, []string{"star", "view", "shot", "line", "tone"}), true)
	}
	for range 3 {
		if f := pick(r, g.features); !slices.Contains(p.features, f) {
			p.features = append(p.features, f)
		}
	}
	return p
}

// sibling is another product of the series: a near code, another colour or pack.
func sibling(r random, p product) product {
	switch r.IntN(3) {
	case 0: // the code's last letters tell the colour
		for c := pick(r, colours); ; c = pick(r, colours) {
			if c != p.colour {
				p.colour, p.model = c, strings.TrimRight(p.model, "ABKSWX")+strings.ToUpper(c[:1])
				return p
			}
		}
	case 1:
		p.pack, p.price, p.model = p.pack+1, p.price*1.8, p.model+"-"+fmt.Sprint(p.pack+1)+"PK"
		return p
	}
	p.model, p.price = step(r, p.model), p.price*(0.8+0.5*r.Float64())
	p.features = append(slices.Clone(p.features[:1]), pick(r, p.goods.features))
	return p
}

// step changes one digit of a code.
func step(r random, model string) string {
	b := []byte(model)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] >= '0' && b[i] <= '9' {
			b[i] = '0' + (b[i]-'0'+1+byte(r.IntN(8)))%10
			break
		}
	}
	return string(b)
}

func (p product) writeDevice(r random, second bool) []string {
	model, brand := p.model, titleCase(p.brand, true)
	if second && r.chance(0.35) {
		model = strings.ReplaceAll(model, "-", "")
	}
	noun := titleCase(pick(r, p.goods.names), true)
	var parts []string
	if !second {
		parts = append(parts, brand)
		if p.line != "" {
			parts = append(parts, p.line)
		}
		if r.chance(0.5) {
			parts = append(parts, titleCase(p.features[0], true))
		}
		parts = append(parts, noun, "- "+model)
		if r.chance(0.4) {
			parts = append(parts, "/ "+titleCase(p.colour, true)+" Finish")
		}
	} else {
		if !r.chance(0.06) {
			parts = append(parts, brand)
		}
		if p.line != "" && r.chance(0.6) {
			parts = append(parts, p.line)
		}
		named := r.chance(0.87)
		if named {
			parts = append(parts, model)
		}
		for _, f := range p.features { // what has no code is described
			if r.chance(0.35) || !named {
				parts = append(parts, titleCase(f, true))
			}
		}
		if r.chance(0.6) || !named {
			parts = append(parts, noun)
		}
		if r.chance(0.4) {
			parts = append(parts, "("+titleCase(p.colour, true)+")")
		}
		if r.chance(0.25) && len(parts) > 3 {
			r.Shuffle(len(parts)-1, func(i, j int) { parts[i+1], parts[j+1] = parts[j+1], parts[i+1] })
		}
	}
	if p.pack > 1 {
		parts = append(parts, fmt.Sprintf(pick(r, []string{"(%d Pack)", "%d-Pack", "Pack of %d"}), p.pack))
	}
	var described []string
	if !second || r.chance(0.6) {
		described = append(described, titleCase(p.brand, true), noun)
		if !second || r.chance(0.3) {
			described = append(described, p.model+"/")
		}
		for _, f := range p.features {
			described = append(described, titleCase(f, true)+"/")
		}
		described = append(described, titleCase(p.colour, true))
	}
	return []string{strings.Join(parts, " "), strings.Join(described, " "), p.priced(r, pick(r, []float64{0.35, 0.5}), true)}
}

func newSoftware(r random, brands []string) product {
	g := pick(r, software)
	p := product{brand: skewed(r, brands), goods: g, price: g.price * (0.5 + 1.5*r.Float64()), version: r.between(2, 12), pack: 1}
	p.line = pick(r, surnameHeads) + pick(r, []string{"works", "master", "pro", "write", "shop", "guard", "magic", "maker", "flow", "desk"})
	if r.chance(0.4) {
		p.line += " " + pick(r, surnameHeads) + pick(r, placeTails[1:])
	}
	p.features = []string{pick(r, g.features)}
	if f := pick(r, g.features); f != p.features[0] && r.chance(0.6) {
		p.features = append(p.features, f)
	}
	return p
}

// edition is the product's next version or other edition.
func edition(r random, p product) product {
	if r.chance(0.5) {
		p.version++
	} else {
		var others []string
		for _, f := range p.goods.features {
			if !slices.Contains(p.features, f) {
				others = append(others, f)
			}
		}
		p.features = append([]string{pick(r, others)}, p.features[1:]...)
	}
	p.price *= 0.7 + 0.8*r.Float64()
	return p
}

func (p product) writeSoftware(r random, second bool) []string {
	var parts []string
	if !second || r.chance(0.75) {
		parts = append(parts, p.brand)
	}
	parts = append(parts, p.line)
	if !r.chance(0.04) {
		parts = append(parts, pick(r, []string{"%d", "%d", "%d.0", "v%d"}))
		parts[len(parts)-1] = fmt.Sprintf(parts[len(parts)-1], p.version)
	}
	if r.chance(0.6) {
		parts = append(parts, pick(r, p.goods.names))
	}
	for i, f := range p.features {
		if i == 0 || r.chance(0.6) {
			if r.chance(0.08) {
				continue
			}
			parts = append(parts, pick(r, []string{"(" + f + ")", f, "- " + f, "[" + f + "]"}))
		}
	}
	if second && r.chance(0.15) {
		parts = append(parts, pick(r, []string{"software", "new", "retail box", "complete package", "cd", "dvd"}))
	}
	if r.chance(0.12) && len(parts) > 3 {
		i := r.between(1, len(parts)-2)
		parts[i], parts[i+1] = parts[i+1], parts[i]
	}
	text := strings.Join(parts, " ")
	if r.chance(0.05) {
		text = misspelt(r, text)
	}
	maker := p.brand
	if second && r.chance(0.85) {
		maker = ""
	} else if r.chance(0.2) {
		maker += pick(r, []string{" inc", " corporation", " software", " ltd"})
	}
	return []string{text, maker, p.priced(r, 0.05, false)}
}

// priced is the shop's price of the day, or nothing.
func (p product) priced(r random, missing float64, dollar bool) string {
	if r.chance(missing) {
		return ""
	}
	price := fmt.Sprintf("%.2f", p.price*(0.85+0.25*r.Float64()))
	if dollar {
		return "$" + price
	}
	return price
}
