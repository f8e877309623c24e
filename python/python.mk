# The Python package: its environment, its checks and tests, its bench. Everything is installed into target/venv.

PYTHON ?= python3
VENV := target/venv
PY := $(VENV)/bin/python
WHEELS := target/wheels
# The tests use these packages; the package itself needs none of them.
PY_TOOLS := 'maturin>=1.8,<2' 'pytest>=8' 'hypothesis>=6' 'mypy>=1.13' 'ruff>=0.9' 'pyarrow>=16' 'polars>=1.20' 'pandas>=2' 'duckdb>=1.1' \
  'nbclient>=0.10' 'ipykernel>=6' 'matplotlib>=3.8' 'joblib>=1.4' 'dask>=2024.1'
PY_BENCH_TOOLS := 'orjson>=3' 'fastavro>=1.9'
# Spark also needs a Java runtime.
PY_SPARK_TOOLS := 'pyspark>=4.2' 'fsspec>=2024.2' 'deltalake>=1'
# Tables of lakehouses.
PY_LAKE_TOOLS := 'deltalake>=1' 'pyiceberg[sql-sqlite]>=0.9'

.PHONY: py-live py-build py-demo py-lint test-python py-wheel-test py-sdist-test py-readme-test py-notebooks py-spark py-spark-long py-lake py-lake-long bench-python \
  bench-spark

$(VENV)/tools: python/python.mk
	@$(PYTHON) -m venv --help > /dev/null 2>&1 || (apt-get update -qq && apt-get install -y -qq python3-venv)
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check $(PY_TOOLS)
	touch $@

# Without it, the tests of Spark are skipped, with a message.
py-spark: $(VENV)/tools ## Installs Spark for the tests of Python, which run those of Spark from then on
	@[ -f $(VENV)/spark ] || { $(PY) -m pip install -q --disable-pip-version-check $(PY_SPARK_TOOLS) && touch $(VENV)/spark; } \
	  || echo "skipped: the tests of Spark, since pyspark cannot be installed"
	@command -v java > /dev/null || echo "skipped: the tests of Spark, which needs a Java runtime"

# Spark under kills, and on a cluster of processes; TRAILCORE_SPARK_KILLS is the number of kills for each sink.
py-spark-long: py-build py-spark
	cd python && TRAILCORE_LONG=1 $(abspath $(PY)) -m pytest tests/test_spark.py tests/test_spark_long.py $(PYTEST_ARGS)

# Without it, the tests of Delta and Iceberg are skipped, with a message.
py-lake: $(VENV)/tools ## Installs Delta and Iceberg for the tests of Python, which run those of lakehouses from then on
	@[ -f $(VENV)/lake ] || { $(PY) -m pip install -q --disable-pip-version-check $(PY_LAKE_TOOLS) && touch $(VENV)/lake; } \
	  || echo "skipped: the tests of lakehouses, since deltalake or pyiceberg cannot be installed"

py-lake-long: py-build py-lake
	cd python && $(abspath $(PY)) -m pytest tests/test_lake.py tests/test_docs.py $(PYTEST_ARGS)

py-build: $(VENV)/tools
	cd python && VIRTUAL_ENV=$(abspath $(VENV)) $(abspath $(VENV))/bin/maturin develop -q --release $(TRAILCORE_PROFILE)

# The three lines of the README, and the command line.
py-demo: py-build
	@echo "== three lines of Python: postings over a limit, as a DataFrame"
	@$(PY) examples/python/three_lines.py
	@echo "== trailcore count"
	@$(PY) -m trailcore count $(DATA)/big/bk

py-lint: py-build
	cd python && $(abspath $(VENV))/bin/ruff check . && $(abspath $(VENV))/bin/ruff format -q --check .
	cd python && $(abspath $(VENV))/bin/mypy
	cd python && $(abspath $(PY)) -m mypy.stubtest trailcore._native --ignore-disjoint-bases

test-python: py-lint tested ## Checks and tests of the Python package, its wheel and its notebooks
	cd python && $(abspath $(PY)) -m pytest $(PYTEST_ARGS)
	$(MAKE) --no-print-directory py-wheel-test py-readme-test py-notebooks py-live

# A live trail that is moved on, by a program that is killed.
py-live: py-build cli-build
	$(PY) examples/python/live.py target/release/trailcore target/live 3

# The wheel and the source distribution as a user would have them: an environment of their own, without a compiler.
py-wheel-test: $(VENV)/tools
	rm -rf $(WHEELS) target/venv-user
	cd python && $(abspath $(VENV))/bin/maturin build -q --release $(TRAILCORE_PROFILE) -o $(abspath $(WHEELS)) \
	  && { $(abspath $(VENV))/bin/maturin sdist -o $(abspath $(WHEELS)) > ../target/sdist.log 2>&1 || { cat ../target/sdist.log; exit 1; }; }
	$(PYTHON) -m venv target/venv-user
	env PATH=$(abspath target/venv-user)/bin CC=false CARGO=false $(abspath target/venv-user)/bin/python -m pip install -q \
	  --disable-pip-version-check --no-index $(WHEELS)/trailcore-*.whl
	cd target && venv-user/bin/python -I -c "import trailcore as tc; \
	  assert sum(1 for _ in tc.open('../$(DATA)/big/bk')) == 88; print('wheel:', tc.__version__)"
	target/venv-user/bin/trailcore cat $(DATA)/big/bk | diff - $(DATA)/big.jsonl
	@$(PY) -m zipfile -l $(WHEELS)/trailcore-*.whl | grep -q licenses/THIRD_PARTY_NOTICES.md || (echo "the wheel lacks the licences"; exit 1)
	@ls $(WHEELS)/*.whl | grep -q abi3 || (echo "the wheel is not abi3"; exit 1)
	@tar tf $(WHEELS)/trailcore-*.tar.gz | grep -q 'rs-core/src/lib.rs' && tar tf $(WHEELS)/trailcore-*.tar.gz | grep -q THIRD_PARTY_NOTICES.md || (echo "the source distribution lacks the library or the licences"; exit 1)

# The source distribution, built in a folder of its own: everything is compiled once more.
py-sdist-test: py-wheel-test
	env PATH=$(abspath $(VENV))/bin:$$PATH $(PY) -m pip install -q --disable-pip-version-check --force-reinstall --no-deps --no-build-isolation \
	  --target target/sdist-installed $(WHEELS)/trailcore-*.tar.gz
	cd target && $(abspath $(PY)) -c "import sys; sys.path.insert(0, 'sdist-installed'); import trailcore as tc; \
	  assert sum(1 for _ in tc.open('../$(DATA)/big/bk')) == 88 and 'sdist-installed' in tc.__file__; print('sdist:', tc.__version__)"

# The first screen of the README, letter for letter, in an environment of its own.
py-readme-test:
	$(PYTHON) tests/readme.py

py-notebooks: py-build
	$(PY) examples/python/run_notebooks.py

bench-spark: py-build py-spark ## Spark over a trail against Spark over the same changes as JSON lines
	$(CARGO) build --quiet --release -p trailcore-samples
	$(PY) benches/spark.py

bench-python: py-build ## Python against Rust and against readers of other formats
	$(PY) -m pip install -q --disable-pip-version-check $(PY_BENCH_TOOLS)
	$(CARGO) build --quiet --release -p trailcore-benches --bin peers
	$(PY) benches/python.py
