# The entry points that a person needs. Plain `make` lists them; `make demo` and `make test` set up what they use.

.DEFAULT_GOAL := help
CARGO ?= cargo $(TRAILCORE_PROFILE)
SHELL := /bin/bash
FUZZ_SECONDS ?= 60
FUZZ_TARGETS := $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
DATA := examples/data
TRAILCORE := target/release/trailcore
# `make check` fails on a finding of tests/lint; with LINT=report it prints the counts only.
LINT ?= strict

.PHONY: help setup demo generate check lints test test-rust test-cli test-long fmt clippy rustdoc deny lint-project cli-build examples-check \
  conformance tested fuzz fuzz-short soak tsan planted kafka bench bench-live dist docs data msrv notices hooks clean

include python/python.mk
include ffi/ffi.mk
include java/java.mk

help: ## Lists the targets
	@echo "make TARGET, where TARGET is:"
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{ printf "  %-16s %s\n", $$1, $$2 }'

setup: ## Installs the missing tools of all languages, and prints their names
	@.ci/setup

demo: py-demo cli-build ## Shows a sample trail in Python and on the command line, and a live one that moves on
	@echo "== the changes of $(DATA)/big, a trail of three files, as text"
	@$(TRAILCORE) cat $(DATA)/big/bk --text | head -n 12
	@echo "== one table's inserts as native JSON"
	@$(TRAILCORE) cat $(DATA)/little/bk --table 'BANK.CUST*' --ops insert | head -n 3
	@echo "== postings over a limit, by a FILTER clause"
	@$(TRAILCORE) cat $(DATA)/big/bk --text --table BANK.POSTINGS --ops insert --filter "ON INSERT, AMOUNT > 100000"
	@echo "== counts"
	@$(TRAILCORE) count $(DATA)/big/bk
	@echo "== a live trail, filtered into Parquet and JSON lines; what moves it is killed, and goes on"
	@$(PY) examples/python/live.py $(TRAILCORE) target/demo

generate: ## Writes schemas, docs/errors.md and the generated parts of the bindings, from the core
	$(CARGO) run --quiet -p trailcore-generate

check: lints ## Runs format, lints and unit tests, which a commit must pass
	$(CARGO) test --quiet --workspace --all-features --lib --bins

# The first part of `make test`.
lints: fmt clippy rustdoc deny lint-project

# Prints the time of each part and the skipped tests at the end. The tests of the command line are part of the tests of Rust.
# Libraries and programs are built with the profile of .ci/test.toml here, which saves minutes and changes only speed.
test: export TRAILCORE_PROFILE := --config $(CURDIR)/.ci/test.toml
test: export MATURIN_PEP517_ARGS := --config $(CURDIR)/.ci/test.toml
TEST_PARTS := lints test-rust test-python test-c test-go test-java conformance
test: ## Runs all checks and tests, with the time of each part
	@.ci/setup packages
	@mkdir -p target
	@$(MAKE) --no-print-directory built-ahead > target/built-ahead.log 2>&1 & \
	.ci/timed $(TEST_PARTS); status=$$?; wait; exit $$status

# Builds the programs and libraries that are installed, beside the first checks: linking them takes long and uses one core. A later
# part that needs them waits for them, and reports their errors.
.PHONY: built-ahead
built-ahead: cli-build c-build

test-rust: ## Tests the crates, the samples and the vectors
	$(CARGO) test --quiet --workspace --all-features
	$(MAKE) --no-print-directory drill-threads
	@[ -d ../shared ] || echo "skipped: the tests of real trails, vectors and shared filter cases, which need ../shared"
	$(MAKE) --no-print-directory examples-check

# The tests of reading once more, with every trail read in threads, in small pieces. The programs are run as they are built: Cargo
# builds the dependencies of a selection of tests again.
READING_TESTS := trails properties blocks damage select analysis continued live watch writer check filter_properties
.PHONY: drill-threads
drill-threads:
	@$(CARGO) test --workspace --all-features --no-run 2>&1 | sed -n 's|.*Executable tests/\([a-z_]*\).* (\(.*\))|\1 \2|p' > target/tests.txt
	@for test in $(READING_TESTS); do \
	  programs=$$(awk -v test=$$test '$$1 == test {print $$2}' target/tests.txt); \
	  [ -n "$$programs" ] || { echo "no test $$test"; exit 1; }; \
	  for program in $$programs; do \
	    (cd rs-core && TRAILCORE_DRILL=threads:300 ../$$program --quiet > ../target/drill.log 2>&1) || { cat target/drill.log; exit 1; }; \
	  done; \
	done

test-cli: ## Tests the command line
	$(CARGO) test --quiet -p trailcore-cli

