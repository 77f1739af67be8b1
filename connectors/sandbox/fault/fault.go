// Package fault switches the misbehaviour of simulated source systems by name.
//
// A plan is text: names separated by commas, each alone (now and then), with "/n" (every n-th call), ":n" (the next n
// calls) or ":always".
//
//	set, err := fault.Parse("throttle:3,html_502/20,session_expiry")
package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Name names one kind of misbehaviour.
type Name string

// Faults every simulator knows; Wrap plays them in front of the protocol.
const (
	HTTP502   Name = "html_502"  // an HTML page of the web server, status 502
	HTTP429   Name = "http_429"  // status 429 with Retry-After
	HTTP500   Name = "http_500"  // status 500
	HTML200   Name = "html_200"  // an HTML page with status 200
	CutBody   Name = "cut_body"  // the connection ends in the middle of the answer
	Slow      Name = "slow"      // the answer waits
	Shape     Name = "shape"     // JSON of another form than documented
	HalfJSON  Name = "half_json" // JSON cut short, status 200
	Redirect  Name = "redirect"  // a redirect to the same address, for ever
	ClockFast Name = "clock_fast"
	ClockSlow Name = "clock_slow"
)

// Faults that a protocol plays in its own way; a system that has no such thing ignores them.
const (
	SessionExpiry  Name = "session_expiry"   // the session or token dies
	BadCredentials Name = "bad_credentials"  // logins are refused
	NoRights       Name = "no_rights"        // calls are refused for lack of rights
	HiddenRows     Name = "hidden_rows"      // rows vanish for lack of rights, silently
	Throttle       Name = "throttle"         // too many calls, said in the protocol's own way
	ErrorIn200     Name = "error_in_200"     // a failure inside HTTP 200
	TransientIn200 Name = "transient_in_200" // a failure inside HTTP 200 that passes
	StringBody     Name = "string_body"      // JSON inside a JSON string
	ShortPage      Name = "short_page"       // fewer rows than asked for though more exist
	DeadLocator    Name = "dead_locator"     // a page locator is not known any more
	SamePage       Name = "same_page"        // a page names itself as the one behind it
	CodeAsText     Name = "code_as_text"     // result codes as text instead of numbers
	EmptyAsSpace   Name = "empty_as_space"   // empty values as one space
	WriteLost      Name = "write_lost"       // a write is done and its answer never arrives
	WriteLate      Name = "write_late"       // a write is done after its caller gave up
)

// Info describes a fault for `sandbox --faults` and the documentation.
type Info struct {
	Name Name
	EN   string
	ZH   string
}

// All lists the faults.
func All() []Info {
	return []Info{
		{HTTP502, "HTML page with status 502", "返回 502 HTML 页面"},
		{HTTP500, "status 500", "返回 500"},
		{HTTP429, "status 429 with Retry-After", "返回 429 并带 Retry-After"},
		{HTML200, "HTML page with status 200", "状态 200 但内容为 HTML"},
		{CutBody, "connection cut in the middle of an answer", "响应中途断开连接"},
		{Slow, "slow answer", "响应缓慢"},
		{Shape, "JSON of an undocumented form", "返回未约定结构的 JSON"},
		{HalfJSON, "JSON cut short with status 200", "状态 200 但 JSON 被截断"},
		{Redirect, "redirect that leads back to itself", "循环重定向"},
		{ClockFast, "the system's clock is ten minutes ahead", "系统时钟快十分钟"},
		{ClockSlow, "the system's clock is ten minutes behind", "系统时钟慢十分钟"},
		{SessionExpiry, "session or token expires", "会话或令牌失效"},
		{BadCredentials, "credentials are refused", "拒绝登录"},
		{NoRights, "calls are refused for lack of rights", "因权限不足拒绝调用"},
		{HiddenRows, "rows are hidden for lack of rights, without a word", "因权限不足静默少返回数据"},
		{Throttle, "too many calls, told in the system's own way", "调用超限（以系统自身方式提示）"},
		{ErrorIn200, "failure inside HTTP 200", "HTTP 200 中包含错误"},
		{TransientIn200, "passing failure inside HTTP 200", "HTTP 200 中包含暂时性错误"},
		{StringBody, "JSON inside a JSON string", "JSON 被包在字符串中"},
		{ShortPage, "short page though more rows exist", "仍有数据却返回短页"},
		{DeadLocator, "page locator no longer known", "翻页定位失效"},
		{SamePage, "page that names itself as the next one", "翻页定位指回本页"},
		{CodeAsText, "result codes as text", "返回码为文本"},
		{EmptyAsSpace, "empty values as a space", "空值以空格表示"},
		{WriteLost, "a write is done and its answer is lost", "写入已完成但应答丢失"},
		{WriteLate, "a write is done after its caller gave up", "调用方超时放弃后写入才完成"},
	}
}

