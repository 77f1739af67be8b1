package canonical

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Value hands the id to a database as 16 bytes (uuid on PostgreSQL, BLOB on SQLite); the zero id is NULL.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id[:], nil
}

// Scan reads 16 bytes, the hyphenated text, or NULL.
func (id *ID) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*id = ID{}
		return nil
	case []byte:
		if len(v) == 16 {
			copy(id[:], v)
			return nil
		}
		return id.UnmarshalText(v)
	case string:
		return id.UnmarshalText([]byte(v))
	}
	return fmt.Errorf("an id cannot be read from %T", src)
}

// Value hands the date to a database as yyyy-MM-dd; the unset date is NULL.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads a date column of either database.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = NoDate
	case time.Time:
		*d = DateOf(v)
	case string:
		p, err := ParseDate(v)
		*d = p
		return err
	case []byte:
		p, err := ParseDate(string(v))
		*d = p
		return err
	default:
		return fmt.Errorf("a date cannot be read from %T", src)
	}
	return nil
}
