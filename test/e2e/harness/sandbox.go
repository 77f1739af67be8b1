package harness

import (
	"fmt"
	"regexp"
	"testing"
)

// Sandbox is a running `tributary sandbox`: simulated source systems.
type Sandbox struct {
	Config  string // the configuration it printed, without the company
	Process *Process
}

// companyLine is the line of a sandbox's configuration that names the company; installations name their own.
var companyLine = regexp.MustCompile(`(?m)^company:.*\n`)

// StartSandbox runs the simulated world on a free port until the test ends, with the systems that know most of it.
func StartSandbox(t testing.TB, scale float64, faults string) *Sandbox {
	t.Helper()
	h := New(t, Options{})
	args := []string{"sandbox", "--scale", fmt.Sprint(scale), "--only", "erp,sfa,flow,pharmacy", "--lang", "en"}
	if faults != "" {
		args = append(args, "--faults", faults)
	}
	p := h.Start(args...)
	p.Line("stream: stock") // the end of the configuration
	stdout, _ := p.Output()
	return &Sandbox{Config: companyLine.ReplaceAllString(stdout, ""), Process: p}
}
