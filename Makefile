# Everything runs from .venv; `make help` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo fmt check test prove bench evaluate golden serve image lock clean
BIN := .venv/bin
FONT := /usr/share/fonts/truetype/wqy/wqy-microhei.ttc=fonts-wqy-microhei
unexport PYTHONDONTWRITEBYTECODE  # hundreds of tests start the program: compiling it each time would double their time
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv with everything that development needs
	@sh deploy/setup.sh dev

demo: ## set up, replay the sample captures, show who mines and whose it is
	@sh deploy/setup.sh runtime
	@sh deploy/demo.sh

fmt: setup ## format the code and mend what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: setup ## format, lint, types and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: ## set up and run everything that CI runs
	@sh deploy/packages.sh need tshark=tshark capinfos=wireshark-common tcpdump=tcpdump ip=iproute2 setpriv=util-linux $(FONT)
	@$(MAKE) --no-print-directory check
	$(BIN)/pytest -n $(WORKERS) -m "not prove"

prove: setup ## the long proofs: whole corpus, long fuzzing
	@sh deploy/packages.sh need tshark=tshark capinfos=wireshark-common tcpdump=tcpdump ip=iproute2 setpriv=util-linux $(FONT)
	$(BIN)/pytest -n $(WORKERS) -m prove

bench: setup ## measure speed on a generated capture of 2 GB, beside peers, as ratios
	@sh deploy/packages.sh need tshark=tshark capinfos=wireshark-common zstd=zstd tcpdump=tcpdump softflowd=softflowd nfpcapd=nfdump ndpiReader=libndpi-bin dumpcap=wireshark-common
	$(BIN)/python -m benchmarks

evaluate: setup ## recall and precision on test networks beside published rules, written to docs/evaluation.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.evaluate

golden: setup ## rewrite the golden files from the captures in pcaps/
	$(BIN)/pytest tests/pcaps --golden

serve: ## serve the API on loopback
	@sh deploy/setup.sh runtime
	$(BIN)/minescope serve

image: ## build the container image with buildah
	sh deploy/image.sh

lock: ## write the locked requirements anew (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml --group pyproject.toml:build -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml --group pyproject.toml:build --group pyproject.toml:dev -c requirements/runtime.txt -o requirements/dev.txt
	sed -i '1i # Written by `make lock`: every file with its hash, no index address.' requirements/runtime.txt requirements/dev.txt

clean: ## remove what setup, demo and tests made
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
