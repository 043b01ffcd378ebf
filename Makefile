# Two commands do everything on a fresh Debian 12 machine, as root: `make demo` and `make test`.
VENV := .cache/venv
PY := $(VENV)/bin/python
PACKAGES := tests/rig/packages.txt
# A guest has one CPU. The tests of a file stay together: some of them go on where another ended.
PARALLEL := -n 2 --dist loadfile

.PHONY: demo test test-fast soak bench man site setup clean fuzz

demo: setup ## a real migration of a stand-in NG host in a VM, with progress, and its fallback
	$(PY) -m tests.vm.demo

test: setup ## everything: lint, types, unit tests, and the migration and its ways back in VMs
	$(PY) -m pytest -q -rs --durations=15 $(PARALLEL) -m "not soak" tests

test-fast: setup ## what needs no VM
	$(PY) -m pytest -q $(PARALLEL) -m "not vm and not soak" tests

soak: setup ## the whole matrix: BIOS and UEFI, ext4 and xfs (hours)
	$(PY) -m pytest -q -rs --durations=50 $(PARALLEL) -m "vm or soak" tests

fuzz: setup ## coverage-guided fuzzing of every parser, a minute each; what is found stays in the corpus
	$(PY) -m pip install -q --disable-pip-version-check "atheris>=3,<4"
	$(PY) -m tests.fuzz.guided

man: setup ## the texts that are made from the code: manual pages, tables in README.md and docs/
	$(PY) -m man.generate

site: setup ## docs/ as pages to browse, in build/site
	$(PY) -m mkdocs build

bench: setup ## figures against their floors
	$(PY) -m bench

setup: .cache/packages.stamp .cache/venv.stamp

.cache/packages.stamp: $(PACKAGES)
	mkdir -p .cache
	apt-get update -q
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$(grep -v '^#' $(PACKAGES))
	touch $@

# The distribution's interpreter, since the gi and rpm bindings belong to it.
.cache/venv.stamp: .cache/packages.stamp requirements-dev.txt setup.py Makefile
	/usr/bin/python3 -m venv --system-site-packages $(VENV)
	$(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	# Of this one the script axe.min.js alone is used: without Playwright, which is large
	$(PY) -m pip install -q --disable-pip-version-check --no-deps "axe-playwright-python>=0.1.8,<0.2"
	$(PY) -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $@

clean:
	rm -rf .cache build *.egg-info
