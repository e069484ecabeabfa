# `make run` and `make test` do everything; the other commands are their parts.
# Each can be repeated at any time: what is done already is not done again.
.DEFAULT_GOAL := help
.NOTPARALLEL:
# Some machines ask Python to keep nothing that it has compiled; then each process compiles all anew.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help run test quick scaled faults fuzz compat setup check bench bench-million bench-scale scale-model replay burst lock api-table words clean

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# Last resort against a test process that hangs so hard that pytest-timeout cannot end it.
GUARD := $(if $(shell command -v timeout),timeout --foreground --kill-after=10 60m)

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-13s %s\n", $$1, $$2}' Makefile

run: setup  ## start a server on http://127.0.0.1:3000; make run PORT=4000 DATA=/srv/chirrup for another port, folder
	@$(if $(PORT),CHIRRUP_PORT='$(PORT)') $(if $(DATA),CHIRRUP_DATA='$(DATA)') $(BIN)/chirrup serve

test: check  ## install what the tests need, then check and test everything; make test ARGS='tests/social -x' for a part
	@tools/system-packages.sh
	@tools/npm-packages.sh
	$(GUARD) $(PYTEST) -n auto --dist loadfile $(ARGS)
	$(if $(ARGS),,$(MAKE) scaled ARGS='$(SCALED_TOO)')

# Of the API's tests those that CI runs on PostgreSQL and Redis too.
SCALED_TOO := $(patsubst %,tests/http/test_%.py,edits lists polls quotes relations search walls walls_closed walls_streams)

quick: .venv/installed-dev  ## what is left in a minute: SQLite and memory, no browser, nothing over all routes; make quick ARGS=tests/social for a part
	$(GUARD) $(PYTEST) -q --quick -n auto --dist loadfile $(ARGS)

scaled: .venv/installed-dev  ## the tests of the API on PostgreSQL and Redis; make scaled ARGS=tests/http/test_lists.py for a part
	CHIRRUP_TEST_SCALED=1 $(GUARD) $(PYTEST) -q -n auto --dist loadfile $(or $(ARGS),tests/http)

faults: .venv/installed-dev  ## the long form of tests/faults: 100 rounds of each kill (20 min); make faults ROUNDS=200 SEED=7
	@tools/system-packages.sh
	CHIRRUP_ROUNDS=$(or $(ROUNDS),100) CHIRRUP_SEED=$(or $(SEED),$(strip $(shell od -An -N3 -tu4 /dev/urandom))) \
		$(PYTEST) tests/faults -n auto --dist loadfile -v

fuzz: .venv/installed-dev  ## the long form of tests/http/test_schema.py and test_shapes.py: 200 good and 200 bad requests of each operation; make fuzz CASES=2000
	CHIRRUP_FUZZ=$(or $(CASES),200) $(PYTEST) tests/http/test_schema.py tests/http/test_shapes.py --timeout=3600 $(ARGS)

compat: .venv/installed-dev  ## the tests that the client toot has of its own, against a server on port 3000; make compat ARGS='-k media'
	$(BIN)/python tests/compat/toots_own.py $(ARGS)

setup: .venv/installed  ## make .venv/bin/chirrup from requirements.lock; make setup PYTHON=... names the Python to use

check: .venv/installed-dev  ## style, types, the one way of imports, and advisories about dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright
	$(PYTEST) -q tests/test_imports.py
	$(BIN)/python tools/audit.py requirements.lock

bench: setup  ## what one process does, beside what this machine can do at all; make bench ARGS=--quick for a first look
	@$(BIN)/python -m bench $(ARGS)

bench-million: setup  ## the same with a million accounts, made on the way (20 min, 10 GB); docs/operate/million.md
	@$(BIN)/python -m bench.million $(ARGS)

bench-scale: setup  ## what a post, a delivery, a read costs with 1 to 8 workers and 1 to 6 Redis nodes
	@$(BIN)/python -m bench.scale $(ARGS)

scale-model: setup  ## what 1 to 1,000 boxes would hold, what is full first, what helps then; docs/scale.md
	@$(BIN)/python -m bench.model $(ARGS)

replay: setup  ## real activity through the API, how long it takes and how late it arrives; make replay ARGS='acts.txt.gz --speed 60 --boxes'
	@$(BIN)/python -m bench.replay $(ARGS)

burst: setup  ## ten times what can be done is asked for; make burst ARGS='--seconds 600'; docs/decisions/0017-overload.md
	@$(BIN)/python -m bench.burst $(ARGS)

api-table: setup  ## write docs/api.md anew: the endpoints that Mastodon documents, and which of them are here
	$(BIN)/python tools/api_table.py

words: .venv/installed-dev  ## take new sentences into the catalogues of languages, and compile them; docs/languages.md
	$(BIN)/python tools/words.py

lock: setup  ## write both lock files anew from pyproject.toml; UPGRADE=1 takes newer versions too
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv $(LOCK) --group build --output-file requirements.lock
	$(BIN)/uv $(LOCK) --group build --group dev --output-file requirements-dev.lock

LOCK := pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
	$(if $(UPGRADE),--upgrade) pyproject.toml

clean:  ## remove .venv and all caches; data/ stays
	rm -rf .venv build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find chirrup tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: requirements.lock pyproject.toml
	@PYTHON='$(PYTHON)' tools/setup.sh requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	@tools/setup.sh requirements-dev.lock
	@touch $@
