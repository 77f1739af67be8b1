package table

import (
	"fmt"
	"slices"
)

// Source is one list, kept by column so that a value that repeats is kept and prepared once.
type Source struct {
	Name    string
	Columns []Column
	IDs     []string // one per row; nil: the row numbers from 1
	rows    int
	numbers []map[string]uint32
}

// Column is a column of a source: Of holds for each row the number of its value in Values. Value 0 is the blank.
type Column struct {
	Name   string
	Values []string
	Of     []uint32
}

// NewSource makes an empty list with the given column names.
func NewSource(name string, columns []string) *Source {
	s := &Source{Name: name}
	for _, c := range columns {
		s.Columns = append(s.Columns, Column{Name: c, Values: []string{""}})
		s.numbers = append(s.numbers, map[string]uint32{"": 0})
	}
	return s
}

// Add appends a row; cells beyond the columns are left out, missing ones are blank.
func (s *Source) Add(cells []string) {
	for i := range s.Columns {
		value := ""
		if i < len(cells) {
			value = cells[i]
		}
		c := &s.Columns[i]
		n, known := s.numbers[i][value]
		if !known {
			n = uint32(len(c.Values))
			c.Values = append(c.Values, value)
			s.numbers[i][value] = n
		}
		c.Of = append(c.Of, n)
	}
	s.rows++
}

// Rows is the number of rows.
func (s *Source) Rows() int { return s.rows }

// ID is what a row (from 0) is called.
func (s *Source) ID(row int) string {
	if s.IDs == nil {
		return fmt.Sprint(row + 1)
	}
	return s.IDs[row]
}

// Has reports whether the list has a column of this name, however it is written.
func (s *Source) Has(name string) bool {
	return slices.ContainsFunc(s.Columns, func(c Column) bool { return columnName(c.Name) == columnName(name) })
}
