# Latchkey's chores. `make` alone lists them.
SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 100000x
E2E      := $(wildcard ui/e2e/package-lock.json)

.PHONY: help build test deps tools lint race fuzz bench crash bound interop conformance clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the one binary, dist/latchkey
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o dist/latchkey ./cmd/latchkey

# Tests that lack a tool fail instead of skipping when LATCHKEY_TEST_REQUIRE is
# set. The whole output is kept, since only the verbose one tells of skips.
test: deps ## run every test; one that is skipped counts as failed
	@mkdir -p dist
	@echo "go test ./..."
	@LATCHKEY_TEST_REQUIRE=1 go test -v -count=1 -timeout 30m ./... 2>&1 | tee dist/test.log \
		| { grep --line-buffered -E '^(ok|FAIL|panic:|\?)|^ *--- (FAIL|SKIP)' || true; } \
		|| { grep -vE '^ *(=== |--- PASS)' dist/test.log; echo "make test: failed, see dist/test.log"; exit 1; }
	@! grep -E '^ *--- SKIP' dist/test.log || { echo "make test: tests were skipped"; exit 1; }

# What the tests need besides Go, as program:package of Debian.
TOOLS := chromium:chromium node:nodejs npm:npm python3:python3-venv
PYTHON := dist/python/bin/python3

deps: $(if $(E2E),ui/e2e/node_modules/.package-lock.json) dist/python/.requirements.txt ## install what the tests need (Debian)

ui/e2e/node_modules/.package-lock.json: $(E2E) | tools
	cd ui/e2e && npm ci --no-audit --no-fund

dist/python/.requirements.txt: docs/examples/device/requirements.txt | tools
	@rm -rf dist/python; mkdir -p dist
	python3 -m venv dist/python && $(PYTHON) -m pip install --quiet --disable-pip-version-check -r $< || { \
		rm -rf dist/python; sudo=; [[ $$(id -u) == 0 ]] || sudo=sudo; echo "make deps: taking Debian's own packages instead"; \
		$$sudo apt-get update -qq; \
		$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv python3-jwcrypto; \
		/usr/bin/python3 -m venv --system-site-packages dist/python; $(PYTHON) -c 'import jwcrypto'; }
	cp $< $@

deps: tools
tools:
	@missing=; for tool in $(TOOLS); do \
		command -v "$${tool%%:*}" >/dev/null || missing+=" $${tool##*:}"; done; \
	if [[ -z $$missing ]]; then exit 0; fi; \
	command -v apt-get >/dev/null || { echo "make deps: install these first:$$missing"; exit 1; }; \
	sudo=; [[ $$(id -u) == 0 ]] || sudo=sudo; \
	$$sudo apt-get update -qq; \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

lint: ## gofmt, go vet, staticcheck, govulncheck
	@unformatted=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	[[ -z $$unformatted ]] || { echo "gofmt would change:"; echo "$$unformatted"; exit 1; }
	go vet ./... && go vet -tags conformance ./cmd/latchkey
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	@echo "govulncheck ./..."; \
	found=$$(go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1) && echo "$$found" || { echo "$$found"; \
	grep -q 'fetching vulnerabilities' <<<"$$found" && echo "make lint: the vulnerability database cannot be reached; not checked"; }

race: ## run the tests under the race detector, the long ones shortened
	go test -race -short -shuffle=on -count=1 -timeout 40m ./...

# A number of inputs rather than a time: at the end of a time the fuzzing engine
# now and then reports its own deadline as a failure (golang/go#75804).
fuzz: ## fuzz every target with FUZZTIME inputs (100000x)
	@for pkg in $$(go list ./...); do \
		listed=$$(go test -list '^Fuzz' "$$pkg") || { echo "$$listed"; exit 1; }; \
		for target in $$(grep '^Fuzz' <<<"$$listed" || true); do \
			echo "$$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$pkg"; \
		done; \
	done

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem -timeout 30m ./...

crash: ## kill -9 the server 1,000 times under load and look for losses
	go test ./cmd/latchkey -run TestCrash -crash.cycles=1000 -count=1 -v -timeout 60m

bound: ## hold the server against the model of its bounds, for 10,000 random histories
	go test ./idp/oidc -run TestBound -bound.sequences 10000 -count=1 -timeout 20m

interop: deps ## run the clients and providers that others wrote, in ui/e2e
	cd ui/e2e/dex && go build -o /dev/null . # takes minutes the first time: longer than a test may
	cd ui/e2e && npm test
	$(PYTHON) docs/examples/device/device.py selftest docs/device-protocol-vectors.json
	LATCHKEY_TEST_REQUIRE=1 go test -count=1 -timeout 5m -run TestDeviceExample ./cmd/latchkey
	cd ui/e2e/sdk && LATCHKEY_TEST_REQUIRE=1 go test -count=1 -timeout 5m ./...
	cd ui/e2e/graph && LATCHKEY_TEST_REQUIRE=1 go test -count=1 -timeout 20m ./...

# The suite is a program of the OpenID Foundation and not part of this repository.
SUITE ?=
conformance: ## let the OpenID conformance suite at SUITE=https://… test a server
	@[[ -n "$(SUITE)" ]] || { echo "make conformance: SUITE is empty. Start the OpenID Foundation's conformance suite on this machine, and say where it answers: make conformance SUITE=https://localhost.emobix.co.uk:8443"; exit 1; }
	go test -tags conformance ./cmd/latchkey -run TestConformance -count=1 -timeout 150m -v -args -suite=$(SUITE) -report=$(CURDIR)/docs/conformance.md \
		| { grep --line-buffered -vE '^ *(=== |--- )' || true; }

clean: ## remove what was built
	rm -rf dist ui/e2e/node_modules
