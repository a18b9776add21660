# Every target is a line or two: the work is done by setup.sh, pytest and `python -m course`.
# `make lab ARGS="--no-browser --port 9999"` passes arguments on.
PY := .venv/bin/python
# Else JupyterLab sees the folder of the notebook alone, and its links to docs/ lead nowhere.
LAB_FOLDER := --ServerApp.root_dir=.
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test test-full lint format build bench site update
lab:
	@sh ./setup.sh lab
	$(PY) -m jupyterlab $(ROOT_FLAG) $(LAB_FOLDER) $(ARGS) notebooks/00_welcome.ipynb

test: lint
	COURSE_QUICK=1 $(PY) -m pytest -n auto $(ARGS)

test-full: lint
	$(PY) -m pytest $(ARGS)

lint:
	@sh ./setup.sh test
	$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m pyright --pythonpath $(PY)

format:
	@sh ./setup.sh test
	$(PY) -m ruff format . && $(PY) -m ruff check --fix .

bench:
	@sh ./setup.sh bench
	$(PY) -m course bench $(ARGS)

build:
	@sh ./setup.sh test
	$(PY) -m course build $(ARGS)

site:
	@sh ./setup.sh test
	$(PY) -m course site $(ARGS)

update:
	@sh update.sh
