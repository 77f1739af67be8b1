// Package config reads tributary.yaml: strict keys, exact positions in every message, references to secrets resolved
// but never printed.
package config

import (
	"strings"
	"time"

	"tributary/internal/errs"
)

// Config is the whole configuration. Defaults makes the embedded one.
type Config struct {
	Company     Company      `yaml:"company" doc:"The marketing authorisation holder; its own ledger is a ledger like any other."`
	DataDir     string       `yaml:"data_dir" doc:"Folder of the embedded store, the embedded broker and the key ring."`
	Store       Store        `yaml:"store" doc:"The hub's own database."`
	Kafka       Kafka        `yaml:"kafka" doc:"Where events go."`
	HTTP        HTTP         `yaml:"http" doc:"Health, metrics and reads while serving."`
	Connections []Connection `yaml:"connections" doc:"Source systems."`
	Dedupe      Dedupe       `yaml:"dedupe" doc:"Matching of customers."`
	Divisions   Divisions    `yaml:"divisions" doc:"Tables of administrative divisions to use instead of the built-in ones; tributary divisions writes those as a start."`
	Trace       Trace        `yaml:"trace" doc:"Joining of ledgers and tracing."`
	Quality     Quality      `yaml:"quality" doc:"Complaints and recalls."`
	Mail        Mail         `yaml:"mail" doc:"The server by which recall notices are sent; without one they stay files."`
	Retention   Retention    `yaml:"retention" doc:"How long what can be rebuilt is kept."`
	Auth        Auth         `yaml:"auth" doc:"What a local command may do."`

	file   string            // the text it was read from; "" for the defaults
	places map[string][2]int // line and column of what stands in it
}

// File names the text that the configuration was read from; "" for the defaults.
func (c *Config) File() string { return c.file }

// Problem is something wrong with what stands at path, for example connections[0].settings.base_url, or with what should
// stand there.
func (c *Config) Problem(path, code string, args errs.Args) Problem {
	p := Problem{File: c.file, Path: path, Code: code, Args: args}
	for at := path; ; at = parent(at) {
		place, known := c.places[at]
		if known || at == "" {
			p.Line, p.Column = place[0], place[1]
			return p
		}
	}
}

// Company names the marketing authorisation holder.
type Company struct {
	Name    string   `yaml:"name" doc:"Its full name."`
	Code    string   `yaml:"code" doc:"Its short code, used in paths and as event source."`
	Source  string   `yaml:"source" doc:"The source whose ids are the company's own codes."`
	Aliases []string `yaml:"aliases" doc:"Other names by which partners call it; the name without its legal form is known by itself."`
}

// Store says where the database is.
type Store struct {
	URL string `yaml:"url" doc:"sqlite:FILE (relative to data_dir) or postgres://user@host/database."`
}

// Kafka says where events go and how topics are made.
type Kafka struct {
	Embedded    bool     `yaml:"embedded" doc:"Run the broker inside this process; for trying and small sites."`
	Listen      string   `yaml:"listen" doc:"Address of the embedded broker."`
	Brokers     []string `yaml:"brokers" doc:"Addresses of a Kafka cluster; setting them turns the embedded broker off."`
	TLS         TLS      `yaml:"tls" doc:"Encryption towards the cluster."`
	SASL        SASL     `yaml:"sasl" doc:"Login at the cluster."`
	Partitions  int      `yaml:"partitions" doc:"Partitions of topics the hub creates; never changed later."`
	Replication int      `yaml:"replication" doc:"Copies of topics the hub creates."`
	Compression string   `yaml:"compression" doc:"none, gzip, snappy, lz4 or zstd."`
}

// TLS configures encryption towards Kafka.
type TLS struct {
	Enabled bool   `yaml:"enabled" doc:"Encrypt the connection."`
	CA      string `yaml:"ca" doc:"File with the certificates to trust (PEM); empty = the system's."`
}

// SASL configures the login at Kafka.
type SASL struct {
	Mechanism string `yaml:"mechanism" doc:"PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."`
	Username  string `yaml:"username" doc:"User name."`
	Password  string `yaml:"password" doc:"Password; best a reference." secret:"true"`
}

// HTTP says where the service listens.
type HTTP struct {
	Listen    string `yaml:"listen" doc:"Address of health, metrics and API."`
	PublicURL string `yaml:"public_url" doc:"Web address of this hub; it stands in the identifiers of exported EPCIS events that have no GS1 key."`
}

// Connection is one configured source system.
type Connection struct {
	Name      string         `yaml:"name" doc:"Name of the connection; also the source name of its records."`
	Connector string         `yaml:"connector" doc:"As connectors list names it."`
	Settings  map[string]any `yaml:"settings" doc:"Settings of the connector; see connectors show."`
	Streams   []Stream       `yaml:"streams" doc:"What to pull; empty = every stream of the connector that has a map."`
	Rank      int            `yaml:"rank" doc:"Trust of this source in survivorship, 1 (low) to 100; default 50."`
	Party     string         `yaml:"party" doc:"Reporting party of its ledgers: a customer code or name, or self."`
	Hours     string         `yaml:"hours" doc:"Part of the day in which pulls may begin while serving, for example 22:00-06:00; empty = always."`
	Zone      string         `yaml:"zone" doc:"Time zone of hours and cron: +08:00 (default) or a name such as Asia/Shanghai."`
}

