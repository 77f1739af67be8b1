package connectors

// Schema is the JSON Schema (2020-12) of the settings, for editors, the console's form and `config schema`.
func (s Spec) Schema() map[string]any {
	out := s.object()
	out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return out
}

func (s Spec) object() map[string]any {
	properties := map[string]any{}
	required := []string{}
	for _, o := range s.Options {
		properties[o.Name] = o.schema()
		if o.Required {
			required = append(required, o.Name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

func (o Option) schema() map[string]any {
	out := map[string]any{"description": o.Doc["en"], "x-description-zh": o.Doc["zh"]}
	switch o.Type {
	case TypeText:
		out["type"] = "string"
	case TypeSecret:
		out["type"], out["writeOnly"], out["x-secret"] = "string", true, true
	case TypeBool:
		out["type"] = "boolean"
	case TypeInteger:
		out["type"] = "integer"
	case TypeNumber:
		out["type"] = "number"
	case TypeDuration:
		out["type"], out["pattern"] = "string", `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$`
	case TypeList:
		out["type"], out["items"] = "array", map[string]any{"type": "string"}
	case TypeTable:
		out["type"], out["additionalProperties"] = "object", map[string]any{"type": "string"}
	case TypeTree:
		out["type"] = "object"
	case TypeGroup:
		for k, v := range o.Group.object() {
			out[k] = v
		}
	case TypeGroups:
		out["type"], out["additionalProperties"] = "object", o.Group.object()
	}
	if o.Min != 0 {
		out["minimum"] = o.Min
	}
	if o.Max != 0 {
		out["maximum"] = o.Max
	}
	if len(o.Enum) > 0 {
		out["enum"] = o.Enum
	}
	if o.Default != "" {
		v, _ := o.parse(o.Default)
		if o.Type == TypeDuration {
			v = o.Default
		}
		out["default"] = v
	}
	if o.Example != "" && !o.Secret {
		v, problem := o.parse(o.Example)
		if o.Type == TypeDuration {
			v = o.Example
		}
		if problem == "" {
			out["examples"] = []any{v}
		}
	}
	if o.Advanced {
		out["x-advanced"] = true
	}
	return out
}
