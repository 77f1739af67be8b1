package main

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed peers/*.py
var scripts embed.FS

// python is an environment of its own with the peers in it.
type python struct{ dir string }

// packages are taken at their latest release, so that the comparison is with what people would install today.
var packages = []string{"splink", "scikit-learn", "recordlinkage"}

// newPython makes the environment in dir, or takes the one that is there, and lays the scripts beside it.
func newPython(ctx context.Context, dir string) (*python, error) {
	p := &python{dir: dir}
	if err := os.MkdirAll(filepath.Join(dir, "peers"), 0o755); err != nil {
		return nil, err
	}
	files, err := scripts.ReadDir("peers")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := scripts.ReadFile("peers/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(p.script(f.Name()), text, 0o600); err != nil {
			return nil, err
		}
	}
	ready := filepath.Join(dir, "venv", "ready")
	if _, err := os.Stat(ready); err == nil {
		return p, nil
	}
	fmt.Fprintf(os.Stderr, "installing %v into %s\n", packages, filepath.Join(dir, "venv"))
	if _, err := execute(ctx, "python3", "-m", "venv", filepath.Join(dir, "venv")); err != nil {
		return nil, fmt.Errorf("the peers need python3 with the module venv (on Debian: apt install python3-venv): %w", err)
	}
	if _, err := execute(ctx, p.program(), append([]string{"-m", "pip", "install", "--quiet"}, packages...)...); err != nil {
		return nil, fmt.Errorf("the peers and the Febrl lists come from PyPI, which could not be reached; without network run with -peers=false: %w", err)
	}
	return p, os.WriteFile(ready, nil, 0o600)
}

func (p *python) program() string { return filepath.Join(p.dir, "venv", "bin", "python") }

func (p *python) script(name string) string { return filepath.Join(p.dir, "peers", name) }
