package simmsfx

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// enterprise is whose data is asked for; an ent_id in place of a ref_ent_id, and one that did not authorise, are refused.
func (s *Server) enterprise(a *answer, name string) (string, bool) {
	ref := a.form.Get(name)
	if _, ok := s.opts.Enterprises[ref]; ok {
		return ref, true
	}
	a.business("REF_ENT_ID_ERROR", "企业标识不存在或未授权: "+name)
	return "", false
}

// days reads a span of whole days.
func days(a *answer, from, to string) (time.Time, time.Time, bool) {
	begin, err := time.ParseInLocation(time.DateOnly, a.form.Get(from), zone)
	end, endErr := time.ParseInLocation(time.DateOnly, a.form.Get(to), zone)
	if err != nil || endErr != nil {
		a.fail(41, "Invalid arguments", "isv.invalid-parameter", from)
		return begin, end, false
	}
	return begin, end.AddDate(0, 0, 1), true
}

// page cuts a page out of a list.
func page(a *answer, number string, list []any) []any {
	n, err := strconv.Atoi(a.form.Get(number))
	size, sizeErr := strconv.Atoi(a.form.Get("page_size"))
	if err != nil || sizeErr != nil || n < 1 || size < 1 || size > 100 {
		return nil
	}
	from := min(len(list), (n-1)*size)
	return list[from:min(len(list), from+size)]
}

func (s *Server) search(a *answer) {
	if _, ok := s.enterprise(a, "ref_ent_id"); !ok {
		return
	}
	whose, ok := s.enterprise(a, "auth_ref_user_id")
	if !ok {
		return
	}
	code, kind := a.form.Get("bill_code"), a.form.Get("bill_type")
	from, to := time.Time{}, time.Time{}
	if code == "" {
		if from, to, ok = days(a, "begin_date", "end_date"); !ok {
			return
		}
	}
	s.mu.Lock()
	bills, foul := slices.Clone(s.bills), s.foul
	s.mu.Unlock()
	slices.SortStableFunc(bills, func(x, y Bill) int { return x.Time.Compare(y.Time) })
	var list []any
	for _, b := range bills {
		fits := kind == "A" || kind == "AI" && b.Type < "2" || kind == "AO" && b.Type >= "2" || kind == b.Type
		if !fits || b.Enterprise != whose && !foul || code != "" && b.Code != code || code == "" && (b.Time.Before(from) || !b.Time.Before(to)) {
			continue
		}
		list = append(list, head(b))
	}
	a.give("model_list", "bill_head", page(a, "cur_page", list), map[string]any{"total_num": len(list)})
}

func head(b Bill) map[string]any {
	return map[string]any{
		"ref_ent_id": b.Enterprise, "bill_code": b.Code, "bill_type": b.Type, "bill_time": b.Time.In(zone).Format(time.DateTime),
		"from_user_id": b.From.EntID, "from_ref_user_id": b.From.RefID, "from_user_name": b.From.Name, "to_user_id": b.To.EntID, "to_ref_user_id": b.To.RefID, "to_user_name": b.To.Name,
	}
}

// maxCodes is where a bill's codes are cut.
const maxCodes = 10_000

func (s *Server) detail(a *answer) {
	whose, ok := s.enterprise(a, "ref_ent_id")
	if !ok {
		return
	}
	s.mu.Lock()
	i := s.find(whose, a.form.Get("bill_type"), a.form.Get("bill_code"))
	var b Bill
	if i >= 0 {
		b = s.bills[i]
	}
	s.mu.Unlock()
	if i < 0 {
		a.business("BILL_NOT_EXIST", "单据不存在")
		return
	}
	lot := "product_batch_no" // what it is called depends on the direction
	if b.Type < "2" {
		lot = "produce_batch_no"
	}
	left := maxCodes
	var list []any
	for _, item := range b.Items {
		codes := make([]any, 0, len(item.Codes))
		for _, c := range item.Codes[:min(left, len(item.Codes))] {
			codes = append(codes, c)
		}
		left -= len(codes)
		list = append(list, map[string]any{
			lot: item.Lot, "produce_date": item.Made, "expired_date": item.Expires, "min_pkg_count": item.Packages, "product_code": item.ProductCode, "prod_code": item.ProdCode,
			"physic_name": item.Name, "pkg_spec": item.Spec, "min_pkg_unit": item.Unit, "codes": a.list("string", codes),
		})
	}
	a.give("bill_chk_in_out_detail_list_d_t_o_list", "bill_chk_in_out_detail_list_d_t_o", list, nil)
}

