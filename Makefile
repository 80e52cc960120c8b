# make chat    open the chat page on the demo corpus       make setup   only install
# make test    lint, type check and test                   make ask Q="what did López Obrador ask for?"
# make eval    the fixture set against the accepted run    make accept  accept the run of the code as it is
# make axe     install axe-core, which tests accessibility

PYTHON ?= python3
PORT ?= 8501
AXE = 4.14.1
BIN = .venv/bin
STAMP = .venv/.installed

# The gate of `make eval`, beside "nothing significantly worse than in $(ACCEPTED)".
CASES = tests/fixtures/questions.jsonl
DOCUMENTS = corpus
ACCEPTED = tests/fixtures/accepted
GATE = answer_inclusion>=0.85,citation_precision_document>=0.95,refusal_recall>=0.90,$\
	false_refusals<=0.05,retrieval_recall@5>=0.95,retrieval_mrr@10>=0.88,supported>=1
QUOTING = env -u OPENAI_API_KEY -u OPENAI_BASE_URL QA_HOME=.qa-eval

.PHONY: chat test setup ask eval accept axe

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
	@$(QUOTING) $(BIN)/qa index $(DOCUMENTS) --quiet
	$(QUOTING) $(BIN)/qa eval $(CASES) --baseline $(ACCEPTED) --gate "$(GATE)"

accept: setup
	@$(QUOTING) $(BIN)/qa index $(DOCUMENTS) --quiet
	rm -rf $(ACCEPTED)
	$(QUOTING) $(BIN)/qa eval $(CASES) --save $(ACCEPTED)

# What the accessibility of the page is tested with; needs npm.
axe:
	npm install --silent --no-save --no-audit --no-fund --prefix .venv axe-core@$(AXE)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "qa needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)
