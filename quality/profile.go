package quality

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"tributary/internal/errs"
	"tributary/internal/nearest"
)

//go:embed profiles/*.yaml
var profileFiles embed.FS

// DefaultProfile is the profile that counts when the configuration names none.
const DefaultProfile = "cn-2022"

// Profile is a versioned set of rules with deadlines.
type Profile struct {
	Name     string   `yaml:"name"`
	Version  string   `yaml:"version"`
	Text     Text     `yaml:"text"`
	Extends  string   `yaml:"extends"` // profile whose rules hold unless one of the same code stands here
	Calendar Calendar `yaml:"calendar"`
	Rules    []Rule   `yaml:"rules"`
	Drill    Bars     `yaml:"drill"`
	// Reminders are the percentages of the time limit for a reply at which a silent party is reminded; Escalate is the one
	// at which its case goes to a person.
	Reminders []int `yaml:"reminders"`
	Escalate  int   `yaml:"escalate"`
}

// Text is a text in both languages.
type Text struct {
	EN string `yaml:"en" json:"en"`
	ZH string `yaml:"zh" json:"zh"`
}

// In picks the language; anything but "zh" is English.
func (t Text) In(lang string) string {
	if lang == "zh" {
		return t.ZH
	}
	return t.EN
}

// Rule is one deadline.
type Rule struct {
	Code   string          `yaml:"code"`
	Case   string          `yaml:"case"`   // complaint, recall, or reply: of each party that got a notice
	Column string          `yaml:"column"` // class, severity or harm: what chooses the limit
	Clock  Fact            `yaml:"clock"`  // the fact that starts the clock
	Stop   Fact            `yaml:"stop"`   // the fact that ends it
	Every  bool            `yaml:"every"`  // again after each stop, until Until
	Until  Fact            `yaml:"until"`
	Limits map[string]Span `yaml:"limits"` // by value of Column; "*" = any
	Text   Text            `yaml:"text"`
	Source string          `yaml:"source"`
	// Confirmed is false for a limit whose source was not seen in print; it is shown so.
	Confirmed bool `yaml:"confirmed"`
}

// Bars are what a mock recall must reach.
type Bars struct {
	ListSeconds int `yaml:"list_seconds" json:"list_seconds"`
	TotalHours  int `yaml:"total_hours" json:"total_hours"`
	// ExplainedPercent of the net shipped quantity must be explained, or listed as a gap with its party.
	ExplainedPercent int `yaml:"explained_percent" json:"explained_percent"`
	// ContactPercent of the parties must have a contact.
	ContactPercent int `yaml:"contact_percent" json:"contact_percent"`
}

// Title names profile and version: "cn-2022 v1".
func (p *Profile) Title() string { return p.Name + " v" + p.Version }

// Profiles names the profiles that come with the program.
func Profiles() []string {
	files, err := fs.Glob(profileFiles, "profiles/*.yaml")
	if err != nil {
		return nil // the pattern is well formed
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return files
}

// LoadProfile reads a profile that comes with the program.
func LoadProfile(name string) (*Profile, error) {
	b, err := profileFiles.ReadFile("profiles/" + name + ".yaml")
	if err != nil {
		return nil, errs.New(errs.Invalid, "quality.unknown_profile", errs.Args{"name": name, "near": nearest.Or(name, Profiles(), strings.Join(Profiles(), ", "))})
	}
	return ParseProfile(name+".yaml", b)
}

// ParseProfile reads a profile from YAML; file names it in messages.
func ParseProfile(file string, b []byte) (*Profile, error) {
	var p Profile
	if err := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict()).Decode(&p); err != nil {
		return nil, errs.New(errs.Invalid, "quality.bad_profile", errs.Args{"file": file, "why": yaml.FormatError(err, false, false)})
	}
	if p.Extends != "" {
		base, err := LoadProfile(p.Extends)
		if err != nil {
			return nil, err
		}
		p.inherit(base)
	}
	if why := p.fault(); why != "" {
		return nil, errs.New(errs.Invalid, "quality.bad_profile", errs.Args{"file": file, "why": why})
	}
	return &p, nil
}

func (p *Profile) inherit(base *Profile) {
	rules := slices.Clone(base.Rules)
	for _, r := range p.Rules {
		at := slices.IndexFunc(rules, func(b Rule) bool { return b.Code == r.Code })
		if at < 0 {
			rules = append(rules, r)
			continue
		}
		rules[at] = r
	}
	p.Rules = rules
	if p.Drill == (Bars{}) {
		p.Drill = base.Drill
	}
	if len(p.Reminders) == 0 {
		p.Reminders = base.Reminders
	}
	if p.Escalate == 0 {
		p.Escalate = base.Escalate
	}
	if len(p.Calendar.Holidays) == 0 && len(p.Calendar.Worked) == 0 {
		p.Calendar = base.Calendar
	}
}

// fault says what makes a profile unusable; "" when nothing does.
func (p *Profile) fault() string {
	if p.Name == "" || p.Version == "" {
		return "it needs a name and a version"
	}
	seen := map[string]bool{}
	for _, r := range p.Rules {
		switch {
		case r.Code == "" || seen[r.Code]:
			return fmt.Sprintf("the code %q is missing or stands twice", r.Code)
		case !slices.Contains([]string{"complaint", "recall", "reply"}, r.Case):
			return fmt.Sprintf("%s: case must be complaint, recall or reply", r.Code)
		case !slices.Contains([]string{"", "class", "severity", "harm"}, r.Column):
			return fmt.Sprintf("%s: column must be class, severity or harm", r.Code)
		case r.Clock == "" || r.Stop == "" || len(r.Limits) == 0:
			return fmt.Sprintf("%s: clock, stop and limits are required", r.Code)
		case r.Every && r.Until == "":
			return fmt.Sprintf("%s: a rule that repeats needs until", r.Code)
		case r.Text.EN == "" || r.Text.ZH == "" || r.Source == "":
			return fmt.Sprintf("%s: text in both languages and source are required", r.Code)
		}
		seen[r.Code] = true
	}
	for _, d := range slices.Concat(p.Calendar.Holidays, p.Calendar.Worked) {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			return fmt.Sprintf("calendar: %q is not a date", d)
		}
	}
	return ""
}
