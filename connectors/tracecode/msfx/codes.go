package msfx

import (
	"context"
	"slices"
	"strings"

	"tributary/connectors/objectsource"
)

// parent is a pack and what is in it.
type parent struct {
	code     string
	children []string
}

// lookUp asks what the platform knows of the codes of one product and lot: which are good, which are not, and what is packed
// in what. The lot is the platform's where the bill names none.
func (c *connection) lookUp(ctx context.Context, enterprise string, g *goods) (good, wrong []string, parents []parent, err error) {
	var ask []string
	for _, code := range g.codes {
		if wellFormed(code) {
			ask = append(ask, code)
		} else {
			wrong = append(wrong, code)
		}
	}
	var packs []string
	depth := 1
	for part := range slices.Chunk(ask, lookupCodes) {
		known, err := c.codeInfo(ctx, enterprise, part)
		if err != nil {
			return nil, nil, nil, err
		}
		for _, code := range part {
			info := known[code]
			if info == nil || slices.Contains([]string{"C", "E", ""}, objectsource.Text(info["status"])) {
				wrong = append(wrong, code)
				continue
			}
			good = append(good, code)
			if objectsource.Text(g.fields["batch_no"]) == "" {
				g.fields["batch_no"] = first(info, "produce_batch_no", "product_batch_no")
			}
			if level, err := number(info["code_pack_level"]); err == nil && level > 1 { // counted from the smallest pack
				packs, depth = append(packs, code), max(depth, level)
			}
		}
	}
	parents, err = c.contents(ctx, enterprise, packs, depth)
	return good, wrong, parents, err
}

// wellFormed reports what the platform itself would refuse before it looks a code up.
func wellFormed(code string) bool {
	return len(code) == 20 && code[0] == '8' && strings.Trim(code, "0123456789") == ""
}

func (c *connection) codeInfo(ctx context.Context, enterprise string, codes []string) (map[string]map[string]any, error) {
	const method = "code.kyt.va.querycode"
	result, _, err := c.call(ctx, method, map[string]string{"ref_ent_id": enterprise, "codes": strings.Join(codes, ",")})
	if err != nil {
		return nil, err
	}
	infos, err := list(result, "models", "model_list")
	if err != nil {
		return nil, c.shape(method, err.Error())
	}
	out := make(map[string]map[string]any, len(infos))
	for _, info := range infos {
		out[objectsource.Text(info["code"])] = info
	}
	return out, nil
}

// contents asks what is in packs, and in those, down to the smallest.
func (c *connection) contents(ctx context.Context, enterprise string, packs []string, depth int) (out []parent, err error) {
	const method = "kyt.yy.querysubcodes"
	met := map[string]bool{} // a bill may name a pack and what it is in
	for ; depth > 1 && len(packs) > 0; depth-- {
		var inner []string
		for part := range slices.Chunk(packs, lookupPacks) {
			result, _, err := c.call(ctx, method, map[string]string{"ref_ent_id": enterprise, "codes": strings.Join(part, ",")})
			if err != nil {
				return nil, err
			}
			answers, err := list(result, "result_list", "models", "model_list")
			if err != nil {
				return nil, c.shape(method, err.Error())
			}
			for _, a := range answers {
				p := parent{objectsource.Text(a["parent_code"]), texts(a["codes"])}
				if p.code == "" || len(p.children) == 0 || met[p.code] {
					continue // nothing is in it, as far as the platform knows
				}
				met[p.code] = true
				out, inner = append(out, p), append(inner, p.children...)
			}
		}
		packs = inner
	}
	return out, nil
}
