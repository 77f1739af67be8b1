package simkingdee

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"

	"tributary/connectors/sandbox/fault"
)

const lostContext = "会话信息已丢失，请重新登录"

func (s *Server) login(w http.ResponseWriter, method string, body []byte) {
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	var call struct{ Parameters []json.RawMessage }
	p := make([]string, 0, 6)
	if json.Unmarshal(body, &call) == nil {
		for _, raw := range call.Parameters {
			p = append(p, strings.Trim(string(raw), `"`))
		}
	}
	if s.opts.Faults.Hit(fault.BadCredentials) || !s.known(method, p) {
		s.writeJSON(w, map[string]any{"LoginResultType": 0, "Message": "用户名或密码错误", "MessageCode": "CheckPasswordPolicy", "KDSVCSessionId": "", "IsSuccessByAPI": false})
		return
	}
	id := s.openSession(w)
	s.writeJSON(w, map[string]any{
		"LoginResultType": 1, "Message": nil, "MessageCode": "CheckPasswordPolicy", "KDSVCSessionId": id,
		"Context": map[string]any{"SessionId": id, "UserName": s.opts.User}, "IsSuccessByAPI": true,
	})
}

func (s *Server) known(method string, p []string) bool {
	o := s.opts
	if len(p) < 4 || p[0] != o.AcctID || p[1] != o.User {
		return false
	}
	switch method {
	case "ValidateUser":
		return p[2] == o.Password
	case "LoginByAppSecret":
		return p[2] == o.AppID && p[3] == o.AppSecret
	case "LoginBySign":
		if len(p) < 5 || p[2] != o.AppID {
			return false
		}
		values := []string{o.AcctID, o.User, o.AppID, o.AppSecret, p[3]}
		sort.Strings(values)
		joined := []byte(strings.Join(values, ""))
		return p[4] == fmt.Sprintf("%x", sha256.Sum256(joined)) || p[4] == fmt.Sprintf("%x", sha1.Sum(joined))
	}
	return false
}

func (s *Server) openSession(w http.ResponseWriter) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	id := fmt.Sprintf("planted-secret-session-%08d", s.serial)
	s.sessions[id] = true
	http.SetCookie(w, &http.Cookie{Name: "kdservice-sessionid", Value: id, Path: "/"})
	return id
}

// Expire ends all sessions.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.sessions)
}

// admit checks who calls. With a living session nothing else is looked at; with a good signature a session is opened;
// everybody else hears that his context is lost, with status 200.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) bool {
	if s.opts.Faults.Hit(fault.SessionExpiry) {
		s.Expire()
	}
	if s.session(r) {
		return true
	}
	if appdata := r.Header.Get("X-Kd-Appdata"); appdata != "" {
		data, _ := base64.StdEncoding.DecodeString(appdata)
		if acct, _, _ := strings.Cut(string(data), ","); acct != s.opts.AcctID {
			http.Error(w, "Fail to verify thirty passport", http.StatusInternalServerError)
			return false
		}
		if !s.opts.Faults.Hit(fault.BadCredentials) && s.signed(r, string(data)) {
			s.openSession(w)
			return true
		}
	}
	http.SetCookie(w, &http.Cookie{Name: "kdservice-sessionid", Value: "void", Path: "/"})
	s.refuse(w, 1, lostContext)
	return false
}

func (s *Server) session(r *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[r.Header.Get("kdservice-sessionid")] {
		return true
	}
	c, err := r.Cookie("kdservice-sessionid")
	return err == nil && s.sessions[c.Value]
}

func (s *Server) signed(r *http.Request, data string) bool {
	hexMAC := func(key []byte, text string) string {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf("%x", m.Sum(nil))))
	}
	if r.Header.Get("X-Kd-Signature") != hexMAC([]byte(s.opts.AppSecret), s.opts.AppID+data) {
		return false
	}
	_, half, _ := strings.Cut(s.opts.AppID, "_")
	var key []byte
	if len(half) == 32 {
		raw, _ := base64.StdEncoding.DecodeString(half)
		mask := []byte("0054f397c6234378b09ca7d3e5debce7")
		for i := range raw {
			raw[i] ^= mask[i]
		}
		key = []byte(base64.StdEncoding.EncodeToString(raw))
	}
	path := strings.ReplaceAll(r.URL.Path, "/", "%2F")
	text := strings.Join([]string{"POST", path, "", "x-api-nonce:" + r.Header.Get("x-api-nonce"), "x-api-timestamp:" + r.Header.Get("x-api-timestamp"), ""}, "\n")
	return r.Header.Get("X-Api-Signature") == hexMAC(key, text)
}
