# Papertape in two commands: `make run` runs it, `make test` tests it. `make help` lists the rest.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
LISTEN ?= 127.0.0.1:8080
DATA_DIR ?= data
# What follows `papertape serve --listen ... --data-dir ...`.
FLAGS ?=

WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -print 2>/dev/null)

.PHONY: help run test bench peers web clean tools web-check chromium check-rust check-node

help: ## Lists what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: check-rust check-node web/dist/index.html ## Builds everything and runs it; it prints its address.
	$(CARGO) run --locked --release --package gateway --bin papertape -- serve --listen $(LISTEN) --data-dir $(DATA_DIR) $(FLAGS)

test: check-rust check-node web-check web/dist/index.html chromium tools ## Checks and tests everything: web, style, lints, all crates, the browser.
	$(CARGO) xtask ci

bench: check-rust check-node web/dist/index.html ## Runs the benchmarks and prints their ratios.
	$(CARGO) bench --locked --package benches

peers: check-rust ## Runs other engines on the same workload beside ours; needs Python and PyPI.
	./benches/peers/run

web: check-node web/dist/index.html ## Builds the web interface alone.

clean: ## Removes what was built; data stays.
	$(CARGO) clean
	rm -rf web/dist web/node_modules

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(WEB_SOURCES)
	cd web && npm run build
	@touch $@
	@# The binary embeds these files, and cargo does not see new ones come.
	@touch gateway/src/web.rs

web-check: check-node web/node_modules/.package-lock.json
	cd web && npm run check && npm run test

tools: check-rust
	@$(CARGO) deny --version >/dev/null 2>&1 || { echo "cargo-deny is missing; installing it from crates.io"; $(CARGO) install --locked --debug cargo-deny; }

chromium:
	@if command -v chromium >/dev/null || [ -n "$${PAPERTAPE_CHROMIUM:-}" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Chromium is missing; installing it for the browser test"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else \
		echo "The browser test needs Chromium: install the package 'chromium', or name one in PAPERTAPE_CHROMIUM." >&2; exit 1; \
	fi

check-rust:
	@command -v $(CARGO) >/dev/null || { echo "Rust is needed: https://rustup.rs installs it." >&2; exit 1; }

check-node:
	@command -v node >/dev/null || { echo "Node 20.19 or later is needed: https://nodejs.org has it." >&2; exit 1; }
	@command -v npm >/dev/null || { echo "npm is needed; it comes with Node: https://nodejs.org." >&2; exit 1; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error("Node " + process.versions.node + " is too old: 20.19 or later is needed."); process.exit(1) }'
