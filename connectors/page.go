package connectors

import (
	"fmt"
	"strings"
)

// Page is the reference page of a connector in Markdown: what it reads, and every setting, in English and Chinese.
func Page(d Driver, s Spec) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s — %s\n\n", d.Name, d.Title["en"])
	if zh := d.Title["zh"]; zh != "" {
		fmt.Fprintf(&b, "%s\n\n", zh)
	}
	b.WriteString("This page is generated from the connector's settings and streams.\n\n")
	if d.Setup["en"] != "" {
		fmt.Fprintf(&b, "## Setting it up\n\n%s\n## 准备工作\n\n%s\n", d.Setup["en"], d.Setup["zh"])
	}
	b.WriteString("## Settings\n\n")
	for _, advanced := range []bool{false, true} {
		writeOptions(&b, s, advanced)
	}
	s.Walk(func(path string, o Option) {
		if o.Group == nil {
			return
		}
		if o.Type == TypeGroups {
			path += ".NAME"
		}
		fmt.Fprintf(&b, "### %s\n\n", path)
		for _, advanced := range []bool{false, true} {
			writeOptions(&b, *o.Group, advanced)
		}
	})
	writeStreams(&b, d)
	b.WriteString("\n## Configuration\n\n```yaml\nconnections:\n  - name: " + d.Name + "1\n    connector: " + d.Name + "\n    settings:\n")
	if d.Example != "" {
		b.WriteString(d.Example + "```\n")
		return []byte(b.String())
	}
	for _, o := range s.Options {
		if !o.Required && !o.Secret {
			continue
		}
		fmt.Fprintf(&b, "      %s: %s\n", o.Name, quoted(o.example()))
	}
	b.WriteString("    streams:\n")
	for i, st := range d.Streams {
		if i == 3 {
			break
		}
		fmt.Fprintf(&b, "      - {stream: %s, every: 10m}\n", st.Name)
	}
	b.WriteString("```\n")
	return []byte(b.String())
}

func writeStreams(b *strings.Builder, d Driver) {
	if d.Declared != nil {
		b.WriteString("## Streams\n\nThe settings declare them.\n")
		return
	}
	b.WriteString("## Streams\n\n| stream | title | becomes | key | cursor | deletes seen by | persons |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, st := range d.Streams {
		becomes := string(st.Entity)
		if st.Ledger != "" {
			becomes += " (" + string(st.Ledger) + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s | %s |\n", st.Name, cell(st.Title), becomes, code(st.Key...), code(st.Cursor), st.Deletes, map[bool]string{true: "yes"}[st.Personal])
	}
}

func writeOptions(b *strings.Builder, s Spec, advanced bool) {
	wrote := false
	for _, o := range s.Options {
		if o.Advanced != advanced {
			continue
		}
		if !wrote {
			if advanced {
				b.WriteString("Advanced, rarely changed:\n\n")
			}
			b.WriteString("| setting | type | required | default | meaning | 说明 |\n| --- | --- | --- | --- | --- | --- |\n")
			wrote = true
		}
		typ := string(o.Type)
		if len(o.Enum) > 0 {
			typ = "one of " + code(o.Enum...)
		}
		doc := o.Doc["en"]
		if o.Example != "" && !o.Secret {
			doc += " Example: " + code(o.Example) + "."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", o.Name, typ, map[bool]string{true: "yes"}[o.Required], code(o.Default), cell(doc), cell(o.Doc["zh"]))
	}
	if wrote {
		b.WriteString("\n")
	}
}

func code(in ...string) string {
	var out []string
	for _, s := range in {
		if s != "" {
			out = append(out, "`"+cell(s)+"`")
		}
	}
	return strings.Join(out, ", ")
}

func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ") }

func quoted(s string) string {
	if strings.ContainsAny(s, ":{}[]#&*!|>'\"%@`") {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}
