# Two commands on a fresh machine: `make demo` and `make test`.

VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.ready-base
DEV := $(VENV)/.ready-dev
DOCS := $(VENV)/.ready-docs
DEPENDENCIES := pyproject.toml constraints.txt tools/setup.sh
ON_SCREEN := tools/with_display.sh
# Two processes, each with a screen and one thread of its own.
PYTEST := OMP_NUM_THREADS=1 $(ON_SCREEN) $(BIN)/python -m pytest -n 2 --dist loadfile
PYTEST_ARGS ?=
# Where the collections that recipes/sources.py reads have been put.
DATA ?= ../shared/data
MODELS := lungs-small infnet-small infnet-multi-small stichnet-small
# The baseline is judged as they are, and not bundled.
JUDGED := $(MODELS) unet-baseline
STORE := .training/store
# A model store of its own, with the models of every fold.
RECIPE = COVSEG_HOME=.training/home $(BIN)/python recipes

export PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all test-pyside app lint docs screenshots bench setup clean
.PHONY: models models-store
.PHONY: cross-validation $(MODELS:%=model-%) $(JUDGED:%=cross-%)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

demo: $(BASE) ## outline infection on the sample CT, into demo_output/
	$(BIN)/covseg demo -o demo_output

test: $(DEV) ## run the tests
	$(PYTEST) $(PYTEST_ARGS)

test-all: $(DEV) ## run the tests, the slow ones too
	$(PYTEST) -m "slow or not slow" $(PYTEST_ARGS)
	$(MAKE) test-pyside

test-pyside: $(DEV) ## run the tests of the plugin on PySide6
	$(BIN)/python -m pip install -q -c constraints.txt PySide6-Essentials
	QT_API=pyside6 PYTEST_QT_API=pyside6 $(PYTEST) tests/napari_covseg $(PYTEST_ARGS)

app: $(DEV) ## open napari with the sample CT and the plugin
	$(BIN)/python tools/open_app.py

lint: $(DEV) ## check style, types, layers and the plugin manifest
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari-covseg

docs: $(DOCS) ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

screenshots: $(DEV) ## draw the pictures of the documentation anew
	$(ON_SCREEN) $(BIN)/python docs/screenshots.py

bench: $(DEV) ## measure speed on this machine
	$(BIN)/python benchmarks/speed.py

models: $(MODELS:%=model-%) ## train the bundled models anew and bundle them (many hours)

# Stopped or killed, these go on where they were.
$(MODELS:%=model-%): model-%: models-store
	$(RECIPE)/train_model.py $* --store $(STORE)
	$(RECIPE)/bundle.py $*

cross-validation: $(JUDGED:%=cross-%) ## judge the recipes by patient (days)
	$(RECIPE)/results_page.py

$(JUDGED:%=cross-%): cross-%: models-store
	$(RECIPE)/cross_validate.py --name $* --store $(STORE) \
	  --config recipes/$*.toml --lungs-pattern 'lungs-small-fold{fold}' \
	  -o docs/results/$*.json

# The lungs come first: the others are cut to them, at the threshold that they give.
$(filter-out cross-lungs-small,$(JUDGED:%=cross-%)): cross-lungs-small

models-store: $(DEV)
	$(RECIPE)/make_store.py --data $(DATA) --store $(STORE)

setup: $(DEV) ## install everything, run nothing

clean: ## remove what was made here; .venv and .training stay
	rm -rf build dist site demo_output
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find src tests benchmarks recipes tools -name __pycache__ -type d -prune \
	  -exec rm -rf {} +

$(BASE): $(DEPENDENCIES)
	tools/setup.sh base

$(DEV): $(DEPENDENCIES)
	tools/setup.sh dev

$(DOCS): $(DEPENDENCIES)
	tools/setup.sh docs
