package hub

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/cell"
	"tributary/store"
)

// ExportCustomers writes every living customer as CSV (UTF-8, masked), golden_id first: the same set as the living keys
// of the golden topic. It returns the number of customers.
func (h *Hub) ExportCustomers(ctx context.Context, w io.Writer) (int, error) {
	out := csv.NewWriter(w)
	header := []string{"golden_id", "kind", "name", "code", "aliases"}
	var identifiers, attributes []string
	for _, a := range canonical.CustomerAttributes() {
		switch {
		case a.Group == "identifiers":
			identifiers = append(identifiers, a.Name)
		case a.Group != "custom" && !ownColumn[a.Name]:
			attributes = append(attributes, a.Name)
		}
	}
	header = append(header, identifiers...)
	header = append(header, "division", "province", "city", "county", "address", "postcode", "phones", "emails")
	header = append(header, attributes...)
	header = append(header, "tags", "completeness", "sources", "updated_at")
	if err := out.Write(header); err != nil {
		return 0, fmt.Errorf("write the export: %w", err)
	}
	n := 0
	err := h.eachCustomer(ctx, func(g *store.Golden, v *events.GoldenValue) error {
		row := []string{v.GoldenID.String(), string(v.Kind), v.Name, g.Code, join(v.Aliases)}
		for _, name := range identifiers {
			row = append(row, v.Identifiers[name])
		}
		at := v.Address
		row = append(row, v.Division, at.Province, at.City, at.County, at.Text, at.Postcode, join(v.Phones), join(v.Emails))
		for _, name := range attributes {
			row = append(row, v.Attributes[name])
		}
		row = append(row, join(v.Tags), strconv.Itoa(v.Completeness), sourcesOf(v), v.UpdatedAt.Format(time.RFC3339))
		for i := range row {
			row[i] = cell.Plain(row[i])
		}
		n++
		return out.Write(row)
	})
	if err != nil {
		return n, err
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return n, fmt.Errorf("write the export: %w", err)
	}
	return n, nil
}

// ownColumn are attributes with a column of their own, by whatever name.
var ownColumn = map[string]bool{"kind": true, "name": true, "code": true, "aliases": true, "address": true, "phones": true, "emails": true, "tags": true, "home_address": true, "birth_date": true}

// ExportCrosswalk writes which golden record every living source record and mention belongs to, as CSV. It returns the
// number of links.
func (h *Hub) ExportCrosswalk(ctx context.Context, w io.Writer) (int, error) {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"source", "source_id", "golden_id"}); err != nil {
		return 0, fmt.Errorf("write the crosswalk: %w", err)
	}
	n := 0
	err := h.EachLink(ctx, func(key canonical.RecordKey, golden canonical.ID) error {
		n++
		return out.Write([]string{cell.Plain(key.Source), cell.Plain(key.ID), golden.String()})
	})
	if err != nil {
		return n, err
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return n, fmt.Errorf("write the crosswalk: %w", err)
	}
	return n, nil
}

// EachLink calls fn for every living source record and mention with the golden record it belongs to, ordered by source and
// source id. An error of fn ends it.
func (h *Hub) EachLink(ctx context.Context, fn func(canonical.RecordKey, canonical.ID) error) error {
	return h.DB.EachCrosswalk(ctx, func(e store.CrosswalkEntry) error { return fn(e.RecordKey, e.Golden) })
}

func join(values []string) string { return strings.Join(values, " / ") }

func sourcesOf(v *events.GoldenValue) string {
	keys := make([]string, len(v.Sources))
	for i, k := range v.Sources {
		keys[i] = k.Source + "|" + k.ID
	}
	return join(keys)
}
