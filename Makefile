# Everything CI does is a target here. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
BIN := bin/tributary
GO := go

# What owns goroutines runs under the race detector too, with small data and on SQLite alone, which is nine times slower
# under it; the goroutines are the same on PostgreSQL. Connectors share their machinery: one of each kind stands for all.
# Of stages and use cases the tests in which several are at work, by words in their names.
RACE := ./connectors ./connectors/connectortest ./connectors/httpsource ./connectors/objectsource ./connectors/filesource/... \
	./connectors/distributor/... ./connectors/erp/kingdee ./connectors/sfa/salesforce ./events/... ./store/... ./dedupe/... ./api/...
SEVERAL := BesideEachOther|SideBySide|BesideARunning|BesideSources|TwoImports|TwoStewards|Waiting|Sender|CutOff

# Prints what go test prints and fails when any test, a passing one too, said a planted secret.
WATCHED := $(GO) run ./test/secrets/gotest

.PHONY: help demo run build test test-embedded soak bench bench-match lint generate clean

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

# Two at a time: either waits for servers, disks and clocks while the other computes.
.PHONY: test-all test-plain test-race
test-all:
	$(MAKE) --no-print-directory -j2 test-plain test-race

# The longest first, and one more than there are processors: most wait for disks and servers.
test-plain:
	$(GO) test -json -timeout 15m -p $$(( $$(nproc) + 1 )) ./test/e2e ./hub ./pipeline ./connectors/connectortest ./store/... ./test/... ./... | $(WATCHED)

test-race:
	env -u TRIBUTARY_TEST_POSTGRES -u TRIBUTARY_TEST_MARIADB $(GO) test -json -race -short -vet=off -timeout 15m $(RACE) | $(WATCHED)
	env -u TRIBUTARY_TEST_POSTGRES -u TRIBUTARY_TEST_MARIADB $(GO) test -json -race -short -vet=off -timeout 15m -run '$(SEVERAL)' ./pipeline ./hub | $(WATCHED)

test-embedded: ## The quick subset that needs no servers
	$(GO) test -short -timeout 10m ./...

soak: build ## Every fault at random over all connectors for 30 minutes, then compare with a quiet run (TRIBUTARY_SOAK=5m)
	TRIBUTARY_SOAK=$${TRIBUTARY_SOAK:-30m} test/servers/run.sh $(GO) test -count 1 -timeout 3h -v -run Disturbed ./test/soak

bench: build ## Print the figures of docs/performance.md, each as a ratio to a peer in the same run
	test/servers/run.sh $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 120m ./bench/...

bench-match: build ## Measure matching beside its peers on invented lists (ARGS="-only hospitals -show 5", "-peers=false")
	$(GO) run ./bench/match -bin $(BIN) $(ARGS)

lint: ## Check format, vet and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt would change:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

generate: ## Rewrite generated docs and golden files, then show what changed
	test/servers/run.sh $(GO) test ./connectors/distributor/... -run Connector -update
	$(GO) test ./connectors/emr/... ./connectors/erp/... ./connectors/pharmacy ./connectors/rest ./connectors/sfa/... -update
	$(GO) test ./connectors/builtin ./epcis ./events ./mapping ./trace -update
	$(GO) test ./hub ./cmd/tributary -run Docs -update
	git status --short

clean: ## Remove what was built and what test servers left
	rm -rf bin var
