package generate

import (
	"fmt"
	"slices"
	"strings"
)

// ware is a group of goods of a hardware store: what they are called, what sizes, materials and colours they come in.
type ware struct {
	names     []string
	sizes     []string // %s is the unit's word
	units     [][]string
	materials []string
	colours   []string
	packs     []int
	price     float64
}

var wares = []ware{
	{split("wood screw|screw|scrw"), split("3.5x30%s|4x40%s|4x50%s|5x60%s|6x80%s"), [][]string{{"mm", " mm", ""}}, split("zinc|stainless steel|brass|black phosphate"), nil, []int{50, 100, 200, 500}, 7},
	{split("paint|emulsion paint|wall paint"), split("1%s|2.5%s|5%s|10%s"), [][]string{{"l", " litre", " ltr", "L"}}, split("matt|silk|satin|gloss"), split("white|magnolia|grey|sage green|navy blue"), []int{1}, 22},
	{split("garden hose|hose pipe|hose"), split("15%s|20%s|30%s|50%s"), [][]string{{"m", " metre", " mtr"}}, split("reinforced|anti-kink|flat"), split("green|yellow|orange"), []int{1}, 25},
	{split("drill bit|bit|twist drill"), split("3%s|5%s|6.5%s|8%s|10%s|12%s"), [][]string{{"mm", " mm"}}, split("hss|cobalt|masonry|titanium"), nil, []int{1, 5, 10}, 6},
	{split("led bulb|led lamp|light bulb"), split("5%s|8%s|11%s|14%s"), [][]string{{"w", " watt", "W"}}, split("e27|e14|b22|gu10"), split("warm white|cool white|daylight"), []int{1, 2, 4, 6}, 5},
	{split("extension lead|extension cable|cable reel"), split("3%s|5%s|10%s|25%s"), [][]string{{"m", " metre", " mtr"}}, split("2 way|4 way|6 way|surge protected"), split("white|black|orange"), []int{1}, 15},
	{split("sandpaper|abrasive sheet|sanding sheet"), split("60%s|80%s|120%s|180%s|240%s"), [][]string{{" grit", "grit", "g", ""}}, split("aluminium oxide|wet and dry|mesh"), nil, []int{5, 10, 25}, 4},
	{split("padlock|pad lock"), split("30%s|40%s|50%s|60%s"), [][]string{{"mm", " mm"}}, split("laminated steel|brass|combination|weatherproof"), split("black|blue|red"), []int{1, 2, 4}, 12},
	{split("work gloves|gloves"), split("size 8|size 9|size 10|size 11"), [][]string{{""}}, split("leather|nitrile|latex coated|cut resistant"), split("grey|black|yellow"), []int{1, 3, 12}, 8},
	{split("storage box|storage tub|box with lid"), split("9%s|18%s|35%s|64%s|84%s"), [][]string{{"l", " litre", " ltr", "L"}}, split("clear|heavy duty|underbed"), split("blue|black|clear"), []int{1, 3, 5}, 11},
}

func split(s string) []string { return strings.Split(s, "|") }

// shortened are the ways in which sellers save letters.
var shortened = strings.NewReplacer("stainless steel", "s/steel", "aluminium", "alum", "reinforced", "reinf", "black", "blk", "white", "wht", "yellow", "ylw",
	"green", "grn", "orange", "org", "heavy duty", "hd", "titanium", "ti", "masonry", "mas", "resistant", "rst", "protected", "prot", "weatherproof", "w/proof",
	"extension", "ext", "storage", "stor", "garden", "gdn", "laminated", "lam", "warm", "wm", "phosphate", "phos", "magnolia", "mag")

// item is one article: a maker's range, and what it comes in.
type item struct {
	ware                           *ware
	maker, line                    string
	size, material, colour, number string
	unit                           []string
	pack                           int
	price                          float64
}

