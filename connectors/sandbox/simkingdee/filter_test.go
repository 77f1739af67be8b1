package simkingdee

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilters(t *testing.T) {
	t.Parallel()
	columns := []string{"FID", "FName", "FModifyDate", "FCreateOrgId", "FUseOrgId"}
	row := map[string]any{"FID": int64(7), "FName": "O'Hara", "FModifyDate": "2025-01-02T03:04:05.120", "FCreateOrgId": "1", "FUseOrgId": "1"}
	for text, want := range map[string]bool{
		"":                                       true,
		"FID > 6":                                true,
		"fid>7":                                  false,
		"FID = 7 and (FName <> 'x' or FID < 3)":  true,
		"FName = 'O''Hara'":                      true,
		"FModifyDate >= '2025-01-02 03:04:05'":   true,
		"FModifyDate < '2025-01-02 03:04:05'":    false,
		"FModifyDate < '2025-01-02 03:04:06'":    true,
		"FCreateOrgId = FUseOrgId":               true,
		"FID > 10 or FID < 3 or FName = 'other'": false,
	} {
		f, err := parseFilter(text, columns)
		require.NoError(t, err, text)
		require.Equal(t, want, f.match(row), text)
	}
	for _, bad := range []string{"FID", "FID ~ 3", "FNope = 1", "(FID = 1", "FID = 1)", "FName = 'open", "FID = 1 FID = 2", "FID = 'a' and"} {
		_, err := parseFilter(bad, columns)
		require.Error(t, err, bad)
	}
	empty, err := parseFilter("FModifyDate < '2030-01-01 00:00:00'", columns)
	require.NoError(t, err)
	require.False(t, empty.match(map[string]any{"FModifyDate": nil}), "a comparison with nothing is false")
}

func FuzzFilter(f *testing.F) {
	f.Add("(FID > 3 and FName = 'x''y') or FID <= 1")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseFilter(text, []string{"FID", "FName"}); err == nil {
			p.match(map[string]any{"FID": int64(1), "FName": "x"})
		}
	})
}
