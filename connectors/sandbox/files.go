package sandbox

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
)

// FlowFolder and MasterFolder are where a sandbox writes its files, below its directory.
const (
	FlowFolder   = "flow"    // ledgers of the two reporting distributors, one file a month
	MasterFolder = "masters" // spreadsheets of customers, and the aliases of products
)

// DistributorCode is the reporting distributors' code in their file names.
var DistributorCode = [2]string{"YB001", "QH002"}

// flowFiles are the ledgers of two distributors, in files of their own makes.
func flowFiles() system {
	return system{
		name: "flow", connector: "files", en: "two distributors: purchases, sales, stock (CSV, XLSX)", zh: "两家商业公司：购进、销售、库存（CSV、XLSX）", streams: split("flow"),
		by: writing(func(ctx context.Context, s *stage) error {
			return writeFlows(ctx, s.w, filepath.Join(s.dir, FlowFolder))
		}),
		settings: func(s *stage) map[string]any {
			parties := map[string]any{}
			for d, at := range s.w.Reporting {
				parties[DistributorCode[d]] = s.erpCode(at)
			}
			return map[string]any{"folder": filepath.Join(s.dir, FlowFolder), "parties": parties}
		},
	}
}

// sheet is a table on its way into a file.
type sheet struct {
	title  string
	header []string
	rows   [][]any
	total  int // column of quantities, for the footer
}

