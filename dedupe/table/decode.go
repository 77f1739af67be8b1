package table

import (
	"bytes"
	"errors"

	"github.com/goccy/go-yaml"
)

// decode reads a YAML file that people may have edited. The library panics on some broken documents (a tag of a kind of
// its own before a list): that is a file that cannot be read, like any other.
func decode(data []byte, into any, options ...yaml.DecodeOption) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("it is no YAML that can be read")
		}
	}()
	return yaml.NewDecoder(bytes.NewReader(data), options...).Decode(into)
}
