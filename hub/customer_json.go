package hub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"tributary/canonical"
	"tributary/internal/errs"
)

// customerExample is what a customer looks like that somebody wants to find or create.
const customerExample = `{"kind":"hospital","name":"广州市第一人民医院","uscc":"12310000425001236R","phones":["020-85550100"],"address":{"city":"广州市"}}`

// ParseCustomer reads a customer as one JSON object with the names of the canonical attributes. Unknown names are
// refused: a misspelt field would silently find the wrong customer. where names the text in messages.
func ParseCustomer(text []byte, where string) (canonical.Customer, error) {
	var c canonical.Customer
	return c, decodeStrictly(text, &c, where)
}

// decodeStrictly reads one JSON value and nothing after it.
func decodeStrictly(text []byte, into any, where string) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, next := d.Token(); !errors.Is(next, io.EOF) {
			err = errors.New("something follows the JSON object")
		}
	}
	if err != nil {
		return errs.New(errs.Invalid, "customers.bad_json", errs.Args{"where": where, "why": err.Error(), "example": customerExample})
	}
	return nil
}

// ParseFind reads the body of a search: {"customer": {…}, "min": 0.05, "limit": 10}; min and limit may be left out.
func ParseFind(text []byte, where string) (FindRequest, error) {
	var body struct {
		Customer canonical.Customer `json:"customer"`
		Min      float64            `json:"min"`
		Limit    int                `json:"limit"`
	}
	err := decodeStrictly(text, &body, where)
	return FindRequest{Customer: body.Customer, Min: body.Min, Limit: body.Limit}, err
}