// writeFlows writes every ledger of both distributors, a file for each month: CSV in GB18030 for the first, workbooks
// with a merged title and a 合计 footer for the second.
func writeFlows(ctx context.Context, w *world.World, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for d := range 2 {
		for _, l := range []struct {
			prefix string
			lines  []world.Line
			table  func(w *world.World, d int, lines []world.Line) sheet
		}{
			{"SM", w.Ledgers.DistributorSales[d], salesSheet}, {"PM", w.Ledgers.DistributorPurchases[d], purchaseSheet}, {"IM", w.Ledgers.DistributorStock[d], stockSheet},
		} {
			for _, month := range byMonth(w, l.lines) {
				if err := ctx.Err(); err != nil {
					return err
				}
				name := fmt.Sprintf("%s_%s_%s_%s", l.prefix, DistributorCode[d], w.Customers[w.Reporting[d]].Name, strings.ReplaceAll(month.end.String(), "-", ""))
				path := filepath.Join(dir, name+[2]string{".csv", ".xlsx"}[d])
				write := [2]func(string, sheet) error{writeCSV, writeXLSX}[d]
				if err := write(path, l.table(w, d, month.lines)); err != nil {
					return fmt.Errorf("write %s: %w", path, err)
				}
				// Files of a past month have lain there since: watchers need not wait for them to settle.
				sent := month.end.Time().Add(12 * time.Hour)
				if err := os.Chtimes(path, sent, sent); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

type month struct {
	end   canonical.Date
	lines []world.Line
}

// byMonth cuts lines, which are in the order of their days, into calendar months.
func byMonth(w *world.World, lines []world.Line) []month {
	var out []month
	for i, l := range lines {
		day := w.From().AddDays(l.Day)
		if i == 0 || out[len(out)-1].end.Month() != day.Month() {
			end := day
			for end.AddDays(1).Month() == day.Month() && end < w.Config.Until {
				end = end.AddDays(1)
			}
			out = append(out, month{end: end})
		}
		m := &out[len(out)-1]
		m.lines = append(m.lines, l)
	}
	return out
}

func salesSheet(w *world.World, d int, lines []world.Line) sheet {
	s := sheet{title: w.Customers[w.Reporting[d]].Name + "销售流向明细"}
	s.header = split("销售日期 销售单号 行号 客户编码 客户名称 统一信用代码 客户城市 客户区县 商品编码 商品名称 规格 批准文号 生产厂家 批号 生产日期 有效期至 数量 单位 业务类型")
	s.total = 16
	if d == 1 {
		s.header, s.total = split("日期 单据编号 购货单位编码 购货单位名称 商品编码 品名 规格 生产厂商 批号 数量 单位 单据类型"), 9
	}
	for _, l := range lines {
		g, m := goodsOf(w, d, l), w.Mention(d, l.Partner, l.Day)
		doc := fmt.Sprintf("XS%08d", l.Doc)
		if d == 1 {
			s.rows = append(s.rows, []any{g.slashed, doc, m.Code, m.Name, g.Code, g.Name, g.Spec, g.Maker, g.lot, g.quantity, g.unit, kindWord(l.Kind)})
			continue
		}
		quantity, kind := g.quantity, kindWord(l.Kind)
		if l.Kind == canonical.Return { // this one writes returns as negative sales
			quantity, kind = -quantity, "销售"
		}
		s.rows = append(s.rows, []any{g.date, doc, l.Row + 1, m.Code, m.Name, m.USCC, m.City, m.County, g.Code, g.Name, g.Spec, g.ApprovalNo, g.Maker, g.lot, g.made, g.expires, quantity, g.unit, kind})
	}
	return s
}

func purchaseSheet(w *world.World, d int, lines []world.Line) sheet {
	s := sheet{title: w.Customers[w.Reporting[d]].Name + "采购入库明细"}
	s.header, s.total = split("购进日期 入库单号 行号 供应商编码 供应商名称 商品编码 商品名称 规格 批准文号 生产厂家 批号 有效期至 数量 单位 业务类型"), 12
	if d == 1 {
		s.header, s.total = split("采购日期 采购单号 供货单位 商品编码 品名 规格 生产厂商 批号 数量 单位 业务类型"), 8
	}
	for _, l := range lines {
		g, supplier := goodsOf(w, d, l), w.Customers[l.Partner].Name
		if d == 1 {
			if l.Partner == w.Maker {
				supplier = "百川制药"
			}
			s.rows = append(s.rows, []any{g.day, fmt.Sprintf("CG%08d", l.Doc), supplier, g.Code, g.Name, g.Spec, g.Maker, asNumber(g.lot), g.quantity, g.unit, purchaseWord(l.Kind)})
			continue
		}
		s.rows = append(s.rows, []any{g.date, fmt.Sprintf("RK%08d", l.Doc), l.Row + 1, fmt.Sprintf("GYS%04d", l.Partner), supplier, g.Code, g.Name, g.Spec, g.ApprovalNo, g.Maker, g.lot, g.expires, g.quantity, g.unit, purchaseWord(l.Kind)})
	}
	return s
}

func stockSheet(w *world.World, d int, lines []world.Line) sheet {
	s := sheet{title: w.Customers[w.Reporting[d]].Name + "库存明细"}
	s.header, s.total = split("库存日期 商品编码 商品名称 规格 批准文号 生产厂家 批号 有效期至 库存数量 单位"), 8
	if d == 1 {
		s.header, s.total = split("库存日期 商品编码 品名 规格 批号 结存数量 单位"), 5
	}
	for _, l := range lines {
		g := goodsOf(w, d, l)
		if d == 1 {
			s.rows = append(s.rows, []any{g.day, g.Code, g.Name, g.Spec, g.lot, g.quantity, g.unit})
			continue
		}
		s.rows = append(s.rows, []any{g.date, g.Code, g.Name, g.Spec, g.ApprovalNo, g.Maker, g.lot, g.expires, g.quantity, g.unit})
	}
	return s
}

// goods are the cells of a line about the goods, as one distributor writes them.
type goods struct {
	canonical.ProductMention
	day                          time.Time
	date, slashed, made, expires string
	lot, unit                    string
	quantity                     int
}

func goodsOf(w *world.World, d int, l world.Line) goods {
	p, lot, day := w.Products[l.Product], w.Lots[l.Lot], w.From().AddDays(l.Day).Time()
	g := goods{ProductMention: w.ProductMention(d, l.Product), day: day, date: day.Format(time.DateOnly), slashed: day.Format("2006/1/2"),
		made: lot.Made.String(), expires: lot.Expires.String(), lot: lot.Number, unit: p.Unit, quantity: l.Quantity}
	if l.NoLot {
		g.lot, g.made, g.expires = "", "", ""
	}
	switch {
	case d == 0 && l.Quantity%p.Case == 0:
		g.unit, g.quantity = "件", l.Quantity/p.Case
	case d == 1 && p.Inner > 1 && l.Quantity%p.Inner == 0 && l.Kind != canonical.Available:
		g.unit, g.quantity = "中包", l.Quantity/p.Inner
	}
	return g
}

// asNumber writes a lot the way a spreadsheet does when nobody told it that lots are text.
func asNumber(lot string) any {
	if n, err := strconv.Atoi(lot); err == nil && !strings.HasPrefix(lot, "0") {
		return n
	}
	return lot
}

func kindWord(k canonical.FlowKind) string {
	return map[canonical.FlowKind]string{canonical.Sale: "销售", canonical.Return: "退货", canonical.Transfer: "调拨"}[k]
}

func purchaseWord(k canonical.FlowKind) string {
	if k == canonical.Sale {
		return "采购"
	}
	return kindWord(k)
}

func split(s string) []string { return strings.Fields(s) }

func writeCSV(path string, s sheet) error {
	return create(path, func(f io.Writer) error {
		return csvTable(simplifiedchinese.GB18030.NewEncoder().Writer(f), s)
	})
}

func csvTable(into io.Writer, s sheet) error {
	out := csv.NewWriter(into)
	if err := out.Write(s.header); err != nil {
		return err
	}
	cells := make([]string, len(s.header))
	for _, row := range s.rows {
		for i, v := range row {
			cells[i] = fmt.Sprint(v)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// create writes a file beside its place and moves it there, so that no watcher sees half of it.
func create(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".part-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := write(f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func writeXLSX(path string, s sheet) (err error) {
	book := excelize.NewFile()
	defer func() {
		if cerr := book.Close(); err == nil {
			err = cerr
		}
	}()
	dates, err := book.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		return err
	}
	out, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	last, err := excelize.CoordinatesToCellName(len(s.header), 1)
	if err != nil {
		return err
	}
	if err := out.MergeCell("A1", last); err != nil {
		return err
	}
	total, line := 0, 0
	row := func(cells []any) error {
		line++
		cell, err := excelize.CoordinatesToCellName(1, line)
		if err != nil {
			return err
		}
		return out.SetRow(cell, cells)
	}
	header := make([]any, len(s.header))
	for i, h := range s.header {
		header[i] = h
	}
	if err := row([]any{s.title}); err != nil {
		return err
	}
	if err := row(header); err != nil {
		return err
	}
	for _, cells := range s.rows {
		total += cells[s.total].(int)
		for i, v := range cells {
			if t, ok := v.(time.Time); ok {
				cells[i] = excelize.Cell{StyleID: dates, Value: t}
			}
		}
		if err := row(cells); err != nil {
			return err
		}
	}
	footer := make([]any, len(s.header))
	footer[0], footer[s.total] = "合计", total
	if err := row(slices.Clone(footer)); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return create(path, func(f io.Writer) error { return book.Write(f) })
}
