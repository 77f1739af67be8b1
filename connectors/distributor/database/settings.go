package database

import (
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
)

// Settings of a connection.
type Settings struct {
	Kind      string            `cfg:"kind" doc:"Kind of database." doc_zh:"数据库类型。" enum:"postgres,mysql,sqlserver,oracle" required:"true"`
	Address   string            `cfg:"address" doc:"Host and port of the database." doc_zh:"数据库主机与端口。" example:"10.0.0.5:5432" required:"true"`
	Database  string            `cfg:"database" doc:"Name of the database; the service name for Oracle." doc_zh:"数据库名；Oracle 为服务名。" example:"erp" required:"true"`
	User      string            `cfg:"user" doc:"Account that may SELECT from the views and nothing else." doc_zh:"只对视图有 SELECT 权限的账号。" example:"ddi_reader" required:"true"`
	Password  connectors.Secret `cfg:"password" doc:"Password of the account." doc_zh:"账号密码。" required:"true"`
	TLS       string            `cfg:"tls" doc:"verify: encrypted, certificate and host name are checked; prefer: encrypted where the server can, unchecked, and verify as soon as one of the settings of certificates is given; off." doc_zh:"verify：加密并校验证书与主机名；prefer：服务器支持时加密，不校验，若填写了任一证书设置则等同 verify；off：不加密。" enum:"verify,prefer,off" default:"prefer"`
	CAFile    string            `cfg:"ca_file" doc:"PEM file with the authority that signed the server's certificate." doc_zh:"PEM 证书文件：签发服务器证书的机构。" example:"/etc/tributary/ca.pem" advanced:"true"`
	TLSName   string            `cfg:"server_name" doc:"Host name in the server's certificate, where it is not that of address." doc_zh:"服务器证书中的主机名，与 address 不同时填写。" example:"erp-db.example" advanced:"true"`
	CertFile  string            `cfg:"client_cert" doc:"PEM file with the certificate that this program shows, where the server wants one." doc_zh:"PEM 文件：服务器要求客户端证书时出示的证书。" example:"/etc/tributary/client.pem" advanced:"true"`
	KeyFile   string            `cfg:"client_key" doc:"PEM file with the key of client_cert." doc_zh:"PEM 文件：client_cert 的私钥。" example:"/etc/tributary/client.key" advanced:"true"`
	Sales     string            `cfg:"sales" doc:"SELECT of the sales ledger, with the column names of this page." doc_zh:"销售流向的 SELECT，列名须符合本页约定。" example:"SELECT id, doc_date, changed_at, doc_no, cust_code, cust_name, prod_code, prod_name, spec, lot, qty, unit FROM ddi.v_sales"`
	Purchases string            `cfg:"purchases" doc:"SELECT of the purchase ledger." doc_zh:"采购流向的 SELECT。" example:"SELECT * FROM ddi.v_purchases"`
	Stock     string            `cfg:"stock" doc:"SELECT of the stock on days; doc_date is the day." doc_zh:"库存的 SELECT；doc_date 为库存日期。" example:"SELECT * FROM ddi.v_stock"`
	Usage     string            `cfg:"usage" doc:"SELECT of what was used up or sold to persons, without their names." doc_zh:"使用或零售给个人的 SELECT，不含个人姓名。" example:"SELECT * FROM ddi.v_usage"`
	Since     string            `cfg:"since" doc:"Day from which the first run reads; empty: everything." doc_zh:"首次运行从该日期开始读取；留空为全部。" example:"2025-01-01"`
	Reread    int               `cfg:"reread_days" doc:"Days that each run reads again, where rows carry no time of change." doc_zh:"数据没有修改时间时，每次运行重读的天数。" default:"7" min:"1" max:"400"`
	Lag       time.Duration     `cfg:"lag" doc:"How far a run stays behind the database's clock, for rows that are committed late or reach a replica late." doc_zh:"读取落后于数据库时钟的时长，用于等待延迟提交或延迟到达从库的数据。" default:"5m" advanced:"true"`
	Replicas  time.Duration     `cfg:"replica_delay" doc:"Several replicas behind the address: how much older one of them may be than another. Where rows carry no time of change, what came so short before a run is not taken back by it." doc_zh:"同一地址后有多个从库时，其间可能相差的最长时间；数据没有修改时间时，运行开始前该时长内读到的行不会因缺失而作废。" default:"0s" advanced:"true"`
	Overlap   time.Duration     `cfg:"overlap" doc:"How far a run reads back behind the last one, where rows carry a time of change." doc_zh:"数据有修改时间时，每次运行向前重读的时长。" default:"10m" advanced:"true"`
	PageSize  int               `cfg:"page_size" doc:"Rows of one statement." doc_zh:"单条语句读取的行数。" default:"2000" min:"1" max:"50000" advanced:"true"`
	Timeout   time.Duration     `cfg:"timeout" doc:"Longest time one statement may run at the distributor." doc_zh:"单条语句的最长执行时间。" default:"30s" advanced:"true"`
	Pause     time.Duration     `cfg:"pause" doc:"Rest between two statements, so that the distributor's own work goes first." doc_zh:"两条语句之间的间隔，避免影响对方业务。" default:"100ms" advanced:"true"`
	MaxRows   int               `cfg:"max_rows" doc:"Most rows of one run; the next goes on behind them." doc_zh:"单次运行最多读取的行数，下次运行继续。" default:"2000000" min:"1" max:"1000000000" advanced:"true"`
	Zone      string            `cfg:"zone" doc:"Time zone of the database's times." doc_zh:"数据库时间所在时区。" default:"Asia/Shanghai" advanced:"true"`
}

