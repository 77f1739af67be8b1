// Package simmsfx simulates the drug traceability platform 码上放心 behind the TOP gateway: signed form parameters, XML unless
// JSON is asked for, two gates, throttling told in a sentence, flags and lists that each interface names in its own way,
// bills by the date of the bill, a log of deleted and modified outbound bills, codes cut at 10,000, packs in packs. Uploads
// are not served. It shares no code with the connector.
package simmsfx

import (
	"crypto/hmac"
	"crypto/md5" // the gateway's
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors/sandbox/fault"
)

// Options describe the platform as one application sees it.
type Options struct {
	AppKey, Secret string
	Enterprises    map[string]string // ref_ent_id → ent_id of those that authorised the application
	BanSeconds     int               // what a throttled call is told to wait
	Now            func() time.Time
	Faults         *fault.Set
}

// Party is an enterprise with its two ids.
type Party struct{ EntID, RefID, Name string }

// Item is goods of one product and lot in a bill.
type Item struct {
	ProductCode, ProdCode, Name, Spec, Unit, Lot, Made, Expires string
	Packages                                                    int // smallest packs
	Codes                                                       []string
}

// Bill is a bill as an enterprise uploaded it.
type Bill struct {
	Enterprise, Code, Type string
	Time                   time.Time
	From, To               Party
	Items                  []Item
}

// Pack is what the platform knows of a code beside the bills.
type Pack struct {
	Level    int    // from the smallest pack, which is 1
	Status   string // A active, I booked in, O booked out, C cancelled, E does not exist
	Lot      string
	Children []string
}

// change is an entry of the log of outbound bills.
type change struct {
	bill Bill
	kind string // del, mod
	at   time.Time
}

var zone = time.FixedZone("+08:00", 8*3600)

// Server is the platform. It is safe for concurrent use.
type Server struct {
	opts   Options
	mu     sync.Mutex
	bills  []Bill
	items  map[string]*Item // first item of a bill that names a code; nil: to be looked up anew
	packs  map[string]Pack
	log    []change
	before func()
	calls  map[string]int
	foul   bool
}

// New makes a platform with bills.
func New(o Options, bills ...Bill) *Server {
	return &Server{opts: o, bills: bills, packs: map[string]Pack{}, calls: map[string]int{}}
}

// SetBills replaces all bills, without a word in the log.
func (s *Server) SetBills(bills []Bill) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bills, s.items = bills, nil
}

// SetPacks says what is known of codes; others are active smallest packs of the lot of their bill.
func (s *Server) SetPacks(packs map[string]Pack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packs = packs
}

// Put uploads a bill, or modifies the one with its type and code: the log says so.
func (s *Server) Put(b Bill) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = nil
	if i := s.find(b.Enterprise, b.Type, b.Code); i >= 0 {
		s.bills = slices.Clone(s.bills)
		s.bills[i] = b
		s.log = append(s.log, change{b, "mod", s.opts.Now()})
		return
	}
	s.bills = append(slices.Clip(s.bills), b)
}

// Delete deletes a bill: the log says so.
func (s *Server) Delete(enterprise, kind, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = nil
	if i := s.find(enterprise, kind, code); i >= 0 {
		s.log = append(s.log, change{s.bills[i], "del", s.opts.Now()})
		s.bills = slices.Delete(slices.Clone(s.bills), i, i+1)
	}
}

// Foul makes the platform show a bill of an enterprise that was not asked for.
func (s *Server) Foul() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.foul = true
}

// BeforeQuery sets a function called before each list of bills is answered.
func (s *Server) BeforeQuery(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// Calls is how often an interface was called.
func (s *Server) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

func (s *Server) find(enterprise, kind, code string) int {
	return slices.IndexFunc(s.bills, func(b Bill) bool { return b.Enterprise == enterprise && b.Type == kind && b.Code == code })
}

// answer is a call on its way back.
type answer struct {
	w      http.ResponseWriter
	method string
	form   url.Values
	text   bool // flags as text
}

const family = "alibaba.alihealth.drug."

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil || !strings.HasSuffix(r.URL.Path, "/router/rest") {
		http.NotFound(w, r)
		return
	}
	a := &answer{w: w, method: strings.TrimPrefix(r.Form.Get("method"), family), form: r.Form, text: s.opts.Faults.Hit(fault.CodeAsText)}
	if !s.admit(a) {
		return
	}
	s.mu.Lock()
	s.calls[a.method]++
	before := s.before
	s.mu.Unlock()
	if a.method == "kyt.searchbill" && before != nil {
		before()
	}
	if s.opts.Faults.Hit(fault.ErrorIn200) {
		a.business("FAIL_BIZ_SYSTEM", "系统处理失败")
		return
	}
	serve := map[string]func(*answer){
		"kyt.searchbill": s.search, "msc.billout.detailwithcodes": s.detail, "down.queryupoutbilllog": s.changes, "code.kyt.va.querycode": s.query, "kyt.yy.querysubcodes": s.children,
	}[a.method]
	if serve == nil {
		a.fail(22, "Invalid method", "isv.invalid-method", "")
		return
	}
	serve(a)
}

