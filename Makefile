# SPDX-License-Identifier: Apache-2.0
# A thin front for Meson and tools/*.sh; everything is built in build/.

.DEFAULT_GOAL := help
.PHONY: help setup engine build demo test valgrind tsan analyze fuzz fuzz-sql leaks-node torture case-study conformance-python conformance-node conformance-ruby frameworks-python frameworks-node frameworks-ruby bench growth docs package clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install what building and testing need
	@tools/setup.sh

engine: ## build the HeliosDB Nano program once, unless HELIOSDB_BIN or PATH has it; print where it is
	@tools/engine.sh

build/build.ninja:
	meson setup build

build: setup build/build.ninja ## compile the library
	ninja -C build

demo: build ## the tutorial's programs: embedded, then against servers
	@tools/demo.sh

test: ## everything that can be checked; the last line counts it
	@tools/test.sh

fuzz: setup ## inputs made up by libFuzzer for everything that parses: TARGET, RUNS, TIME, JOBS as tools/fuzz.sh says
	@tools/fuzz.sh

fuzz-sql: build ## random SQL beside SQLite: FROM, TO, SETUP, DIRECT, TIME, JOBS as tools/fuzz_sql.sh says
	@tools/fuzz_sql.sh

valgrind: build ## every unit test and test of the C interface under valgrind
	@EVERYTHING=1 tools/test.sh valgrind

tsan: build ## every unit test and test of the C interface under ThreadSanitizer
	@EVERYTHING=1 tools/test.sh tsan

leaks-node: build ## the Node binding under valgrind: what the addon or the library loses
	@tools/leaks_node.sh

analyze: build ## clang's static analyzer and gcc's over src/; fails on any report
	@tools/analyze.sh

torture: build ## clients killed at thousands of points, cold starts, three languages at once: sizes as tools/torture.sh says
	@tools/torture.sh

case-study: build ## public applications' own tests, after a change of their imports
	@tools/frameworks_python.sh persist-queue sqlite-utils

conformance-python: build ## CPython's own tests of sqlite3 with ours in its place; PYTHON names the interpreter
	@HELIOSDB_BIN=$$(tools/engine.sh) tests/support/servers.sh run \
		$(or $(PYTHON),python3) tests/conformance/python/conformance.py --build build

conformance-node: build ## better-sqlite3's and node:sqlite's own tests with ours in their place; NODES, NODE_SOURCE and others as tools/conformance_node.sh says
	@tools/conformance_node.sh

conformance-ruby: build ## the sqlite3 gem's own tests, of 1.4 and 2.x, with ours in its place; variables as tools/conformance_ruby.sh says
	@tools/conformance_ruby.sh

frameworks-python: build ## SQLAlchemy's, Django's and other frameworks' own tests, with ours in the place of sqlite3
	@tools/frameworks_python.sh

frameworks-node: build ## programs on Knex, Kysely, Drizzle and TypeORM, with ours in the place of better-sqlite3
	@tools/frameworks_node.sh

frameworks-ruby: build ## programs on ActiveRecord and Sequel, with the sqlite3 gem and with ours in its place
	@tools/frameworks_ruby.sh

bench: build ## measure beside sqlite3, better-sqlite3, node:sqlite, libpq and psycopg; ends with the goals and whether they are reached; OPTIONS as bench/run.py says
	bindings/node/build.sh
	HELIOSDB_BIN=$$(tools/engine.sh) tests/support/servers.sh run \
		build/venv/bin/python bench/run.py --build build --json build/bench.json $(OPTIONS)
	HELIOSDB_BIN=$$(tools/engine.sh) python3 bench/instructions.py --build build

growth: build ## how costs grow with rows, connections and processes: tables, and the plots of docs/growth.md; OPTIONS as bench/growth.py says
	HELIOSDB_BIN=$$(tools/engine.sh) tests/support/servers.sh run \
		build/venv/bin/python bench/growth.py --build build --json build/growth.json $(OPTIONS)
	python3 bench/plot.py build/growth.json docs/growth

docs: build ## the references: C by Doxygen, Node by TypeDoc, Ruby by YARD; prints where they are
	@tools/docs.sh

package: build ## the Python wheel, npm tarball and gem, in dist/
	@tools/package.sh

clean: ## remove build/ and dist/; the engine stays in the user's cache
	rm -rf build build-* dist