func (s *Server) changes(a *answer) {
	whose, ok := s.enterprise(a, "ref_ent_id")
	if !ok {
		return
	}
	from, to, ok := days(a, "begin_oper_date", "end_oper_date")
	if !ok {
		return
	}
	s.mu.Lock()
	log := slices.Clone(s.log)
	s.mu.Unlock()
	var list []any
	for _, c := range log {
		if c.bill.Enterprise == whose && c.bill.Type >= "2" && c.kind == a.form.Get("oper_type") && !c.at.Before(from) && c.at.Before(to) {
			list = append(list, map[string]any{"ref_ent_id": whose, "bill_code": c.bill.Code, "bill_type": c.bill.Type, "oper_type": c.kind, "oper_date": c.at.In(zone).Format(time.DateTime)})
		}
	}
	a.give("models", "bill_log", page(a, "page", list), map[string]any{"total_num": len(list)})
}

// known is what the platform knows of a code.
func (s *Server) known(code string) (Pack, Item, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]*Item{}
		for _, b := range s.bills {
			for i := range b.Items {
				for _, c := range b.Items[i].Codes {
					if s.items[c] == nil {
						s.items[c] = &b.Items[i]
					}
				}
			}
		}
	}
	p, listed := s.packs[code]
	item := s.items[code]
	switch {
	case item == nil:
		return p, Item{}, listed
	case !listed:
		p = Pack{Level: 1, Status: "A", Lot: item.Lot}
	}
	return p, *item, true
}

func (s *Server) query(a *answer) {
	if _, ok := s.enterprise(a, "ref_ent_id"); !ok {
		return
	}
	codes := strings.Split(a.form.Get("codes"), ",")
	if len(codes) > 1000 {
		a.business("CODE_COUNT_LIMIT", "一次最多查询1000个码")
		return
	}
	var list []any
	for _, code := range codes {
		if len(code) != 20 || code[0] != '8' {
			a.business("CODE_FORMAT_ERROR", "码格式错误: "+code)
			return
		}
		p, item, ok := s.known(code)
		if !ok {
			p.Status = "E"
		}
		list = append(list, map[string]any{"code": code, "status": p.Status, "code_pack_level": p.Level, "code_level": max(1, 4-p.Level), "produce_batch_no": p.Lot, "prod_code": item.ProdCode,
			"produce_date": strings.ReplaceAll(item.Made, "-", ""), "exprie_date": strings.ReplaceAll(item.Expires, "-", "")})
	}
	a.give("models", "code_info", list, nil)
}

func (s *Server) children(a *answer) {
	if _, ok := s.enterprise(a, "ref_ent_id"); !ok {
		return
	}
	codes := strings.Split(a.form.Get("codes"), ",")
	if len(codes) > 50 {
		a.business("CODE_COUNT_LIMIT", "一次最多查询50个码")
		return
	}
	var list []any
	for _, code := range codes {
		p, _, _ := s.known(code)
		inner := make([]any, len(p.Children))
		for i, c := range p.Children {
			inner[i] = c
		}
		list = append(list, map[string]any{"parent_code": code, "codes": a.list("string", inner)})
	}
	a.give("result_list", "sub_codes", list, nil)
}
