package measure

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"tributary/internal/clusterscore"
)

// Read joins the truth (source, id, entity) with clusters (source, id, cluster_id). Both files must hold the same
// records: a record that is missing, stands twice or is unknown is an error.
func Read(truth, clusters string) ([]clusterscore.Item, error) {
	var items []clusterscore.Item
	place, sources, entities := map[[2]string]int{}, numbers{}, numbers{}
	err := Rows(truth, 3, func(row []string) error {
		key := [2]string{row[0], row[1]}
		if _, twice := place[key]; twice {
			return fmt.Errorf("record %s of %s stands twice", row[1], row[0])
		}
		place[key] = len(items)
		items = append(items, clusterscore.Item{Source: sources.of(row[0]), Entity: entities.of(row[2]), Cluster: -1})
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(sources) > 2 {
		return nil, fmt.Errorf("%s: %d sources, at most two are compared", truth, len(sources))
	}
	names := numbers{}
	err = Rows(clusters, 3, func(row []string) error {
		i, known := place[[2]string{row[0], row[1]}]
		switch {
		case !known:
			return fmt.Errorf("record %s of %s is not in the lists", row[1], row[0])
		case items[i].Cluster >= 0:
			return fmt.Errorf("record %s of %s stands twice", row[1], row[0])
		}
		items[i].Cluster = names.of(row[2])
		return nil
	})
	if err != nil {
		return nil, err
	}
	for key, i := range place {
		if items[i].Cluster < 0 {
			return nil, fmt.Errorf("%s: record %s of %s is missing", clusters, key[1], key[0])
		}
	}
	return items, nil
}

// PairRecall is the share of true pairs (across sources when across) that a file of pairs (left_source, left_id,
// right_source, right_id, …) lists. Files list the pairs worth showing, so it is a lower bound of blocking recall.
func PairRecall(truth, pairs string, across bool) (float64, error) {
	entity, groups := map[[2]string]string{}, map[string][]string{}
	err := Rows(truth, 3, func(row []string) error {
		entity[[2]string{row[0], row[1]}] = row[2]
		groups[row[2]] = append(groups[row[2]], row[0])
		return nil
	})
	if err != nil {
		return 0, err
	}
	listed, all := 0, 0
	for _, sources := range groups {
		for i, a := range sources {
			for _, b := range sources[i+1:] {
				if !across || a != b {
					all++
				}
			}
		}
	}
	err = Rows(pairs, 4, func(row []string) error {
		if a, ok := entity[[2]string{row[0], row[1]}]; ok && a == entity[[2]string{row[2], row[3]}] {
			listed++
		}
		return nil
	})
	if err != nil || all == 0 {
		return 1, err
	}
	return float64(listed) / float64(all), nil
}

// Rows reads a CSV file below its header. A row of fewer columns is an error; the row is reused.
func Rows(path string, columns int, row func([]string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.ReuseRecord, in.FieldsPerRecord = true, 0
	for n := 0; ; n++ {
		r, err := in.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case len(r) < columns:
			return fmt.Errorf("%s: want %d columns, found %d", path, columns, len(r))
		case n == 0:
			continue
		}
		if err := row(r); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// numbers gives names small numbers in the order they turn up.
type numbers map[string]int

func (n numbers) of(name string) int {
	i, ok := n[name]
	if !ok {
		i = len(n)
		n[name] = i
	}
	return i
}
