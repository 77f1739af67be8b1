package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// queue is what `customers review list --json` prints.
type queue struct {
	Total     int `json:"total"`
	Questions []struct {
		ID   string     `json:"id"`
		Left reviewSide `json:"a"`
		Next reviewSide `json:"b"`
	} `json:"questions"`
}

type reviewSide struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

type decided struct {
	Decision struct {
		ID    string `json:"decision_id"`
		State string `json:"state"`
	} `json:"decision"`
	Customers []string `json:"customers"`
}

// A steward's day by command line: list, decide ten pairs, undo one, merge, split; nothing re-merges on the next run. A
// consumer that applies only the golden and crosswalk events ends, after each step, with exactly the export and the
// crosswalk.
func TestAStewardsDay(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{Company: harness.NewCompany()}, func(t *testing.T, h *harness.Hub) {
		cities := []string{"南京", "无锡", "徐州", "常州", "苏州", "南通", "淮安", "盐城", "扬州", "镇江", "泰州", "宿迁"}
		erp, sfa := "客户编码,客户名称,类型,城市\n", "客户编码,客户名称,类型\n"
		for i, city := range cities {
			core := string([]rune("仁济安康同德瑞华博爱长庚普陀慈铭曙光东方康宁和平")[2*i : 2*i+2])
			erp += fmt.Sprintf("C%02d,%s市%s医院,医院,%s市\n", i, city, core, city)
			sfa += fmt.Sprintf("H%02d,%s医院,医院\n", i, core)
		}
		sfa += "H90,南京仁济医院,医院\n" // joins C00 by itself
		h.OK("import", h.Write("erp.csv", erp), "--as", "customers", "--source", "erp", "--quiet")
		h.OK("import", h.Write("sfa.csv", sfa), "--as", "customers", "--source", "sfa", "--quiet")
		links := func() map[string]string { _, l := export(t, h); return l }
		follow := func(what string) {
			t.Helper()
			h.OK("relay", "--once")
			exported, linked := export(t, h)
			log := h.Log()
			log.CheckSchemas(t)
			log.CheckOrder(t)
			rebuilt := interleaved(log).Master(t)
			rebuilt.CheckWhole(t)
			require.Equal(t, linked, rebuilt.Crosswalk, what)
			require.ElementsMatch(t, slices.Collect(maps.Keys(exported)), slices.Collect(maps.Keys(rebuilt.Golden)), what)
			for id, row := range exported {
				for column, cell := range row {
					require.Equal(t, cell, exportCell(rebuilt.Golden[id], column), "%s: %s of %s", what, column, id)
				}
			}
		}
		follow("the beginning")

		var open queue
		h.Into(&open, "customers", "review", "list", "--kind", "hospital", "--limit", "20")
		require.GreaterOrEqual(t, len(open.Questions), 10, "names without their place are asked about")
		require.Contains(t, h.OK("customers", "review", "show", open.Questions[0].ID, "--lang", "zh"), "名称")
		var first decided
		for i, q := range open.Questions[:10] {
			var d decided
			h.Into(&d, "customers", "review", "decide", q.ID, []string{"same", "different"}[i%2], "--reason", "按电话核实")
			require.Equal(t, "done", d.Decision.State)
			if i == 0 {
				first = d
			}
			l := links()
			require.Equal(t, i%2 == 0, l[q.Left.Source+"|"+q.Left.ID] == l[q.Next.Source+"|"+q.Next.ID])
		}
		follow("ten decisions")
		var rest queue
		h.Into(&rest, "customers", "review", "list")
		require.Equal(t, open.Total-10, rest.Total)

		var undone decided
		h.Into(&undone, "customers", "review", "undo", first.Decision.ID, "--reason", "看错了")
		require.Len(t, undone.Customers, 2)
		follow("an undo")

		l := links()
		a, b := l["erp|C00"], l["erp|C01"]
		refused := h.Run("customers", "merge", a, b)
		require.Equal(t, 2, refused.Code)
		require.Contains(t, refused.Stderr, "--reason")
		var merged decided
		h.Into(&merged, "customers", "merge", a, b, "--survivor", b, "--reason", "两院合并")
		require.Equal(t, []string{b}, merged.Customers)
		require.Equal(t, b, links()["sfa|H90"])
		require.Contains(t, h.OK("customers", "how", a, "--lang", "zh"), "两院合并", "a retired id leads to its survivor")
		follow("a merge")

		var split decided
		h.Into(&split, "customers", "split", b, "--records", "sfa:H90,erp:C00", "--reason", "仍是两家")
		l = links()
		require.Equal(t, l["sfa|H90"], l["erp|C00"])
		require.NotEqual(t, l["erp|C00"], l["erp|C01"])
		follow("a split")
		require.Contains(t, h.OK("customers", "why", "erp|C00", "erp|C01", "--lang", "zh"), "仍是两家")

		before := links()
		for _, run := range [][]string{{"resolve"}, {"resolve", "--all"}} {
			h.OK(append(run, "--quiet")...)
			require.Equal(t, before, links(), "nothing moves on the next %s", strings.Join(run, " "))
		}
		follow("another run")
		h.Into(&undone, "customers", "review", "undo", split.Decision.ID, "--reason", "合并是对的")
		require.Len(t, undone.Customers, 1)
		follow("the split undone")
		h.Into(&undone, "customers", "review", "undo", merged.Decision.ID, "--reason", "到此为止")
		require.Len(t, undone.Customers, 2)
		follow("the merge undone")
	})
}
