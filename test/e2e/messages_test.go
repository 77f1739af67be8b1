package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// Why two records are one customer, or are not, is told in words a person who is no programmer can act on.
func TestWhyTellsWhatWasComparedAndWhatForbidsAMerge(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	importWorked(h, file{"customers.csv", "customers", ""})
	for lang, parts := range map[string][]string{
		"en": {"different customers", "veto", "青河市", "probability"},
		"zh": {"判定为不同客户", "否决", "名称", "统一社会信用代码"},
	} {
		out := h.OK("customers", "why", "erp|H1", "erp|H2", "--lang", lang)
		for _, part := range parts {
			require.Contains(t, out, part)
		}
		requirePlain(t, out)
	}
	r := h.Run("customers", "why", "erp|H1", "erp|H9")
	require.Equal(t, 2, r.Code)
	require.Contains(t, r.Stderr, "erp|H9")
	require.Contains(t, r.Stderr, "→")
}

// A quarantined row shows what is wrong, what to do, and the row as it came.
func TestQuarantineShowTellsWhatToDo(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	const line = "2025-02-30,X-1,甲医院,药,盒,五盒"
	importFile(h, file{"bad.csv", "sales", "D1"}, h.Write("bad.csv", salesHeader+line+"\n2025-02-01,X-2,甲医院,药,盒,5\n"))
	var list struct{ Items []quarantined }
	h.Into(&list, "quarantine", "list")
	require.Len(t, list.Items, 1)
	for lang, parts := range map[string][]string{
		"en": {"bad.csv row 2", "2025-02-30", "五盒", "→", "As received", line},
		"zh": {"bad.csv", "2025-02-30", "五盒", "→", "原始内容", line},
	} {
		out := h.OK("quarantine", "show", list.Items[0].ID, "--lang", lang)
		for _, part := range parts {
			require.Contains(t, out, part)
		}
		requirePlain(t, out)
	}
	h.OK("quarantine", "discard", list.Items[0].ID)
	h.Into(&list, "quarantine", "list")
	require.Empty(t, list.Items)
	r := h.Run("quarantine", "discard", "nothing")
	require.Equal(t, 2, r.Code)
}
