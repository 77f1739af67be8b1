package httpsource

import (
	"errors"
	"time"

	"tributary/connectors"
	"tributary/internal/errs"
)

// Verdict is the one finding that a failed probe deserves: unreachable, certificate, credentials, rights, or whatever
// else the source said. Each has a code and a remedy of its own.
func Verdict(err error) connectors.Finding {
	var e *Error
	if !errors.As(err, &e) {
		var u *errs.Error
		if errors.As(err, &u) {
			return connectors.Finding{Severity: connectors.Fault, Code: u.Code, Args: u.Args}
		}
		return connectors.Finding{Severity: connectors.Fault, Code: "connectors.refused", Args: map[string]any{"why": err.Error()}}
	}
	u := e.user()
	return connectors.Finding{Severity: connectors.Fault, Code: u.Code, Args: u.Args}
}

// ClockFinding warns when the source's clock is off by more than the overlap of windows can absorb.
func (c *Client) ClockFinding(tolerance time.Duration) []connectors.Finding {
	skew, known := c.Skew()
	if !known || (skew <= tolerance && skew >= -tolerance) {
		return nil
	}
	return []connectors.Finding{{Severity: connectors.Warn, Code: "connectors.check_clock", Args: map[string]any{
		"source": c.opts.Name, "host": c.Host(), "skew": skew.Round(time.Second).String(),
	}}}
}
