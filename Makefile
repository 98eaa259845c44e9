# Two commands do all the set-up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo font test long bench soak lint system constraints translations installservice clean

install: $(STAMP)

$(STAMP): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Sekimori needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r constraints.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# Debian's packages: Chromium and a Japanese font for the browser tests, libusb for USB readers, Mosquitto as the broker.
system:
	@sh .ci/system

# What the dashboard prints needs Debian's Japanese font.
font:
	@sh .ci/system font

demo: install font
	$(BIN)/sekimori demo

# Most tests wait for processes: one more at a time than there are cores.
WORKERS ?= $(shell expr $$(nproc) + 1)

test: install system lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# What takes minutes besides: a short soak, kills at random, every page in English and dark.
long: install system
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m long

lint: install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	-$(BIN)/python -m pip install --quiet --require-hashes -r tests/bench/peers.txt
	$(BIN)/python -m tests.bench

# 200,000 taps at 20 portals while controller, broker and dashboard are killed; some ten minutes.
soak: install
	$(BIN)/python -m tests.soak

# After a change of the dependencies in pyproject.toml (needs uv): pins with hashes for every supported Python and platform.
constraints:
	uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --quiet --output-file constraints.txt

# After a change of the dashboard's words: brings the catalogue up to date; the .po files are what is kept.
translations: install
	mkdir -p build
	$(BIN)/pybabel -q extract -F dashboard/translations/babel.cfg -k _l --no-location -o build/messages.pot dashboard
	$(BIN)/pybabel -q update -i build/messages.pot -d dashboard/translations --no-fuzzy-matching

# Units for systemd and the users they run as, into /etc; overwrites nothing. For other places: sekimori deploy systemd --help
installservice: install
	sudo $(BIN)/sekimori deploy systemd -o /etc
	sudo systemd-sysusers
	sudo systemd-tmpfiles --create sekimori.conf
	sudo systemctl daemon-reload

clean:
	rm -rf $(VENV) build *.egg-info .demo bench.json
