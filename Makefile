# Every target is a line or two: the work is done by setup.sh, pytest and `python -m course`.
# `make lab ARGS="--no-browser --port 9999"` passes arguments on.
PY := .venv/bin/python
ROOT_FLAG := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: lab test test-full build bench
lab:
	@./setup.sh lab
	$(PY) -m jupyterlab $(ROOT_FLAG) $(ARGS) notebooks/00_welcome.ipynb

test:
	@./setup.sh test
	COURSE_QUICK=1 $(PY) -m ruff check . && COURSE_QUICK=1 $(PY) -m pytest -n auto $(ARGS)

test-full:
	@./setup.sh test
	$(PY) -m pytest $(ARGS)

bench:
	@./setup.sh bench
	$(PY) -m course bench $(ARGS)

build:
	@./setup.sh test
	$(PY) -m course build $(ARGS)
