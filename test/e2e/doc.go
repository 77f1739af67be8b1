// Package e2e proves what users rely on through the built binary: the worked example to the last box, every format and
// encoding, every bad input with its message and exit code, events as foreign consumers read them, and the service.
package e2e