// CheckSettings reports queries that are none, and what does not fit together.
func (s Settings) CheckSettings() connectors.Problems {
	var out connectors.Problems
	report := func(name, code string, args errs.Args) {
		out = append(out, connectors.Problem{Path: name, Err: errs.New(errs.Invalid, code, args)})
	}
	any := false
	for _, ledger := range ledgers {
		query := s.query(ledger)
		if query == "" {
			continue
		}
		any = true
		if why := checkQuery(query, s.Kind); why != "" {
			report(string(ledger), "database.setting_query", errs.Args{"why": errs.Word(why)})
		}
	}
	if !any {
		report("sales", "database.setting_no_query", errs.Args{})
	}
	if _, err := time.Parse(time.DateOnly, s.Since); err != nil && s.Since != "" {
		report("since", "database.setting_since", errs.Args{})
	}
	if _, err := time.LoadLocation(s.Zone); err != nil {
		report("zone", "database.setting_zone", errs.Args{"zone": s.Zone})
	}
	for name, given := range map[string]string{"ca_file": s.CAFile, "server_name": s.TLSName, "client_cert": s.CertFile} {
		if given != "" && s.TLS == "off" {
			report(name, "database.setting_tls_off", errs.Args{"setting": name})
		}
	}
	if (s.CertFile == "") != (s.KeyFile == "") {
		report("client_key", "database.setting_client_key", errs.Args{})
	}
	if host, port, ok := strings.Cut(s.Address, ":"); !ok || host == "" || port == "" {
		report("address", "database.setting_address", errs.Args{})
	}
	return out
}

// verified reports whether the server's certificate is checked.
func (s Settings) verified() bool {
	return s.TLS == "verify" || s.TLS != "off" && (s.CAFile != "" || s.TLSName != "" || s.CertFile != "")
}

var ledgers = []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage}

func (s Settings) query(l canonical.Ledger) string {
	switch l {
	case canonical.Sales:
		return strings.TrimSpace(s.Sales)
	case canonical.Purchases:
		return strings.TrimSpace(s.Purchases)
	case canonical.Stock:
		return strings.TrimSpace(s.Stock)
	case canonical.Usage:
		return strings.TrimSpace(s.Usage)
	}
	return ""
}
