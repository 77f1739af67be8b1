package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// What docs/first-hour.md tells a person to do, wrong turns included.
func TestTheFirstHour(t *testing.T) {
	t.Parallel()
	well := harness.StartSandbox(t, 0.05, "")
	setting := func(text, name string) string {
		found := regexp.MustCompile(`(?m)^ +` + name + `: "(.*)"$`).FindStringSubmatch(text)
		require.NotNil(t, found, name)
		return found[1]
	}
	refuses := func(t *testing.T, r harness.Result, parts ...string) {
		t.Helper()
		require.Equal(t, 2, r.Code, r.Stdout+r.Stderr)
		for _, part := range parts {
			require.Contains(t, r.Stdout+r.Stderr, part)
		}
		requirePlain(t, r.Stdout+r.Stderr)
	}
	good := func(t *testing.T, r harness.Result) string {
		t.Helper()
		require.Zero(t, r.Code, r.Stdout+r.Stderr)
		return r.Stdout
	}

	t.Run("files in GBK on FTP", func(t *testing.T) {
		ftp := servers.FTP(t)
		inbox, err := os.MkdirTemp(ftp.Root, "hour")
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, os.RemoveAll(inbox)) })
		put := func(name string, lines ...string) {
			text, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Join(lines, "\r\n"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(inbox, name), []byte(text), 0o644))
		}
		put("SM_C000005_百川商业_20261031.csv", "销售日期,销售单号,客户名称,商品名称,规格,批号,数量,单位", "2026-10-03,X1,青河市第一人民医院,复方丹参滴丸,27mg×180丸,260408,30,盒",
			"2026-10-04,X2,青河市第二人民医院,复方丹参滴丸,27mg×180丸,260408,三十,盒")
		put("十月库存.csv", "库存日期,商品名称,规格,批号,库存数量,单位", "2026-10-31,复方丹参滴丸,27mg×180丸,260408,120,盒")

		h := harness.Embedded(t, harness.Options{})
		h.Env = []string{"YB_PASSWORD=wrong"}
		good(t, h.Run("connectors", "init", "files", "--name", "yb", "--set", "url=ftpes://hub@"+ftp.Explicit+"/"+filepath.Base(inbox), "--set", "password=env:YB_PASSWORD", "--set", "party=C000005"))
		refuses(t, h.Run("connectors", "check", "yb"), "not trusted", "ca_file")
		edit(t, h, "party: C000005", "party: C000005\n      settle: 0s\n      ca_file: "+ftp.CA)
		refuses(t, h.Run("connectors", "check", "yb"), "refuses")
		h.Env = []string{"YB_PASSWORD=hub-secret"}
		require.Contains(t, good(t, h.Run("connectors", "check", "yb")), "ledgers")
		edit(t, h, "party: C000005", "party: C000005\n      ledgers: {'*库存*': stock}")
		require.NotContains(t, good(t, h.Run("connectors", "check", "yb")), "!")
		good(t, h.Run("pull", "yb", "--dry-run"))
		report, r := h.Report("pull", "yb")
		require.Zero(t, r.Code, r.Stdout+r.Stderr)
		require.EqualValues(t, 2, report.Totals.Canonical, "the dry run stored nothing")
		require.EqualValues(t, 1, report.Totals.Quarantined)
		require.Contains(t, good(t, h.Run("quarantine", "list", "--json")), "三十")
	})

	t.Run("an API by settings alone", func(t *testing.T) {
		h := harness.Embedded(t, harness.Options{})
		h.Env = []string{"CHAIN_TOKEN=" + setting(well.Config, "token")}
		text, err := os.ReadFile(h.Config)
		require.NoError(t, err)
		h.Write("tributary.yaml", string(text)+fmt.Sprintf(`
connections:
  - name: chain
    connector: rest
    settings:
      base_url: %s
      auth: {kind: bearer, token: "${env:CHAIN_TOKEN}"}
      streams:
        stores:
          path: /stores
          params: {limit: "{limit}"}
          rows: data
          key: [id]
          paging: {kind: link, next: next}
    streams:
      - {stream: stores, map: %s}
`, regexp.MustCompile(`http://[^"]*/pharmacy/v1`).FindString(well.Config), filepath.Join(h.Dir, "stores.yaml")))
		refuses(t, h.Run("connectors", "check", "chain"), "lacks fields that are needed: id", "licence_no")
		edit(t, h, "key: [id]", "key: [code]")
		good(t, h.Run("connectors", "check", "chain"))
		require.Regexp(t, `tributary.yaml:\d+:\d+: The map file .*stores.yaml does not exist`, h.Run("config", "lint").Stdout)
		suggested := good(t, h.Run("mapping", "suggest", "chain/stores", "--as", "customers"))
		h.Write("stores.yaml", suggested)
		good(t, h.Run("config", "lint"))
		require.Contains(t, good(t, h.Run("mapping", "preview", "chain/stores", "--map", filepath.Join(h.Dir, "stores.yaml"), "--rows", "3")), "head_office")
		mended := strings.Replace(suggested, `kind: "kind"`, `kind: {from: "kind", codes: {head_office: chain, store: pharmacy}}`, 1)
		require.NotEqual(t, suggested, mended)
		h.Write("stores.yaml", mended)
		report, r := h.Report("pull", "chain")
		require.Zero(t, r.Code, r.Stdout+r.Stderr)
		require.NotZero(t, report.Totals.Canonical)
		require.Equal(t, report.Totals.Read, report.Totals.Canonical)
	})

	t.Run("Kingdee with a wrong secret, without a right, and well", func(t *testing.T) {
		sick := harness.StartSandbox(t, 0.05, "no_rights:always")
		base := regexp.MustCompile(`http://[^"]*/kingdee/K3Cloud`)
		h := harness.Embedded(t, harness.Options{})
		h.Env = []string{"KINGDEE_SECRET=wrong"}
		good(t, h.Run("connectors", "init", "kingdee", "--name", "erp", "--set", "base_url="+base.FindString(sick.Config), "--set", "acct_id="+setting(sick.Config, "acct_id"),
			"--set", "user=integration", "--set", "app_id="+setting(sick.Config, "app_id"), "--set", "app_secret=env:KINGDEE_SECRET"))
		refuses(t, h.Run("connectors", "check", "erp"), "refuses the credentials", "not tried again")
		h.Env = []string{"KINGDEE_SECRET=" + setting(sick.Config, "app_secret")}
		refuses(t, h.Run("connectors", "check", "erp"), "does not let the user do this", "administrator")
		edit(t, h, base.FindString(sick.Config), base.FindString(well.Config))
		good(t, h.Run("connectors", "check", "erp"))
		require.Contains(t, good(t, h.Run("connectors", "discover", "erp")), "BD_Customer")
		require.Contains(t, good(t, h.Run("mapping", "preview", "erp/BD_Customer")), "→")
		report, r := h.Report("pull", "erp")
		require.Zero(t, r.Code, r.Stdout+r.Stderr)
		require.NotZero(t, report.Totals.Canonical)
	})
}

// edit changes one place of the configuration, as a person would.
func edit(t *testing.T, h *harness.Hub, old, new string) {
	t.Helper()
	text, err := os.ReadFile(h.Config)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), old), "%s in\n%s", old, text)
	h.Write("tributary.yaml", strings.Replace(string(text), old, new, 1))
}
