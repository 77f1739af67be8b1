package canonical

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Attribute describes one field of Customer by its attr tag.
type Attribute struct {
	Name     string
	Group    string // 360° group: basic, identifiers, address, potential, …
	Personal bool
	Clear    bool
	Many     bool // a list: survivorship may unite the values
	index    int
	typ      reflect.Type
}

// CustomerAttributes lists the attributes in the order of the struct.
var CustomerAttributes = sync.OnceValue(func() []Attribute {
	t := reflect.TypeFor[Customer]()
	out := make([]Attribute, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		parts := strings.Split(f.Tag.Get("attr"), ",")
		out = append(out, Attribute{
			Name: parts[0], Group: parts[1],
			Personal: slices.Contains(parts[2:], "personal"), Clear: slices.Contains(parts[2:], "clear"),
			Many: f.Type.Kind() == reflect.Slice, index: i, typ: f.Type,
		})
	}
	return out
})

// CustomerAttribute finds an attribute by name.
func CustomerAttribute(name string) (Attribute, bool) {
	for _, a := range CustomerAttributes() {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// IsSet reports whether the customer has a value of the attribute.
func (a Attribute) IsSet(c *Customer) bool {
	v := reflect.ValueOf(c).Elem().Field(a.index)
	return !v.IsZero() && (v.Kind() != reflect.Slice && v.Kind() != reflect.Map || v.Len() > 0)
}

// Copy sets the attribute of dst to the value that src has.
func (a Attribute) Copy(dst, src *Customer) {
	reflect.ValueOf(dst).Elem().Field(a.index).Set(reflect.ValueOf(src).Elem().Field(a.index))
}

// Unset empties the attribute of c.
func (a Attribute) Unset(c *Customer) {
	reflect.ValueOf(c).Elem().Field(a.index).SetZero()
}

// Get is the value as the field's own type: string, []string, Date, Address, CustomerKind or map[string]string.
func (a Attribute) Get(c *Customer) any {
	return reflect.ValueOf(c).Elem().Field(a.index).Interface()
}

// Text is the value as one comparable text: lists joined by " / ", addresses by part.
func (a Attribute) Text(c *Customer) string {
	switch v := a.Get(c).(type) {
	case string:
		return v
	case CustomerKind:
		return string(v)
	case Date:
		return v.String()
	case []string:
		return strings.Join(v, " / ")
	case Address:
		return strings.Join(nonEmpty(v.Province, v.City, v.County, v.Text, v.Postcode), " ")
	case map[string]string:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for i, k := range keys {
			keys[i] = k + "=" + v[k]
		}
		return strings.Join(keys, " / ")
	}
	return ""
}

// SetText sets a text, date, kind or list attribute from text; lists append. It is how a map fills a customer.
func (a Attribute) SetText(c *Customer, s string) error {
	f := reflect.ValueOf(c).Elem().Field(a.index)
	switch a.typ {
	case reflect.TypeFor[Date]():
		d, err := ParseDate(s)
		if err != nil {
			return err
		}
		f.Set(reflect.ValueOf(d))
	case reflect.TypeFor[[]string]():
		f.Set(reflect.Append(f, reflect.ValueOf(s)))
	case reflect.TypeFor[Address]():
		f.FieldByName("Text").SetString(s)
	case reflect.TypeFor[map[string]string]():
		return fmt.Errorf("%s is a group of fields, not one field", a.Name)
	default:
		f.SetString(s)
	}
	return nil
}

func nonEmpty(in ...string) []string {
	return slices.DeleteFunc(in, func(s string) bool { return s == "" })
}
