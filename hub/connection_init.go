package hub

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"tributary/connectors"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/internal/nearest"
)

// NewConnection is a connection to be written into the configuration. Settings are text as a person gives it: lists and
// tables in YAML; secrets as env:NAME or file:PATH, never the secret itself.
type NewConnection struct {
	Connector string
	Name      string // "" = the connector's name
	Settings  map[string]string
	Streams   []string // none = all that the connector has a map for
	Every     string   // "" = 10m
}

// secretReference is how a secret is named.
var secretReference = regexp.MustCompile(`^(\$\{(env|file):[^}]+\}|(env|file):.+)$`)

// ConnectionBlock is the YAML of a new connection. Everything wrong with it is reported at once; what is missing has the
// code connectors.setting_missing or connectors.setting_needed.
func (h *Hub) ConnectionBlock(n NewConnection) ([]byte, error) {
	driver, spec, err := h.Registry.Driver(n.Connector)
	if err != nil {
		return nil, err
	}
	if n.Name == "" {
		n.Name = n.Connector
	}
	if strings.ContainsAny(n.Name, "/ \t") || strings.HasPrefix(n.Name, "flow:") {
		return nil, errs.New(errs.Invalid, "config.connection_name", errs.Args{"path": "--name", "value": n.Name})
	}
	if slices.ContainsFunc(h.Config.Connections, func(c config.Connection) bool { return c.Name == n.Name }) {
		return nil, errs.New(errs.Invalid, "connection.exists", errs.Args{"name": n.Name})
	}
	settings, err := settingsFrom(spec, n.Settings)
	if err == nil {
		err = fromExample(driver, spec, settings)
	}
	if err != nil {
		return nil, err
	}
	if _, wrong := spec.Parse("settings", settings); len(wrong) > 0 {
		return nil, wrong
	}
	var ordered yaml.MapSlice
	for _, o := range spec.Options {
		if v, given := settings[o.Name]; given {
			ordered = append(ordered, yaml.MapItem{Key: o.Name, Value: v})
		}
	}
	block := yaml.MapSlice{{Key: "name", Value: n.Name}, {Key: "connector", Value: n.Connector}, {Key: "settings", Value: ordered}}
	streams, err := streamsFrom(driver, n)
	if err != nil {
		return nil, err
	}
	if len(streams) > 0 {
		block = append(block, yaml.MapItem{Key: "streams", Value: streams})
	}
	return yaml.MarshalWithOptions(block, yaml.Indent(2), yaml.IndentSequence(true))
}

// fromExample takes groups of settings that nobody can type from the connector's example, to be edited in the file.
func fromExample(driver connectors.Driver, spec connectors.Spec, settings map[string]any) error {
	var example map[string]any
	text, _, _ := strings.Cut(driver.Example, "\n    streams:\n")
	if err := yaml.Unmarshal([]byte(text), &example); err != nil {
		return fmt.Errorf("example of %s: %w", driver.Name, err)
	}
	for _, o := range spec.Options {
		if _, given := settings[o.Name]; !given && o.Group != nil && example[o.Name] != nil {
			settings[o.Name] = example[o.Name]
		}
	}
	return nil
}

// settingsFrom turns what a person gave into raw settings.
func settingsFrom(spec connectors.Spec, given map[string]string) (map[string]any, error) {
	out := map[string]any{}
	var wrong []error
	for name, text := range given {
		o, known := spec.Option(name)
		switch {
		case !known:
			out[name] = text // named by Parse
		case o.Type == connectors.TypeSecret:
			if !secretReference.MatchString(text) {
				wrong = append(wrong, errs.New(errs.Invalid, "connection.secret", errs.Args{"name": name, "variable": strings.ToUpper(name)}))
				continue
			}
			if !strings.HasPrefix(text, "${") {
				text = "${" + text + "}"
			}
			out[name] = text
		case o.Type == connectors.TypeText || o.Type == connectors.TypeDuration:
			out[name] = text
		default:
			var v any
			if err := yaml.Unmarshal([]byte(text), &v); err != nil {
				v = text
			}
			out[name] = v
		}
	}
	return out, errors.Join(wrong...)
}

func streamsFrom(driver connectors.Driver, n NewConnection) ([]yaml.MapSlice, error) {
	every := n.Every
	if every == "" {
		every = "10m"
	}
	if _, err := config.ParseDuration(every); err != nil {
		return nil, errs.New(errs.Invalid, "config.type", errs.Args{"path": "--every", "want": errs.Word("config.want_span"), "value": every})
	}
	if driver.Declared != nil {
		return nil, nil // each needs a map, which only its author has
	}
	var known []string
	for _, s := range driver.Streams {
		known = append(known, s.Name)
	}
	names := n.Streams
	if len(names) == 0 {
		names = known
	}
	var out []yaml.MapSlice
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, errs.New(errs.Invalid, "connection.unknown_stream", errs.Args{"name": name, "connector": n.Connector, "near": nearest.Or(name, known, strings.Join(known, ", "))})
		}
		out = append(out, yaml.MapSlice{{Key: "stream", Value: name}, {Key: "every", Value: every}})
	}
	return out, nil
}
