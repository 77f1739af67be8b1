package files

import (
	"errors"
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
	Folder   string            `cfg:"folder" doc:"Folder on this machine into which distributors' files arrive, subfolders included. Either this or url." doc_zh:"本机上商业公司文件所在目录，包含子目录。与 url 二选一。" example:"/data/ddi/inbox"`
	URL      string            `cfg:"url" doc:"Place on another machine: sftp://, ftp://, ftpes:// (TLS on the usual port), ftps:// (TLS from the start), https:// (one file, or a page of links when it ends with a slash), s3://host/bucket/prefix, imaps://host/FOLDER (attachments)." doc_zh:"其他机器上的位置：sftp://、ftp://、ftpes://（普通端口上启用 TLS）、ftps://（一开始即 TLS）、https://（单个文件；以斜杠结尾则为链接页）、s3://主机/桶/前缀、imaps://主机/邮箱文件夹（附件）。" example:"sftp://ddi@sftp.partner.example/inbox"`
	User     string            `cfg:"user" doc:"Account at that place, when it is not in url; the access key id of an S3 store." doc_zh:"该位置的账号（url 中未写时填写）；S3 为 access key id。" example:"ddi"`
	Password connectors.Secret `cfg:"password" doc:"Password of the account, passphrase of the private key, or secret key of an S3 store." doc_zh:"账号密码、私钥口令或 S3 的 secret key。"`
	Key      connectors.Secret `cfg:"private_key" doc:"Private key for SFTP in PEM form." doc_zh:"SFTP 私钥（PEM 格式）。"`
	HostKey  []string          `cfg:"host_key" doc:"Fingerprints of the SFTP server's key, as the partner confirms them; connectors check shows the one that is offered." doc_zh:"SFTP 服务器主机密钥指纹，须由对方确认；connectors check 会显示服务器出示的指纹。" example:"[SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU]"`
	Archive  string            `cfg:"archive" doc:"Folder to which files are moved once they are stored: on the same disk, the same server, the same bucket or mailbox; relative to the place or absolute. Empty: files stay where they are, up to about 1,000 of them." doc_zh:"入库后文件移入的目录，须在同一磁盘、服务器、桶或邮箱，可为相对或绝对路径；留空则文件留在原处，最多约 1000 个。" example:"done"`
	Party    string            `cfg:"party" doc:"Customer code or name of the reporting party, for files whose name does not say." doc_zh:"文件名未标明时的报送方（客户编码或名称）。" example:"D001"`
	Parties  map[string]string `cfg:"parties" doc:"Reporting party by the code or name in the file name, or by a pattern of it." doc_zh:"按文件名中的编码、名称或通配符指定报送方。" example:"{青河医药: D001, 'north/*': D002}"`
	Ledgers  map[string]string `cfg:"ledgers" doc:"Ledger (sales, purchases, stock, usage) by a pattern of the file name, for names outside the rule SM|PM|IM_code_name_date." doc_zh:"文件名不符合 SM|PM|IM_编码_名称_日期 规则时，按通配符指定台账（sales、purchases、stock、usage）。" example:"{'*销售*': sales}"`
	Replaces bool              `cfg:"replaces" doc:"A file named by the rule replaces what the party sent for the same ledger and month; 补传 files always add." doc_zh:"符合命名规则的文件替换该报送方同一台账同一月份的数据；补传文件始终为追加。" default:"true" advanced:"true"`
	Settle   time.Duration     `cfg:"settle" doc:"How long a file must have been left alone before it counts as complete." doc_zh:"文件静止多久后视为上传完整。" default:"30s" advanced:"true"`
	Marker   string            `cfg:"marker" doc:"Suffix of the empty file that a sender puts beside a file when it is complete; only such files are read, and settle does not matter." doc_zh:"发送方在文件上传完成后放置的标记文件后缀；设置后只读取有标记的文件，settle 不再起作用。" example:".ok" advanced:"true"`
	MaxFile  int               `cfg:"max_file_mb" doc:"Largest file that is fetched from another machine, in MB." doc_zh:"从其他机器下载的文件大小上限（MB）。" default:"2048" min:"1" max:"1048576" advanced:"true"`
	Known    string            `cfg:"known_hosts" doc:"File of known SFTP servers in OpenSSH's form, instead of host_key." doc_zh:"OpenSSH 格式的已知主机文件，可代替 host_key。" example:"/etc/tributary/known_hosts" advanced:"true"`
	CAFile   string            `cfg:"ca_file" doc:"PEM file with the authority that signed the server's certificate, for self-signed sites." doc_zh:"PEM 证书文件：签发服务器证书的机构，用于自签名站点。" example:"/etc/tributary/ca.pem" advanced:"true"`
	Region   string            `cfg:"region" doc:"Region of an S3 store; most stores of one's own need none." doc_zh:"S3 区域；自建存储一般不需要。" example:"cn-north-1" advanced:"true"`
	Senders  []string          `cfg:"senders" doc:"Addresses or domains whose mail is read; empty: all. A sender can be forged." doc_zh:"只读取这些地址或域名发来的邮件；留空为全部。发件人可被伪造。" example:"[partner.example]" advanced:"true"`
	Encoding string            `cfg:"encoding" doc:"Encoding of text files; empty: found." doc_zh:"文本文件编码；留空自动识别。" enum:",utf-8,gb18030,utf-16le,utf-16be,big5" advanced:"true"`
	Columns  []string          `cfg:"columns" doc:"Columns of text files of fixed width, as name:first-last with places from 1; a Chinese character takes two places." doc_zh:"定宽文本文件的列：名称:起-止，从 1 开始；一个汉字占两位。" example:"[doc_date:1-8, cust_name:9-48, qty:49-58]" advanced:"true"`
	Header   int               `cfg:"header_row" doc:"Row of the header; for text of fixed width the rows above the data. 0: found." doc_zh:"表头所在行；定宽文本为数据之前的行数。0 为自动识别。" max:"1000" advanced:"true"`
	RowPath  string            `cfg:"row_path" doc:"Path of the element that is a row, for XML files." doc_zh:"XML 文件中作为一行的元素路径。" example:"/report/rows/row" advanced:"true"`
	Sheet    string            `cfg:"sheet" doc:"Sheet of workbooks; empty: the one that looks like a table." doc_zh:"工作簿中的工作表；留空自动选择。" advanced:"true"`
}

