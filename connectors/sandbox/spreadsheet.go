package sandbox

import (
	"path/filepath"

	"tributary/connectors/sandbox/world"
)

// Spreadsheet is a file of master records that no interface delivers, and how it is imported.
type Spreadsheet struct {
	Path   string
	As     string // kind of its rows
	Source string // whose records they are
}

// Spreadsheets lists the files to import beside the connections.
func (sb *Sandbox) Spreadsheets() []Spreadsheet {
	at := func(name string) string { return filepath.Join(sb.dir, MasterFolder, name+".csv") }
	var out []Spreadsheet
	for _, sys := range []world.System{world.EMR, world.Events, world.Terminals} {
		out = append(out, Spreadsheet{Path: at(string(sys)), As: "customers", Source: string(sys)})
	}
	return append(out, Spreadsheet{Path: at("aliases"), As: "aliases", Source: "erp"})
}
