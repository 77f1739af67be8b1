# Everything CI does is a target here. `make help` lists them.
SHELL := /bin/bash
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN := bin/tributary
GO := go

# Packages that own goroutines run under the race detector too, with small data and without servers: SQLite is nine times
# slower under it.
RACE := ./connectors/... ./events/... ./pipeline/... ./store/... ./hub/... ./dedupe/... ./trace/... ./api/...

.PHONY: help demo run build test test-embedded bench bench-match lint generate clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

build: ## Build bin/tributary
	$(GO) build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/tributary

demo: build ## Build and run the main job on a simulated world (ARGS="--once --scale 2")
	$(BIN) demo $(ARGS)

run: build ## Build and serve with tributary.yaml, or the embedded defaults
	$(BIN) serve $(ARGS)

test: build ## Run every test against real PostgreSQL and Apache Kafka, installing them when missing
	test/servers/run.sh $(MAKE) --no-print-directory test-all

.PHONY: test-all
test-all:
	$(GO) test -timeout 15m ./...
	$(GO) test -race -short -timeout 15m $(RACE)

test-embedded: ## The quick subset that needs no servers
	$(GO) test -short -timeout 10m ./...

bench: build ## Print the figures of docs/performance.md, each as a ratio to a peer in the same run
	test/servers/run.sh $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 120m ./bench/...

bench-match: build ## Measure matching beside its peers on invented lists (ARGS="-only hospitals -show 5", "-peers=false")
	$(GO) run ./bench/match -bin $(BIN) $(ARGS)

lint: ## Check format, vet and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

generate: ## Rewrite generated docs and golden files, then show what changed
	$(GO) test ./connectors/builtin ./connectors/erp/kingdee ./connectors/sfa/neocrm ./connectors/pharmacy ./events ./mapping ./trace -update
	$(GO) test ./hub ./cmd/tributary -run Docs -update
	git status --short

clean: ## Remove what was built and what test servers left
	rm -rf bin var
