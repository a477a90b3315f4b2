# Everything by name; the work itself is in scripts/. `make help` lists what there is.

.DEFAULT_GOAL := help
.PHONY: help setup run hub test hearing check image image-test lock lock-check docs clean

# What to set up for: run, board, hub or test. Arguments for `myna run` and pytest: make run ARGS="--json"
FOR ?= run
ARGS ?=

# What `make image-test` keeps its image in, and how long it may take.
IMAGE_OUT = build/image
IMAGE_CACHE = $(or $(MYNA_IMAGE_CACHE),$(CURDIR)/.cache/image)
IMAGE_TEST_LIMIT_S ?= 10800

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing (FOR=board: pins too; FOR=hub: hub too; FOR=test: all; PYTHON=...)
	@PYTHON="$(PYTHON)" scripts/setup $(FOR)

run: setup ## talk: with the sound card, or in the virtual room where there is none
	@.venv/bin/myna run $(ARGS)

hub: FOR = hub
hub: setup ## the platform on this machine: broker, ingest, API and pages, with certificates of its own
	@.venv/bin/python -m hub up $(ARGS)

test: FOR = test
test: setup ## lint, types and tests (ARGS="tests/audio -k echo": only these tests)
	@scripts/check
	@scripts/test $(ARGS)

hearing: FOR = test
hearing: setup ## measure how Myna hears and compare with the figures that are kept (ARGS="--html FILE")
	@.venv/bin/myna bench hearing --hold device/bench/hearing_hold.json $(ARGS)

check: FOR = test
check: setup ## lint and types only
	@scripts/check

image: FOR = board
image: setup ## build the signed arm64 image in build/image (ARGS="--flavour pi"; minutes, then cached)
	@image/build --out $(IMAGE_OUT) $(ARGS)

image-test: FOR = test
image-test: setup ## start the image in an emulated machine: state, the other slot, the way back; --from (an hour and more)
	@image/build --flavour virt --version image-test --out $(IMAGE_OUT)
	@MYNA_IMAGE="$(CURDIR)/$(IMAGE_OUT)/myna-virt-image-test.img" \
		MYNA_IMAGE_ROOT="$$(ls -t $(IMAGE_CACHE)/*-virt-*.tar | head -n 1)" \
		timeout $(IMAGE_TEST_LIMIT_S) .venv/bin/pytest tests/image -x $(ARGS)

lock: FOR = test
lock: setup ## pin all Python packages anew, with hashes, and redo their licence table
	@scripts/lock

lock-check: FOR = test
lock-check: setup ## ask whether every pinned package has a wheel for a Raspberry Pi
	@.venv/bin/python scripts/lock_check.py

docs: FOR = test
docs: setup ## redo the drawings and tables that are made from the code
	@.venv/bin/python -m hal.draw docs/lights.svg
	@.venv/bin/python -m device.config_doc docs/configuration.md systemd/myna.toml
	@.venv/bin/python -m device.draw_states docs/conversation.md
	@.venv/bin/python -m device.draw_lesson docs/lesson.svg
	@.venv/bin/python scripts/dependency_table.py docs/dependencies.md

clean: ## remove what was installed and built in this folder
	rm -rf .venv .cache build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