# Everything as tests use it, in target/debug: with all features, thus with the panic drill. `cargo test --workspace --all-features`
# shares what is built here; with other packages or features, Cargo builds the dependencies again.
tested:
	$(CARGO) build --quiet --workspace --all-features --all-targets

test-long: kafka fuzz soak tsan planted c-sanitizers py-sdist-test py-spark-long py-lake-long test-object-store ## Runs the nightly tests: fuzzing, sanitizers, long runs, Kafka, Spark, lakehouses, S3, the source distribution

# The crate is not in the workspace, since the clients of clouds take minutes to build.
MOTO := target/venv-s3
.PHONY: test-object-store
test-object-store: ## Tests the sinks in object stores against a local server with the interface of S3
	@[ -x $(MOTO)/bin/moto_server ] || { $(PYTHON) -m venv $(MOTO) && $(MOTO)/bin/python -m pip install -q --disable-pip-version-check 'moto[server]>=5'; } \
	  || { rm -rf $(MOTO); echo "skipped: the tests of S3, since moto cannot be installed"; }
	cargo fmt --manifest-path rs-stream/object-store/Cargo.toml --check
	cargo clippy --quiet $(TRAILCORE_PROFILE) --manifest-path rs-stream/object-store/Cargo.toml --target-dir target --all-targets --all-features -- -D warnings
	$(CARGO) test --quiet --manifest-path rs-stream/object-store/Cargo.toml --target-dir target --all-features

fmt:
	$(CARGO) fmt --all --check

clippy:
	cargo clippy --quiet $(TRAILCORE_PROFILE) --workspace --all-targets --all-features -- -D warnings

rustdoc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --workspace --no-deps --all-features

# Licences, sources and banned crates. Advisories need a database from the network: `cargo deny check advisories`.
deny:
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --log-level error check bans licenses sources; \
	else echo "skipped: cargo-deny is not installed; make setup installs it"; fi

# The words of docs/style.md, the layers of docs/architecture.md, and references to sections of documents.
lint-project:
	@for lint in words layers references; do \
	  python3 tests/lint/$$lint.py --self-test || exit 1; \
	  python3 tests/lint/$$lint.py || [ "$(LINT)" != strict ] || exit 1; \
	done

# With the features of the Python package, which holds the command line: both share what is built.
cli-build:
	$(CARGO) build --quiet --release -p trailcore-cli -p trailcore-python --bin trailcore

# Runs the programs like a user, on the sample data, which must equal the output of the generator.
examples-check: tested
	target/debug/trailcore-samples target/samples-again
	diff -r $(DATA)/big target/samples-again/big
	diff -r $(DATA)/little target/samples-again/little
	target/debug/trailcore cat $(DATA)/big/bk | diff - $(DATA)/big.jsonl
	target/debug/trailcore cat $(DATA)/little/bk | diff - $(DATA)/little.jsonl
	target/debug/examples/changes $(DATA)/big/bk | diff - $(DATA)/big.jsonl
	@if [ -d ../shared/vectors/trail ]; then target/debug/vectors ../shared/vectors/trail | tail -n 1; else echo "skipped: no vectors"; fi
	@if [ -f ../shared/vectors/filter-cases.json ]; then target/debug/filter-cases ../shared/vectors/filter-cases.json | tail -n 1; else echo "skipped: no filter cases"; fi

conformance: py-build c-examples cli-build ## Compares every language with Rust, on the same trails and selections
	$(PY) tests/conformance/run.py

# A short run, without the sanitizers, which take most of the time to build.
fuzz-short: ## Runs each fuzz target for 2 seconds
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=2 FUZZ_FLAGS='--sanitizer none'

FUZZ_FLAGS :=
fuzz: ## Runs each fuzz target for FUZZ_SECONDS (60)
	@if ! rustup toolchain list 2>/dev/null | grep -q nightly; then echo "skipped: fuzzing needs a nightly toolchain; make setup installs it"; exit 0; fi; \
	command -v cargo-fuzz >/dev/null || $(CARGO) install --quiet --locked cargo-fuzz || exit 1; \
	cargo +nightly fuzz build $(FUZZ_FLAGS) > target/fuzz-build.log 2>&1 || { tail -n 60 target/fuzz-build.log; exit 1; }; \
	for target in $(FUZZ_TARGETS); do \
	  echo "fuzz $$target for $(FUZZ_SECONDS) s"; \
	  scratch=$$(mktemp -d); \
	  cargo +nightly fuzz run $(FUZZ_FLAGS) $$target $$scratch fuzz/corpus/$$target -- -max_total_time=$(FUZZ_SECONDS) -max_len=65536 \
	    -rss_limit_mb=2048 -timeout=20 > target/fuzz-$$target.log 2>&1 || { tail -n 60 target/fuzz-$$target.log; exit 1; }; \
	  rm -rf $$scratch; \
	done

