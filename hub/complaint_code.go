package hub

import (
	"context"
	"strings"

	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
)

// packRead is what the code on a pack tells about a complaint.
type packRead struct {
	derived quality.Derived
	remarks []quality.Remark
}

// readPack follows the code on a pack to product, lot and expiry: a trace code, a GS1 element string, a Digital Link. A
// code that cannot be read is a remark: a complaint is never lost for it.
func (h *Hub) readPack(ctx context.Context, text, lang string) (p packRead, err error) {
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	a, sku, known, err := h.lookUpCode(ctx, text, lang)
	if errs.Is(err, errs.Invalid) {
		p.remarks = append(p.remarks, quality.Remark{Code: "quality.remark.bad_code", Args: errs.Args{"code": strings.TrimSpace(text)}})
		return p, nil
	}
	if err != nil {
		return p, err
	}
	p.derived = quality.Derived{Lot: a.out.Lot, LotFrom: a.out.LotFrom, Expiry: a.out.Expiry}
	if known {
		p.derived.Product = sku.Code
	}
	return p, nil
}

func (p *packRead) use(field string) { p.derived.Used = append(p.derived.Used, field) }

// fill puts into a complaint what nobody stated, and remarks on what was stated otherwise. It returns the lot to go on
// with.
func (p *packRead) fill(c *quality.Complaint, stated string) string {
	c.Remarks = append(c.Remarks, p.remarks...)
	if p.derived.Product == "" && p.derived.Lot == "" && p.derived.Expiry.IsZero() {
		return stated
	}
	lot, _ := normalize.Lot(stated)
	c.Remarks = append(c.Remarks, p.derived.Differs(c.Product.Code, lot)...)
	if lot == "" && p.derived.Lot != "" && p.derived.Product == c.Product.Code {
		p.use("lot")
		lot, _ = normalize.Lot(p.derived.Lot)
	}
	if c.Expiry.IsZero() && !p.derived.Expiry.IsZero() && p.derived.Product == c.Product.Code {
		p.use("expiry")
		c.Expiry = p.derived.Expiry
	}
	if p.derived.Used == nil {
		p.derived.Used = []string{}
	}
	c.Derived = &p.derived
	return lot
}
