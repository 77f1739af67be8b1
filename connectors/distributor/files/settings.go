package files

import (
	"path"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// Settings of a connection.
type Settings struct {
	Folder   string            `cfg:"folder" doc:"Folder into which distributors' files arrive, subfolders included." doc_zh:"商业公司文件所在目录，包含子目录。" example:"/data/ddi/inbox" required:"true"`
	Archive  string            `cfg:"archive" doc:"Folder to which files are moved once they are stored, on the same disk. Empty: files stay where they are, up to about 1,000 of them." doc_zh:"入库后文件移入的目录，须在同一磁盘；留空则文件留在原处，最多约 1000 个。" example:"/data/ddi/done"`
	Party    string            `cfg:"party" doc:"Customer code or name of the reporting party, for files whose name does not say." doc_zh:"文件名未标明时的报送方（客户编码或名称）。" example:"D001"`
	Parties  map[string]string `cfg:"parties" doc:"Reporting party by the code or name in the file name, or by a pattern of it." doc_zh:"按文件名中的编码、名称或通配符指定报送方。" example:"{青河医药: D001, 'north/*': D002}"`
	Ledgers  map[string]string `cfg:"ledgers" doc:"Ledger (sales, purchases, stock, usage) by a pattern of the file name, for names outside the rule SM|PM|IM_code_name_date." doc_zh:"文件名不符合 SM|PM|IM_编码_名称_日期 规则时，按通配符指定台账（sales、purchases、stock、usage）。" example:"{'*销售*': sales}"`
	Replaces bool              `cfg:"replaces" doc:"A file named by the rule replaces what the party sent for the same ledger and month; 补传 files always add." doc_zh:"符合命名规则的文件替换该报送方同一台账同一月份的数据；补传文件始终为追加。" default:"true" advanced:"true"`
	Settle   time.Duration     `cfg:"settle" doc:"How long a file must have been left alone before it counts as complete." doc_zh:"文件静止多久后视为上传完整。" default:"30s" advanced:"true"`
	Encoding string            `cfg:"encoding" doc:"Encoding of text files; empty: found." doc_zh:"文本文件编码；留空自动识别。" enum:",utf-8,gb18030,utf-16le,utf-16be,big5" advanced:"true"`
	Sheet    string            `cfg:"sheet" doc:"Sheet of workbooks; empty: the one that looks like a table." doc_zh:"工作簿中的工作表；留空自动选择。" advanced:"true"`
}

// CheckSettings reports patterns and ledgers that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	for _, pattern := range sorted(s.Ledgers) {
		if l := canonical.Ledger(s.Ledgers[pattern]); !slices.Contains(ledgers, l) {
			out = append(out, problem("ledgers", "files.setting_ledger", errs.Args{"pattern": pattern, "ledger": l}))
		}
		if _, err := path.Match(pattern, ""); err != nil {
			out = append(out, problem("ledgers", "files.setting_pattern", errs.Args{"pattern": pattern}))
		}
	}
	for _, pattern := range sorted(s.Parties) {
		if _, err := path.Match(pattern, ""); err != nil {
			out = append(out, problem("parties", "files.setting_pattern", errs.Args{"pattern": pattern}))
		}
	}
	return out
}

var ledgers = []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage}

func problem(name, code string, args errs.Args) connectors.Problem {
	return connectors.Problem{Path: name, Err: errs.New(errs.Invalid, code, args)}
}

// Incoming is a file of the folder and what it reports.
type Incoming struct {
	filesource.RemoteFile
	Party    string // customer code or name, as `import --party` takes it
	Ledger   canonical.Ledger
	Period   string // "2025-03" when the name says so
	Version  string // orders the files of one period, "" when the name does not
	Replaces bool   // it is the whole of its party, ledger and period, not an addition
	Options  filesource.Options

	// Problem says why the file cannot be placed. It is reported and not imported.
	Problem *errs.Error
}

// place reads party, ledger, period and version from the file's name.
func (s Settings) place(f filesource.RemoteFile) Incoming {
	in := Incoming{RemoteFile: f, Options: filesource.Options{Encoding: s.Encoding, Sheet: s.Sheet}}
	if n, ok := filesource.ParseName(f.Name); ok {
		in.Ledger, in.Period, in.Version = n.Ledger, n.Period(), n.Version()
		in.Replaces = s.Replaces && n.Supplement == 0
		in.Party = first(s.Parties[n.Code], s.Parties[n.Party], s.byPattern(s.Parties, f.Name), n.Code, n.Party)
		return in
	}
	in.Ledger = canonical.Ledger(s.byPattern(s.Ledgers, f.Name))
	in.Party = first(s.byPattern(s.Parties, f.Name), s.Party)
	switch {
	case in.Ledger == "":
		in.Problem = errs.New(errs.Invalid, "files.no_ledger", errs.Args{"file": f.Name})
	case in.Party == "":
		in.Problem = errs.New(errs.Invalid, "files.no_party", errs.Args{"file": f.Name})
	}
	return in
}

// byPattern finds the value of the longest pattern that fits the whole name or its last part.
func (s Settings) byPattern(table map[string]string, name string) string {
	best := ""
	for _, pattern := range sorted(table) {
		whole, _ := path.Match(pattern, name)
		last, _ := path.Match(pattern, path.Base(name))
		if (whole || last) && len(pattern) > len(best) {
			best = pattern
		}
	}
	return table[best]
}

func first(values ...string) string {
	i := slices.IndexFunc(values, func(v string) bool { return strings.TrimSpace(v) != "" })
	if i < 0 {
		return ""
	}
	return values[i]
}

func sorted(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
