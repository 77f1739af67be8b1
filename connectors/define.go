package connectors

import (
	"errors"
	"fmt"
	"io/fs"
)

// Define completes a driver whose settings have the type S: the built-in maps are the files maps/STREAM.yaml, one for
// each stream, the set-up guide, if there is one, setup.en.md and setup.zh.md, and New gets settings of the right type. d needs Name,
// Title and Streams.
func Define[S any, T Source](d Driver, maps fs.FS, open func(S, Env) (T, error)) (Driver, error) {
	d.Maps = make(map[string][]byte, len(d.Streams))
	for _, st := range d.Streams {
		text, err := fs.ReadFile(maps, "maps/"+st.Name+".yaml")
		if err != nil {
			return Driver{}, fmt.Errorf("connector %s: %w", d.Name, err)
		}
		d.Maps[st.Name] = text
	}
	d.Setup = map[string]string{}
	for _, lang := range []string{"en", "zh"} {
		text, err := fs.ReadFile(maps, "setup."+lang+".md")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Driver{}, fmt.Errorf("connector %s: %w", d.Name, err)
		}
		d.Setup[lang] = string(text)
	}
	var none S
	d.Config = none
	d.New = func(settings any, env Env) (Source, error) {
		s, ok := settings.(S)
		if !ok || env.Now == nil {
			return nil, fmt.Errorf("connector %s: settings of type %T, or no clock", d.Name, settings)
		}
		src, err := open(s, env)
		if err != nil {
			return nil, err
		}
		return src, nil
	}
	return d, nil
}
