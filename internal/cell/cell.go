// Package cell prepares text of others for the cells of spreadsheets.
package cell

import "strings"

// Plain keeps a spreadsheet from running a value as a formula. A sign alone is none: the id of a reporting party's own
// record, @, stays as it is in the crosswalk.
func Plain(s string) string {
	if len(s) > 1 && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
