# The one list of commands. Needs Python and uv (`pip install uv`); uv makes the environment.
# Without uv on the PATH: make UV="python3 -m uv" ...
UV ?= uv
RUN := $(UV) run

.PHONY: help setup train format check test test-slow constraints clean

help:  ## Print this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup:  ## Make the environment; install the git hooks where pre-commit is at hand
	$(UV) sync
	@if command -v pre-commit > /dev/null; then pre-commit install; fi

train:  ## Run the default recipe: make data, teacher, student, table, pictures
	$(RUN) python -m snn_depth.train

format:  ## Format, and fix what can be fixed by itself
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

check:  ## Formatting, lint and types, changing nothing
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy

test:  ## The fast tests
	$(RUN) python -m pytest

test-slow:  ## The slow tests
	$(RUN) python -m pytest -m slow

constraints:  ## Write down the versions that uv resolves, for use with plain pip
	$(UV) export --quiet --all-extras --no-hashes --no-annotate --no-header \
		--no-emit-project --output-file constraints.txt

clean:  ## Remove caches (not runs, data or the environment)
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
