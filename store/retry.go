package store

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// Retryable reports whether a unit of work failed only because another transaction was at the same rows: running it
// again from the beginning may succeed.
func Retryable(err error) bool {
	if errors.Is(err, ErrRaced) {
		return true
	}
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01") // serialization failure, deadlock
}
