# make chat    open the chat page on the demo corpus       make setup   only install
# make test    lint, type check and test                   make ask Q="what did López Obrador ask for?"

PYTHON ?= python3
PORT ?= 8501
BIN = .venv/bin
STAMP = .venv/.installed

.PHONY: chat test setup ask eval

chat: setup
	$(BIN)/qa index corpus
	$(BIN)/qa chat --port $(PORT)

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

setup: $(STAMP)

ask: setup
	@$(BIN)/qa index corpus --quiet
	@$(BIN)/qa ask "$(Q)"

eval: setup
	$(BIN)/qa index corpus --quiet
	$(BIN)/qa eval tests/fixtures/questions.jsonl

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "qa needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)
