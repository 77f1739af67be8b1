package simkingdee

import (
	"testing"

	"tributary/connectors/connectortest/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
