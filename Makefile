# make chat    open the chat page on the demo corpus       make setup   only install
# make test    lint, type check and test                   make ask Q="what did López Obrador ask for?"
# make eval    the fixture sets against the accepted runs  make accept  accept the runs of the code as it is
# make axe     install axe-core, which tests accessibility
# make screenshots               pictures of every view, those of the README among them

PYTHON ?= python3
PORT ?= 8501
AXE = 4.14.1
BIN = .venv/bin
STAMP = .venv/.installed

# The gates of `make eval`, beside "nothing significantly worse than in the accepted run".
FIXTURES = tests/fixtures
CORPUS_GATE = answer_inclusion>=0.85,citation_precision_document>=0.95,refusal_recall>=0.90,$\
	false_refusals<=0.05,retrieval_recall@5>=0.95,retrieval_mrr@10>=0.88,supported>=1
LIBRARY_GATE = answer_inclusion>=0.58,citation_precision_document>=0.85,refusal_recall>=0.73,$\
	false_refusals<=0.15,retrieval_recall@5>=0.95,retrieval_mrr@10>=0.83,supported>=1
QUOTING = env -u OPENAI_API_KEY -u OPENAI_BASE_URL -u QA_GGUF

.PHONY: chat test setup ask eval eval-corpus eval-library accept axe screenshots

chat: setup
	$(BIN)/qa index corpus --wait 60
	$(BIN)/qa chat --port $(PORT)

test: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

setup: $(STAMP)

ask: setup
	@$(BIN)/qa index corpus --quiet --wait 60
	@$(BIN)/qa ask "$(Q)"

eval: eval-corpus eval-library

eval-corpus: setup
	@$(QUOTING) $(BIN)/qa index corpus --home .qa-eval --quiet
	$(QUOTING) $(BIN)/qa eval $(FIXTURES)/questions.jsonl --home .qa-eval \
		--baseline $(FIXTURES)/accepted --gate "$(CORPUS_GATE)"

eval-library: setup
	@$(QUOTING) $(BIN)/qa index $(FIXTURES)/library --home .qa-eval-library --quiet
	$(QUOTING) $(BIN)/qa eval $(FIXTURES)/library.jsonl --home .qa-eval-library \
		--baseline $(FIXTURES)/accepted-library --gate "$(LIBRARY_GATE)"

accept: setup
	@$(QUOTING) $(BIN)/qa index corpus --home .qa-eval --quiet
	@$(QUOTING) $(BIN)/qa index $(FIXTURES)/library --home .qa-eval-library --quiet
	rm -rf $(FIXTURES)/accepted $(FIXTURES)/accepted-library
	$(QUOTING) $(BIN)/qa eval $(FIXTURES)/questions.jsonl --home .qa-eval --save $(FIXTURES)/accepted
	$(QUOTING) $(BIN)/qa eval $(FIXTURES)/library.jsonl --home .qa-eval-library \
		--save $(FIXTURES)/accepted-library

# What the accessibility of the page is tested with; needs npm.
axe:
	npm install --silent --no-save --no-audit --no-fund --prefix .venv axe-core@$(AXE)

screenshots: setup
	$(BIN)/pytest tests/test_screenshots.py
	cp screenshots/answer-wide-light.png docs/screenshots/answer.png
	cp screenshots/refusal-narrow-light.png docs/screenshots/refusal.png
	cp screenshots/library-wide-light.png docs/screenshots/library.png
	cp screenshots/evaluate-wide-dark.png docs/screenshots/evaluate.png

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "qa needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)
