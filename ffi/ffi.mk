# The C library: `make install PREFIX=...`, `make test-c`, `make test-go`, `make bench-c`.

PREFIX ?= /usr/local
C_BUILT := target/release/libtrailcore_ffi.so
C_TEST := target/c-test
C_PREFIX := $(CURDIR)/$(C_TEST)/prefix
C_STRICT := -Wall -Wextra -Werror -pedantic
C_SAMPLE := $(DATA)/big/bk
C_WITH := PKG_CONFIG_PATH=$(C_PREFIX)/lib/pkgconfig
C_ROUNDS ?= 100000
BENCH_C_MB ?= 256
# The names of the tests to run, such as `make c-api C_TESTS=writers`; all if empty.
C_TESTS ?=

.PHONY: install header abi c-build test-c c-header c-abi c-examples c-api c-sanitizers c-leaks test-go c-touch bench-c

install: c-build ## The C library with header, pkg-config and CMake files below PREFIX
	ffi/install "$(PREFIX)" "$(DESTDIR)"

header: ## Writes include/trailcore.h again
	$(CARGO) run --quiet -p trailcore-header > target/trailcore.h
	mv target/trailcore.h include/trailcore.h

abi: c-build ## Takes the present interface of the C library as the wanted one
	python3 ffi/abi/abi.py list include/trailcore.h $(C_BUILT) > target/interface.txt
	mv target/interface.txt ffi/abi/interface.txt

# The library under the names that programs link with and look for. It is built with Java's, which shares all but the last step.
# `make test` builds it with the other packages: with the same features, they share what is built.
C_TOGETHER := $(if $(TRAILCORE_PROFILE),-p trailcore-cli -p trailcore-python)
c-build:
	$(CARGO) build --quiet --release --lib -p trailcore-ffi -p trailcore-jni $(C_TOGETHER)
	@mkdir -p $(C_TEST)
	@ln -sf ../release/libtrailcore_ffi.so $(C_TEST)/libtrailcore.so
	@ln -sf ../release/libtrailcore_ffi.so $(C_TEST)/libtrailcore.so.0

test-c: c-header c-abi c-examples c-api c-sanitizers c-leaks ## All tests of the C library

# The committed header is the one that its source gives.
c-header: tested
	@mkdir -p $(C_TEST)
	target/debug/trailcore-header > $(C_TEST)/trailcore.h
	diff include/trailcore.h $(C_TEST)/trailcore.h
	python3 ffi/tests/complete.py include/trailcore.h ffi/tests

# Names and layouts are as they were.
c-abi: c-build
	python3 ffi/abi/abi.py check include/trailcore.h $(C_BUILT) ffi/abi/interface.txt