// Stream is one stream of a connection.
type Stream struct {
	Stream     string   `yaml:"stream" doc:"Name of the stream."`
	Every      Duration `yaml:"every" doc:"Pause between two pulls while serving, for example 10m."`
	Cron       string   `yaml:"cron" doc:"When to pull while serving, instead of every: minute hour day month weekday, for example 30 2 * * *."`
	MaxBad     float64  `yaml:"max_bad" doc:"Share of bad rows, 0 to 1, above which a pull stops once 1,000 rows are read; default 0.5, 1 = never."`
	MaxBadRows int      `yaml:"max_bad_rows" doc:"Number of bad rows of one pull above which it stops, whatever their share; 0 = none."`
	Silent     Duration `yaml:"silent_after" doc:"Warn when the stream has brought no row for so long, for example 2d; empty = never."`
	Map        string   `yaml:"map" doc:"File with a map that overrides the built-in one."`
	Sweep      Duration `yaml:"sweep_every" doc:"Pause, while serving, between two comparisons of all keys with a source that tells deletes in no other way; default 1d. A pull by hand compares every time."`

	Drift       string            `yaml:"drift" doc:"What happens when a field comes, goes or changes its type: report, stop or ignore; empty = report, and stop when a field is gone that the map reads."`
	DriftFields map[string]string `yaml:"drift_fields" doc:"The same for single fields, by name; fields inside objects as a.b."`
}

// Divisions names tables of GB/T 2260 codes. Changing them makes every name and address be read again at the next resolve.
type Divisions struct {
	Current string `yaml:"current" doc:"File with the current units: code, name, dialling code; empty = the built-in tables."`
	History string `yaml:"history" doc:"File with the retired units: code, name, first year, last year, successor; empty = the built-in one."`
}

// Dedupe tunes matching.
type Dedupe struct {
	Merge  float64        `yaml:"merge_threshold" doc:"Probability from which records merge by themselves, under the built-in model; a model that was applied has its own."`
	Review float64        `yaml:"review_threshold" doc:"Probability from which a person is asked, under the built-in model."`
	Ranks  map[string]int `yaml:"ranks" doc:"Trust of sources that are imported from files, by source name."`
	// FourEyes counts real records, not mentions.
	FourEyes int `yaml:"four_eyes" doc:"A steward's decision about customers of more than this many records waits for a second person; 0 = never."`
}

// Trace tunes joining and tracing.
type Trace struct {
	WindowDays    int `yaml:"window_days" doc:"Days by which seller's and buyer's dates of one shipment may differ."`
	ToleranceDays int `yaml:"tolerance_days" doc:"Days by which a receipt may be posted late."`
}

// Quality shapes complaint and recall cases.
type Quality struct {
	Profile     string `yaml:"profile" doc:"Rules with deadlines that come with the program: cn-2022 or cn-2007."`
	ProfileFile string `yaml:"profile_file" doc:"File with a profile of your own; it may extend one of those."`
	Contact     string `yaml:"contact" doc:"Whom a recall notice asks to answer: name, phone, e-mail."`
	EscalateTo  string `yaml:"escalate_to" doc:"Who is told when a party stays silent past its time limit."`
}

// Mail is the server by which notices are sent.
type Mail struct {
	Server   string   `yaml:"server" doc:"SMTP server, host:port; empty = nothing is sent."`
	TLS      string   `yaml:"tls" doc:"starttls (default), tls, or none; none only for a server on this machine."`
	CAFile   string   `yaml:"ca_file" doc:"PEM file with the authority that signed the server's certificate; empty = the system's."`
	From     string   `yaml:"from" doc:"Sender: an address, or Name <address>."`
	Username string   `yaml:"username" doc:"User name at the server; empty = no login."`
	Password string   `yaml:"password" doc:"Password; best a reference." secret:"true"`
	Timeout  Duration `yaml:"timeout" doc:"How long one message may take; default 30s."`
}

// Retention bounds what is kept beside primary data.
type Retention struct {
	Outbox Duration `yaml:"outbox" doc:"How long published events are kept for replay."`
}

// Auth says what a local command may do.
type Auth struct {
	LocalRole string `yaml:"local_role" doc:"admin, steward, quality, it, crm or auditor; default admin on SQLite, auditor on PostgreSQL."`
}

// Duration is a time span written as 10m, 1h30m or 7d.
type Duration time.Duration

// Defaults is the embedded configuration: SQLite, an in-process broker, loopback only.
func Defaults() Config {
	return Config{
		Company:   Company{Name: "本公司", Code: "M", Source: "erp"},
		DataDir:   "./tributary-data",
		Store:     Store{URL: "sqlite:hub.db"},
		Kafka:     Kafka{Embedded: true, Listen: "127.0.0.1:19092", Partitions: 12, Replication: 1, Compression: "none"},
		HTTP:      HTTP{Listen: "127.0.0.1:8080", PublicURL: "https://tributary.invalid"},
		Dedupe:    Dedupe{Merge: 0.99, Review: 0.5, FourEyes: 20},
		Trace:     Trace{WindowDays: 7, ToleranceDays: 7},
		Quality:   Quality{Profile: "cn-2022"},
		Retention: Retention{Outbox: Duration(7 * 24 * time.Hour)},
	}
}

// Role is the role of a local command.
func (c *Config) Role() string {
	if c.Auth.LocalRole != "" {
		return c.Auth.LocalRole
	}
	if strings.HasPrefix(c.Store.URL, "sqlite:") {
		return "admin"
	}
	return "auditor"
}
