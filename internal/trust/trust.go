// Package trust reads certificates of authorities that settings name.
package trust

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"os"

	"tributary/internal/errs"
)

// Add adds the authorities of a PEM file (setting ca_file) to a pool. Its error is one of the catalogue and names the file.
func Add(pool *x509.CertPool, file string) error {
	pem, err := os.ReadFile(file)
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = errors.New("PEM?")
	}
	if err == nil {
		return nil
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) { // the message names the file itself
		err = path.Err
	}
	return errs.New(errs.Invalid, "connectors.ca_file", errs.Args{"file": file, "why": err.Error()})
}