// admit is the gateway: signature, time, rights, limits.
func (s *Server) admit(a *answer) bool {
	at, err := time.ParseInLocation(time.DateTime, a.form.Get("timestamp"), zone)
	now := s.opts.Now()
	switch {
	case s.opts.Faults.Hit(fault.ClockFast):
		now = now.Add(10 * time.Minute)
	case s.opts.Faults.Hit(fault.ClockSlow):
		now = now.Add(-10 * time.Minute)
	}
	switch {
	case a.form.Get("app_key") != s.opts.AppKey:
		a.fail(29, "Invalid app Key", "isv.appkey-not-exists", "")
	case err != nil || at.Sub(now).Abs() > 10*time.Minute:
		a.fail(31, "Invalid timestamp", "isv.timestamp-invalid", "")
	case s.opts.Faults.Hit(fault.BadCredentials) || a.form.Get("sign") != sign(a.form, s.opts.Secret):
		a.fail(25, "Invalid signature", "isv.invalid-signature", "")
	case s.opts.Faults.Hit(fault.NoRights):
		a.fail(11, "Insufficient isv permissions", "isv.permission-api-package-limit", "scope ids is 12345")
	case s.opts.Faults.Hit(fault.Throttle):
		a.fail(7, "App Call Limited", "accesscontrol.limited-by-app-api-access-count", fmt.Sprintf("This ban will last for %d more seconds", s.opts.BanSeconds))
	case s.opts.Faults.Hit(fault.TransientIn200):
		a.fail(15, "Remote service error", "isp.top-remote-connection-timeout", "远程服务调用超时")
	default:
		return true
	}
	return false
}

// sign is the signature as the gateway computes it.
func sign(form url.Values, secret string) string {
	var names []string
	for name := range form {
		if name != "sign" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	text := ""
	for _, name := range names {
		text += name + form.Get(name)
	}
	var h hash.Hash
	switch form.Get("sign_method") {
	case "md5":
		h = md5.New()
		text = secret + text + secret
	case "hmac":
		h = hmac.New(md5.New, []byte(secret))
	case "hmac-sha256":
		h = hmac.New(sha256.New, []byte(secret))
	default:
		return ""
	}
	h.Write([]byte(text))
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// fail is a refusal of the gateway, with status 200.
func (a *answer) fail(code int, msg, sub, subMsg string) {
	a.write(map[string]any{"error_response": map[string]any{"code": code, "msg": msg, "sub_code": sub, "sub_msg": subMsg, "request_id": "r1"}})
}

// flags are the names of success of each interface.
var flags = map[string]string{"kyt.searchbill": "response_success", "msc.billout.detailwithcodes": "success", "down.queryupoutbilllog": "response_status", "code.kyt.va.querycode": "response_success", "kyt.yy.querysubcodes": "success"}

func (a *answer) flag(v bool) any {
	if a.text {
		return strconv.FormatBool(v)
	}
	return v
}

// business is a refusal behind the gateway.
func (a *answer) business(code, info string) {
	a.result(map[string]any{flags[a.method]: a.flag(false), "msg_code": code, "msg_info": info})
}

// give answers with a list under the interface's own name.
func (a *answer) give(name, inner string, list []any, more map[string]any) {
	result := map[string]any{flags[a.method]: a.flag(true), "msg_code": "SUCCESS", "msg_info": "调用成功", name: a.list(inner, list)}
	for k, v := range more {
		result[k] = v
	}
	a.result(result)
}

// list stands in an object of its own unless simplify asks for less.
func (a *answer) list(inner string, list []any) any {
	if list == nil {
		list = []any{}
	}
	if a.form.Get("simplify") == "true" {
		return list
	}
	return map[string]any{inner: list}
}

func (a *answer) result(result map[string]any) {
	body := map[string]any{"result": result, "request_id": "r1"}
	if a.form.Get("simplify") != "true" {
		body = map[string]any{strings.ReplaceAll(family+a.method, ".", "_") + "_response": body}
	}
	a.write(body)
}

func (a *answer) write(body map[string]any) {
	if a.form.Get("format") != "json" {
		a.w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		fmt.Fprint(a.w, xml.Header+"<response><note>format=json was not asked for</note></response>")
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(a.w, err.Error(), http.StatusInternalServerError)
		return
	}
	a.w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	a.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = a.w.Write(b)
}