// CheckSettings reports places that cannot be reached as they are written, and patterns and ledgers that do not exist.
func (s Settings) CheckSettings() connectors.Problems {
	out := s.checkPlace()
	for _, c := range s.Columns {
		if _, ok := filesource.ParseColumn(c); !ok {
			out = append(out, problem("columns", "files.setting_column", errs.Args{"column": c}))
		}
	}
	if _, ok := filesource.ParseRowPath(s.RowPath); s.RowPath != "" && !ok {
		out = append(out, problem("row_path", "files.setting_row_path", errs.Args{}))
	}
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
	in := Incoming{RemoteFile: f, Options: filesource.Options{Encoding: s.Encoding, Sheet: s.Sheet, HeaderRow: s.Header, RowPath: s.RowPath}}
	for _, c := range s.Columns {
		if column, ok := filesource.ParseColumn(c); ok {
			in.Options.Columns = append(in.Options.Columns, column)
		}
	}
	if err := filesource.SafeName(f.Name); err != nil {
		errors.As(err, &in.Problem)
		return in
	}
	if n, ok := filesource.ParseName(f.Name); ok {
		in.Ledger, in.Period, in.Version = n.Ledger, n.Period(), n.Version()
		in.Replaces = s.Replaces && n.Supplement == 0
		in.Party = first(s.Parties[n.Code], s.Parties[n.Party], s.byPattern(s.Parties, f.Name), n.Code, n.Party)
		return in
	}
	in.Ledger = canonical.Ledger(s.byPattern(s.Ledgers, f.Name))
	in.Party = first(s.byPattern(s.Parties, f.Name), s.Party)
	if f.Remote {
		in.Version = f.ModTime.UTC().Format(time.RFC3339)
	}
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
