# Every target does its own set-up. Variables count when they stand on make's command line: make deploy VARIANT=v0.12.1

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

KNOBS := VARIANT TO PORT SEGMENT CHECK UPGRADE JSON DEBUG URL CUTS GAP PROOF TIMEOUT FOLLOW LINES
# Make hands a variable of its command line on through the environment. One that the environment had already is not meant.
$(foreach knob,$(KNOBS),$(if $(filter environment,$(origin $(knob))),$(eval unexport $(knob))))

RUN := @.venv/bin/python -m scripts

.PHONY: help deploy ps logs down verify probe pin branches readme check test bench clean setup setup-tests

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name line; do printf '  make %-10s %s\n' "$$name" "$$line"; done

deploy: setup ## Run a variant: VARIANT=v0.12.1 [PORT=8344] [SEGMENT=1460]; prints its address
	$(RUN) deploy

ps: setup ## List what is running [JSON=1]
	$(RUN) ps

logs: setup ## Show a variant's log: VARIANT=v0.12.1 [LINES=100] [FOLLOW=1]
	$(RUN) logs

down: setup ## End everything that `make deploy` started
	$(RUN) down

verify: setup ## Measure the verdicts [VARIANT=…] [CHECK=1: compare with what is committed]
	$(RUN) verify

probe: setup ## Measure a server of your own: URL=http://127.0.0.1:8000/any?path
	$(RUN) probe

pin: setup ## Resolve what each variant installs [VARIANT=…] [CHECK=1: say what is stale] [UPGRADE=1]
	$(RUN) pin

branches: setup ## Generate the variants' git branches [VARIANT=…] [JSON=1]
	$(RUN) branches

readme: setup ## Render the README's table and picture from variants/
	$(RUN) readme

check: setup-tests ## Find what is stale or wrong, and the command that mends it
	$(RUN) check

test: setup-tests ## Run all tests
	@.venv/bin/python -m pytest -n auto --dist loadfile

bench: setup-tests ## Print the speed ratios that the design stands on
	@.venv/bin/python -m tests.bench

clean: ## Remove what the other targets made outside git: .venv and .local
	@test ! -x .venv/bin/python || .venv/bin/python -m scripts down
	@rm -rf .venv .local

setup:
	@sh scripts/setup.sh scripts/requirements.txt

setup-tests:
	@sh scripts/setup.sh scripts/requirements.txt tests/requirements.txt
