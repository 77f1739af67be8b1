// Package migrations holds the schema of the hub's own database, one folder per dialect, with the same numbers in both.
//
// Guarantees: migrations only go forward in production; each number exists in both folders and leads to the same
// tables, columns and indexes (store's tests compare them); an applied file is never edited after a release.
//
//	files, err := fs.Sub(migrations.Files, "sqlite")
package migrations

import "embed"

// Files holds sqlite/*.sql and postgres/*.sql in goose format.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
