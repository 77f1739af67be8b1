package database

import "strings"

// checkQuery refuses a text that is not one SELECT that can stand in parentheses, and names a word of the catalogue that
// says why. It is a guard against slips; what guards the distributor are the account's rights and the read-only
// transaction.
func checkQuery(q, kind string) string {
	depth := 0
	for i := 0; i < len(q); i++ {
		switch c := q[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := strings.IndexByte(q[i+1:], c)
			if end < 0 {
				return "database.word_quote"
			}
			if c == '\'' && kind == "mysql" && strings.Contains(q[i+1:i+1+end], `\`) {
				return "database.word_backslash" // it may hide the end of the text
			}
			i += end + 1
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "database.word_parentheses"
			}
		case c == ';':
			return "database.word_semicolon"
		case c == '#' && kind == "mysql", strings.HasPrefix(q[i:], "--"), strings.HasPrefix(q[i:], "/*"), c == 0:
			return "database.word_comment"
		case c == '$' && kind == "postgres" && (strings.HasPrefix(q[i:], "$$") || i+1 < len(q) && isLetter(q[i+1])):
			return "database.word_quote"
		}
	}
	if depth != 0 {
		return "database.word_parentheses"
	}
	first, _, _ := strings.Cut(strings.ToLower(strings.Join(strings.Fields(q), " ")), " ")
	if first != "select" && (first != "with" || kind == "sqlserver") {
		return "database.word_select"
	}
	return ""
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