# The examples as users build them: against only the installed library, by pkg-config and by CMake.
c-examples: c-build
	rm -rf $(C_TEST)/prefix $(C_TEST)/cmake
	ffi/install $(C_PREFIX)
	@test -f $(C_PREFIX)/share/doc/trailcore/THIRD_PARTY_NOTICES.md
	@mkdir -p $(C_TEST)/bin
	set -e; for name in dump filter arrow follow health; do \
	  $(CC) -std=c99 $(C_STRICT) -O1 examples/c/$$name.c $$($(C_WITH) pkg-config --cflags --libs trailcore) \
	    -Wl,-rpath,$(C_PREFIX)/lib -o $(C_TEST)/bin/$$name; done
	$(CXX) -std=c++17 $(C_STRICT) examples/c/sums.cpp $$($(C_WITH) pkg-config --cflags --libs trailcore) \
	  -Wl,-rpath,$(C_PREFIX)/lib -o $(C_TEST)/bin/sums
	$(CC) -std=c99 $(C_STRICT) examples/c/dump.c $$($(C_WITH) pkg-config --cflags trailcore) $(C_PREFIX)/lib/libtrailcore.a \
	  $$($(C_WITH) pkg-config --static --libs-only-l trailcore | sed 's/-ltrailcore//') -o $(C_TEST)/bin/dump-static
	cmake -S examples/c -B $(C_TEST)/cmake -DCMAKE_PREFIX_PATH=$(C_PREFIX) -DCMAKE_BUILD_TYPE=Release > $(C_TEST)/cmake.log
	cmake --build $(C_TEST)/cmake >> $(C_TEST)/cmake.log
	set -e; for dump in bin/dump bin/dump-static cmake/dump cmake/dump_static; do \
	  $(C_TEST)/$$dump $(DATA)/big/bk | cmp - $(DATA)/big.jsonl; $(C_TEST)/$$dump $(DATA)/little/bk | cmp - $(DATA)/little.jsonl; done
	@# The quick start of the guide, as a new user has it: in an empty folder.
	rm -rf $(C_TEST)/quick && mkdir -p $(C_TEST)/quick
	awk '/^```c$$/ && !seen {on = seen = 1; next} /^```$$/ {on = 0} on' docs/c.md > $(C_TEST)/quick/changes.c
	cd $(C_TEST)/quick && $(CC) $(C_STRICT) changes.c $$($(C_WITH) pkg-config --cflags --libs trailcore) -Wl,-rpath,$(C_PREFIX)/lib -o changes
	$(C_TEST)/quick/changes $(DATA)/big/bk | cmp - $(DATA)/big.jsonl
	python3 ffi/tests/follow.py $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/follow $(C_TEST)/bin/follow
	$(C_TEST)/bin/filter $(C_SAMPLE) 'TABLE BANK.POSTINGS, FILTER (AMOUNT > 100000);' | tail -n 1
	$(C_TEST)/bin/arrow $(C_SAMPLE) BANK.POSTINGS | tail -n 1
	$(C_TEST)/bin/sums $(C_SAMPLE) BANK.POSTINGS AMOUNT
	for built in $(C_TEST)/bin/dump-static $(C_PREFIX)/lib/libtrailcore.so; do \
	  if readelf -lW $$built | grep 'GNU_STACK.*RWE'; then echo "$$built: asks for an executable stack"; exit 1; fi; done
	nm -g --defined-only $(C_PREFIX)/lib/libtrailcore.a | awk 'NF == 3 && $$3 !~ /^tc_/ {print "exported:", $$3; bad = 1} END {exit bad}'

# Every function, with the library that is installed, and with one built for tests, which has the panic drill and knows what
# has been freed.
c-api: c-build tested
	@mkdir -p $(C_TEST)/scratch $(C_TEST)/debug
	ln -sf ../../debug/libtrailcore_ffi.so $(C_TEST)/debug/libtrailcore.so
	ln -sf ../../debug/libtrailcore_ffi.so $(C_TEST)/debug/libtrailcore.so.0
	python3 ffi/tests/pointers.py include/trailcore.h > $(C_TEST)/pointers.c
	$(call c_program,debug,-std=c99 $(C_STRICT) -DTC_DRILL,api)
	$(call c_program,debug,-std=c99 $(C_STRICT),threads)
	$(call c_program,debug,-std=c99 $(C_STRICT) -Wno-unused-function,pointers)
	$(C_TEST)/debug/api $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/scratch $(C_TESTS) 2> $(C_TEST)/drill.log || { cat $(C_TEST)/drill.log; exit 1; }
	$(C_TEST)/debug/pointers $(C_SAMPLE)
	$(C_TEST)/debug/threads $(C_SAMPLE)
	$(call c_program,.,-std=c99 $(C_STRICT),api)
	$(call c_program,.,-std=c99 $(C_STRICT),threads)
	$(C_TEST)/api $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/scratch $(C_TESTS)
	$(C_TEST)/threads $(C_SAMPLE)

