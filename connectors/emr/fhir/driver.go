package fhir

import (
	"embed"

	"tributary/connectors"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "fhir",
		Title:   map[string]string{"en": "HL7 FHIR R4 (hospital systems)", "zh": "HL7 FHIR R4（医院信息系统）"},
		Streams: streams.Infos(),
	}, mapFiles, New)
}
