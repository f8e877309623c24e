# The entry points a person needs. `make demo` and `make test` set up what they use.

CARGO ?= cargo
SHELL := /bin/bash
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
DATA := examples/data

.PHONY: demo test lint unit examples-check conformance fuzz fuzz-short bench docs data msrv clean

include python/python.mk

demo: py-demo ## A sample trail in Python, on the command line and in Rust
	$(CARGO) build --quiet --release -p trailcore --example dump
	@echo "== the changes of $(DATA)/big, a trail of three files, as text"
	@target/release/examples/dump $(DATA)/big/bk | head -n 12
	@echo "== one table's inserts as native JSON"
	@target/release/examples/dump $(DATA)/little/bk --tables 'BANK.CUST*' --ops insert --json | head -n 3
	@echo "== postings over a limit, by a FILTER clause"
	@target/release/examples/dump $(DATA)/big/bk --table BANK.POSTINGS --ops insert --filter "ON INSERT, AMOUNT > 100000"
	@echo "== counts"
	@target/release/examples/dump $(DATA)/big/bk --summary

test: lint unit examples-check py-test java-test conformance fuzz-short ## All checks and tests

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features

unit:
	$(CARGO) test --workspace --all-features

# The programs are tried as a user would, on the sample data, which must be what the generator makes.
examples-check:
	$(CARGO) build --release -p trailcore --examples
	$(CARGO) run --quiet --release -p trailcore-samples -- target/samples-again
	diff -r $(DATA)/big target/samples-again/big
	diff -r $(DATA)/little target/samples-again/little
	target/release/examples/dump $(DATA)/big/bk --json | diff - $(DATA)/big.jsonl
	target/release/examples/dump $(DATA)/little/bk --json | diff - $(DATA)/little.jsonl
	set -o pipefail; target/release/examples/dump $(DATA)/big/bk --records | tail -n 1
	$(CARGO) build --quiet --release -p trailcore-support
	@if [ -d ../shared/vectors/trail ]; then target/release/vectors ../shared/vectors/trail | tail -n 1; else echo "skipped: no vectors"; fi
	@if [ -f ../shared/vectors/filter-cases.json ]; then target/release/filter-cases ../shared/vectors/filter-cases.json | tail -n 1; else echo "skipped: no filter cases"; fi
	target/release/examples/dump $(DATA)/big/bk --table BANK.POSTINGS --filter "ON INSERT, AMOUNT > 1000" --explain | tail -n 12

# The same files and selections through every language, compared byte for byte.
conformance: py-build c-examples
	$(CARGO) build --quiet --release -p trailcore --examples
	$(PY) tests/conformance/run.py

# A short run finds what is broken; a long one is for a night.
fuzz-short:
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=5

fuzz: ## Each fuzz target for FUZZ_SECONDS
	@if ! rustup toolchain list 2>/dev/null | grep -q nightly; then echo "skipped: fuzzing needs a nightly toolchain"; exit 0; fi; \
	command -v cargo-fuzz >/dev/null || $(CARGO) install --locked cargo-fuzz || exit 1; \
	for target in $(FUZZ_TARGETS); do \
	  echo "fuzz $$target for $(FUZZ_SECONDS) s"; \
	  scratch=$$(mktemp -d); \
	  cargo +nightly fuzz run $$target $$scratch fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 -rss_limit_mb=2048 -timeout=20 \
	    > target/fuzz-$$target.log 2>&1 || { tail -n 60 target/fuzz-$$target.log; exit 1; }; \
	  rm -rf $$scratch; \
	done

bench: ## Ratios against reading the same bytes, and against peers
	$(CARGO) bench -p trailcore-benches --bench trail --bench filter
	$(MAKE) --no-print-directory bench-python
	@$(MAKE) --no-print-directory bench-java

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --all-features

data: ## Makes the sample data again
	$(CARGO) run --quiet --release -p trailcore-samples -- $(DATA)
	$(CARGO) build --quiet --release -p trailcore --example dump
	target/release/examples/dump $(DATA)/big/bk --json > $(DATA)/big.jsonl
	target/release/examples/dump $(DATA)/little/bk --json > $(DATA)/little.jsonl

msrv: ## Builds with the oldest supported release
	.ci/msrv

clean:
	$(CARGO) clean

include ffi/ffi.mk
include java/java.mk