// Hardware invents the price lists of two hardware stores: label and price. Labels are short and in any order; units and
// packs are written in many ways, words are shortened, makers and article numbers often left out, prices differ by a
// fifth and a quarter of them is missing. Traps: the same article in another size, colour, material or pack.
func Hardware(size Size) Set {
	r := newRandom(size, 17)
	makers := brandNames(r, 90)
	var all []item
	for n := size.Rows * 100 / 145; len(all) < n; {
		it := newItem(r, makers)
		all = append(all, it)
		for r.chance(0.5) {
			all = append(all, variant(r, it))
		}
	}
	var a, b []draft
	for i, it := range all {
		first := r.chance(0.5)
		if first {
			a = append(a, draft{i + 1, it.label(r, false)})
		}
		if !first || r.chance(0.9) {
			b = append(b, draft{i + 1, it.label(r, true)})
		}
	}
	var s Set
	header := []string{"label", "price"}
	s.list(r, "a", header, a)
	s.list(r, "b", header, b)
	return s
}

func newItem(r random, makers []string) item {
	w := &wares[r.IntN(len(wares))]
	it := item{ware: w, maker: skewed(r, makers), size: pick(r, w.sizes), unit: w.units[0], material: pick(r, w.materials), pack: w.packs[r.IntN(len(w.packs))]}
	it.price = w.price * (0.5 + 1.5*r.Float64()) * (0.4 + 0.6*float64(it.pack)/float64(w.packs[0]))
	if len(w.colours) > 0 {
		it.colour = pick(r, w.colours)
	}
	if r.chance(0.7) {
		it.line = pick(r, surnameHeads) + pick(r, []string{"fix", "grip", "tuff", "last", "mate", "cut"})
	}
	if r.chance(0.3) {
		it.number = strings.ToUpper(it.maker[:1]) + r.digits(4)
	}
	return it
}

// variant is the article in another size, colour, material or pack.
func variant(r random, it item) item {
	other := func(list []string, is string) string {
		rest := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == is })
		return pick(r, rest)
	}
	if it.number != "" {
		it.number = step(r, it.number)
	}
	switch n := r.IntN(4); {
	case n == 0 && len(it.ware.colours) > 1:
		it.colour = other(it.ware.colours, it.colour)
	case n == 1 && len(it.ware.packs) > 1:
		for was := it.pack; it.pack == was; {
			it.pack = it.ware.packs[r.IntN(len(it.ware.packs))]
		}
		it.price *= 0.6 + 0.9*r.Float64()
	case n == 2:
		it.material = other(it.ware.materials, it.material)
	default:
		it.size = other(it.ware.sizes, it.size)
		it.price *= 0.7 + 0.7*r.Float64()
	}
	return it
}

func (it item) label(r random, second bool) []string {
	size := it.size
	if strings.Contains(size, "%s") {
		size = fmt.Sprintf(size, pick(r, it.unit))
	}
	if r.chance(0.3) {
		size = strings.ReplaceAll(size, "x", " x ")
	}
	parts := []string{pick(r, it.ware.names), size}
	if !r.chance(0.12) {
		parts = append(parts, it.material)
	}
	if it.colour != "" && !r.chance(0.12) {
		parts = append(parts, it.colour)
	}
	if it.line != "" && !r.chance(0.1) {
		parts = append(parts, it.line)
	}
	keep, number := 0.9, 0.7
	if second {
		keep, number = 0.6, 0.35
	}
	if it.number != "" && r.chance(number) {
		parts = append(parts, it.number)
	}
	if it.pack > 1 && !r.chance(0.06) {
		parts = append(parts, fmt.Sprintf(pick(r, []string{"pack of %d", "%dpk", "x%d", "(%d)", "%d pcs", "box %d"}), it.pack))
	}
	if second && r.chance(0.2) {
		parts = append(parts, pick(r, []string{"new", "trade", "offer", "diy", "each"}))
	}
	if second {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	}
	if r.chance(keep) {
		parts = slices.Insert(parts, 0, it.maker)
	}
	text := strings.Join(parts, " ")
	if second && r.chance(0.35) || r.chance(0.05) {
		text = shortened.Replace(text)
	}
	if r.chance(0.06) {
		text = misspelt(r, text)
	}
	price := ""
	if !r.chance(0.25) {
		price = fmt.Sprintf("%.2f", it.price*(0.9+0.2*r.Float64()))
	}
	return []string{text, price}
}