# The sources of a test program: a folder or a file of ffi/tests, or a generated file.
c_sources = $(or $(wildcard ffi/tests/$(1)/*.c),$(wildcard ffi/tests/$(1).c),$(C_TEST)/$(1).c)

# A test program: where its library is, flags, name.
c_program = $(CC) -g $(2) -Iinclude -Iffi/tests $(call c_sources,$(3)) \
  -L$(C_TEST)/$(1) -ltrailcore -lpthread -Wl,-rpath,$(CURDIR)/$(C_TEST)/$(1) -o $(C_TEST)/$(1)/$(3)

# Tools that look for bugs find none here, and find the planted ones.
c-sanitizers: c-api
	@mkdir -p $(C_TEST)/sanitized && ln -sf ../../release/libtrailcore_ffi.so $(C_TEST)/sanitized/libtrailcore.so \
	  && ln -sf ../../release/libtrailcore_ffi.so $(C_TEST)/sanitized/libtrailcore.so.0
	set -e; for name in api threads planted; do \
	  $(CC) -g -std=c99 $(C_STRICT) -fsanitize=address,undefined -fno-sanitize-recover=all -Iinclude -Iffi/tests $$(ls ffi/tests/$$name/*.c ffi/tests/$$name.c 2>/dev/null) \
	    -L$(C_TEST)/sanitized -ltrailcore -lpthread -Wl,-rpath,$(CURDIR)/$(C_TEST)/sanitized -o $(C_TEST)/sanitized/$$name; done
	$(C_TEST)/sanitized/api $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/scratch
	$(C_TEST)/sanitized/threads $(C_SAMPLE)
	@for bug in use-after-free leak overflow; do \
	  if $(C_TEST)/sanitized/planted $(C_SAMPLE) $$bug > $(C_TEST)/planted.log 2>&1; then echo "sanitizers miss a planted $$bug"; exit 1; fi; \
	  grep -qE "AddressSanitizer|LeakSanitizer|runtime error" $(C_TEST)/planted.log || { cat $(C_TEST)/planted.log; exit 1; }; \
	  echo "sanitizers find a planted $$bug"; done
	@if ! command -v valgrind >/dev/null; then echo "skipped: valgrind is not installed"; exit 0; fi; \
	$(CC) -g -std=c99 -Iinclude -Iffi/tests ffi/tests/planted.c -L$(C_TEST) -ltrailcore -Wl,-rpath,$(CURDIR)/$(C_TEST) -o $(C_TEST)/planted || exit 1; \
	grind="valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,indirect"; \
	$$grind $(C_TEST)/api $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/scratch || exit 1; \
	for bug in use-after-free leak; do \
	  if $$grind $(C_TEST)/planted $(C_SAMPLE) $$bug > $(C_TEST)/planted.log 2>&1; then echo "valgrind misses a planted $$bug"; exit 1; fi; \
	  echo "valgrind finds a planted $$bug"; done

c-leaks: c-api
	$(call c_program,.,-O1 -std=c99 $(C_STRICT),leaks)
	$(C_TEST)/leaks $(C_SAMPLE) $(C_ROUNDS)

test-go: c-examples ## The Go package over the installed library
	@if ! command -v go >/dev/null; then echo "skipped: Go is not installed"; exit 0; fi; \
	export $(C_WITH) CGO_LDFLAGS="-Wl,-rpath,$(C_PREFIX)/lib"; \
	(cd examples/go && test -z "$$(gofmt -l .)" && go vet ./... && go test -count=1 ./... && go build -o ../../$(C_TEST)/bin/follow-go ./follow) || exit 1; \
	(cd examples/go/collector && test -z "$$(gofmt -l .)" && go vet ./... && go test -count=1 ./...) || exit 1; \
	python3 ffi/tests/follow.py $(C_SAMPLE) $(DATA)/big.jsonl $(C_TEST)/follow-go $(C_TEST)/bin/follow-go || exit 1; \
	rm -rf $(C_TEST)/go-quick && mkdir -p $(C_TEST)/go-quick; \
	awk '/^```go$$/ {on = 1; next} /^```$$/ {on = 0} on' docs/go.md > $(C_TEST)/go-quick/main.go; \
	cd $(C_TEST)/go-quick && go mod init changes 2>/dev/null \
	  && go mod edit -require=github.com/trailcore/trailcore/examples/go@v0.0.0 \
	    -replace=github.com/trailcore/trailcore/examples/go=$(CURDIR)/examples/go \
	  && go run . $(CURDIR)/$(DATA)/big/bk > changes.jsonl && grep -q '"table":"BANK.POSTINGS"' changes.jsonl \
	  && echo "the quick start in Go prints what it selects"

# Every column touched through C, beside the same in Rust: one change at a time, and by blocks, which is what batches are.
# The C program of the benches.
c-touch: c-examples
	$(CC) -O2 -std=c99 $(C_STRICT) benches/c/touch.c $$($(C_WITH) pkg-config --cflags --libs trailcore) \
	  -Wl,-rpath,$(C_PREFIX)/lib -o $(C_TEST)/bin/touch

bench-c: c-touch ## C against Rust
	$(CARGO) build --quiet --release -p trailcore-benches --bin touch
	target/release/touch --generate target/bench-data/c-$(BENCH_C_MB) $(BENCH_C_MB)
	python3 benches/c/compare.py target/release/touch $(C_TEST)/bin/touch target/bench-data/c-$(BENCH_C_MB)