// occasional is how often a fault named alone strikes.
const occasional = 9

// always never runs out.
const always = -1

// Set is a plan of faults, safe for concurrent use. The nil set has none.
type Set struct {
	mu    sync.Mutex
	plans map[Name]*plan
	hits  map[Name]int
}

type plan struct {
	left  int // of the next calls; always
	every int
	seen  int
}

// New is an empty plan.
func New() *Set { return &Set{plans: map[Name]*plan{}, hits: map[Name]int{}} }

// Parse reads a plan as text; empty text is an empty plan.
func Parse(text string) (*Set, error) {
	s := New()
	for _, item := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, times, counted := strings.Cut(item, ":")
		if counted && times == "always" {
			times = strconv.Itoa(always)
		}
		name, every, periodic := strings.Cut(name, "/")
		if !slices.ContainsFunc(All(), func(i Info) bool { return string(i.Name) == name }) {
			return nil, fmt.Errorf("unknown fault %q; known: %s", name, strings.Join(names(), ", "))
		}
		switch {
		case counted:
			n, err := strconv.Atoi(times)
			if err != nil {
				return nil, fmt.Errorf("fault %s: %q is not a number of calls", name, times)
			}
			s.Arm(Name(name), n)
		case periodic:
			n, err := strconv.Atoi(every)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("fault %s: %q is not a number of calls", name, every)
			}
			s.Every(Name(name), n)
		default:
			s.Every(Name(name), occasional)
		}
	}
	return s, nil
}

func names() []string {
	var out []string
	for _, i := range All() {
		out = append(out, string(i.Name))
	}
	return out
}

// Arm makes the next n calls suffer the fault.
func (s *Set) Arm(name Name, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans[name] = &plan{left: n}
}

// Always makes all calls suffer the fault until Clear.
func (s *Set) Always(name Name) { s.Arm(name, always) }

// Every makes each n-th call suffer the fault.
func (s *Set) Every(name Name, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans[name] = &plan{every: n}
}

// Off ends one fault.
func (s *Set) Off(name Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.plans, name)
}

// On reports whether calls may suffer the fault, without counting one.
func (s *Set) On(name Name) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.plans[name]
	return p != nil && (p.every > 0 || p.left != 0)
}

// Clear ends all faults.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans = map[Name]*plan{}
}

// Hit counts a call and reports whether it suffers the fault.
func (s *Set) Hit(name Name) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.hits[name]; !known {
		s.hits[name] = 0
	}
	p := s.plans[name]
	if p == nil {
		return false
	}
	struck := false
	switch {
	case p.every > 0:
		p.seen++
		struck = p.seen%p.every == 0
	case p.left == always:
		struck = true
	case p.left > 0:
		p.left--
		struck = true
	}
	if struck {
		s.hits[name]++
	}
	return struck
}

// Known are the faults that calls have met or might have met until now: those that the system plays, in the order of All.
func (s *Set) Known() (out []Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range All() {
		if _, known := s.hits[i.Name]; known {
			out = append(out, i.Name)
		}
	}
	return out
}

// Hits is how often the fault struck.
func (s *Set) Hits(name Name) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[name]
}
