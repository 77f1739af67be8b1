package generate

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// Size says how much to invent and by which seed.
type Size struct {
	Rows int // about how many rows in all files
	Seed uint64
}

// Set is one or two lists and what is true about them.
type Set struct {
	Files []File
	Truth []Fact // in the order of the rows
}

// File is one list. The first column is id.
type File struct {
	Name   string // without extension: the source's name in what `tributary match` writes
	Header []string
	Rows   [][]string
}

// Fact says which entity a row describes.
type Fact struct {
	Source, ID string
	Entity     int
}

// Kinds are the kinds of data by name.
func Kinds() map[string]func(Size) Set {
	return map[string]func(Size) Set{
		"persons":       Persons,
		"persons-link":  PersonsLink,
		"historical":    Historical,
		"bibliography":  Bibliography,
		"products":      Products,
		"product-lines": ProductLines,
		"hardware":      Hardware,
		"hospitals":     Hospitals,
		"households":    Households,
		"population":    Population,
	}
}

// Write puts the lists and truth.csv (source, id, entity) into a folder.
func (s Set) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, f := range s.Files {
		if err := writeCSV(filepath.Join(dir, f.Name+".csv"), f.Header, slices.Values(f.Rows)); err != nil {
			return err
		}
	}
	return writeCSV(filepath.Join(dir, "truth.csv"), []string{"source", "id", "entity"}, func(yield func([]string) bool) {
		for _, t := range s.Truth {
			if !yield([]string{t.Source, t.ID, strconv.Itoa(t.Entity)}) {
				return
			}
		}
	})
}

func writeCSV(path string, header []string, rows func(func([]string) bool)) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	buf := bufio.NewWriterSize(f, 1<<20)
	w := csv.NewWriter(buf)
	if err := w.Write(header); err != nil {
		return err
	}
	for row := range rows {
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return buf.Flush()
}

// draft is a row before the lists are shuffled and numbered.
type draft struct {
	entity int
	cells  []string
}

// list shuffles rows and gives them ids that tell nothing.
func (s *Set) list(r random, name string, header []string, rows []draft) {
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	f := File{Name: name, Header: append([]string{"id"}, header...), Rows: make([][]string, len(rows))}
	for i, d := range rows {
		id := name + strconv.Itoa(i+1)
		f.Rows[i] = append([]string{id}, d.cells...)
		s.Truth = append(s.Truth, Fact{Source: name, ID: id, Entity: d.entity})
	}
	s.Files = append(s.Files, f)
}