# The property tests with many more cases, kills of followers and pipelines, the memory of long trails and large transactions,
# interleavings of threads, thirty simulated days, and the leak test with many more rounds.
soak:
	PROPTEST_CASES=20000 $(CARGO) test --quiet --release -p trailcore --all-features --test properties --test filter_properties
	TRAILCORE_CASES=20000 TRAILCORE_KILLS=10000 $(CARGO) test --quiet --release -p trailcore-stream --test live --test faults
	TRAILCORE_KILLS=200 $(CARGO) test --quiet --release -p trailcore-stream --all-features --test pipelines --test objects --test postgres --test kafka
	TRAILCORE_SOAK_MB=5000 TRAILCORE_SOAK_FOLDER=$(CURDIR)/target $(CARGO) test --quiet --release -p trailcore-stream --test memory -- --nocapture
	TRAILCORE_CASES=200000 $(CARGO) test --quiet --release -p trailcore-interleavings
	TRAILCORE_MINUTES=5 $(CARGO) test --quiet --release -p trailcore-ops --test simulation
	TRAILCORE_CASES=20000 $(CARGO) test --quiet --release -p trailcore-ops --test anonymise
	$(MAKE) --no-print-directory c-leaks C_ROUNDS=2000000

# The standard library is built with the sanitizer too: it would report its own locks otherwise.
TSAN_TESTS := --lib --test live
tsan: ## Runs the tests of threads under ThreadSanitizer
	@if ! rustup component list --toolchain nightly 2>/dev/null | grep -q '^rust-src (installed)'; then \
	  echo "skipped: ThreadSanitizer needs a nightly toolchain with rust-src; make setup installs both"; exit 0; fi; \
	RUSTFLAGS=-Zsanitizer=thread CARGO_TARGET_DIR=target/tsan cargo +nightly test --quiet -Zbuild-std \
	  --target $$(rustc -vV | sed -n 's/^host: //p') -p trailcore-stream $(TSAN_TESTS)

planted: ## Plants bugs in the pipelines, and checks that the tests find each
	python3 tests/planted.py $(TRAILCORE_PROFILE)

# Without it, the test of Kafka is skipped, with a message.
kafka: ## Gets the programs of a Kafka broker, by Maven, for the tests of Rust
	@if command -v mvn >/dev/null; then mvn -B -q -f tests/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/target/kafka; \
	else echo "skipped: the test of Kafka needs Maven and Java"; fi

bench: ## Prints the cost in every language, as multiples of reading the file and of peers
	$(CARGO) bench -p trailcore-benches --bench trail --bench filter --bench writer --bench live --bench ops --bench sinks --bench pipelines
	$(MAKE) --no-print-directory bench-python
	@$(MAKE) --no-print-directory bench-c
	@$(MAKE) --no-print-directory bench-java

# Following in every language: the time from a write to the delivery, beside that of Rust.
bench-live: c-touch java-tools java-library py-build ## Latency of following a trail, in every language
	$(CC) -O2 -std=c99 $(C_STRICT) benches/follow/follow.c $$($(C_WITH) pkg-config --cflags --libs trailcore) \
	  -Wl,-rpath,$(C_PREFIX)/lib -o $(C_TEST)/bin/follow-bench
	$(MVN) $(MVN_FLAGS) -f java/pom.xml test-compile
	TRAILCORE_LIBRARY=$(CURDIR)/$(JNI_LIBRARY) TRAILCORE_FOLLOWERS="$$(printf '%s\n' 'C=$(CURDIR)/$(C_TEST)/bin/follow-bench 1.2' \
	  'Java=java -cp $(CURDIR)/java/target/classes:$(CURDIR)/java/target/test-classes io.trailcore.FollowMain 2' \
	  'Python=$(CURDIR)/$(PY) $(CURDIR)/benches/follow/follow.py 2')" $(CARGO) bench --quiet -p trailcore-benches --bench live

dist: ## Builds the wheels, the C library, the Debian package and the JAR into target/dist
	.ci/dist

docs: rustdoc ## Writes the documentation of the crates to target/doc

data: cli-build ## Writes the sample data again
	$(CARGO) run --quiet --release -p trailcore-samples -- $(DATA)
	$(TRAILCORE) cat $(DATA)/big/bk > $(DATA)/big.jsonl
	$(TRAILCORE) cat $(DATA)/little/bk > $(DATA)/little.jsonl

msrv: ## Builds with the oldest supported Rust
	.ci/msrv

notices: ## Writes THIRD_PARTY_NOTICES.md again
	python3 .ci/notices.py > target/THIRD_PARTY_NOTICES.md
	mv target/THIRD_PARTY_NOTICES.md THIRD_PARTY_NOTICES.md

hooks: ## Runs `make check` before each commit
	git config core.hooksPath .githooks

clean: ## Removes the build output
	$(CARGO) clean
