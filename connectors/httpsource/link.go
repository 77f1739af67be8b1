package httpsource

import (
	"bytes"
	"net/http"
	"strings"
)

// NextLink is the address behind rel="next" in the Link headers of an answer (RFC 8288).
func NextLink(h http.Header) (string, bool) {
	for _, line := range h.Values("Link") {
		for line != "" {
			start := strings.IndexByte(line, '<')
			end := strings.IndexByte(line, '>')
			if start < 0 || end < start {
				break
			}
			target, params := line[start+1:end], line[end+1:]
			params, line = cutParams(params)
			for _, p := range strings.Split(params, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
				value = strings.Trim(strings.TrimSpace(value), `"`)
				if strings.EqualFold(strings.TrimSpace(name), "rel") && strings.EqualFold(value, "next") && target != "" {
					return target, true
				}
			}
		}
	}
	return "", false
}

// cutParams cuts the parameters of one link from the links behind it: at a comma outside quotes.
func cutParams(s string) (params, rest string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// Within is the offset of a part of a body that json.Unmarshal copied out of it.
func Within(body, part []byte) int { return max(0, bytes.Index(body, part)) }
