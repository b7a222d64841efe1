# Every target does its own set-up. Variables count when they stand on make's command line: make deploy VARIANT=v0.12.1

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

KNOBS := VARIANT TO PORT SEGMENT CHECK UPGRADE JSON DEBUG URL OFFSETS HOST_HEADER GAP PROOF TIMEOUT FOLLOW LINES OFFLINE DRY_RUN SHARD INTO FROM SUMMARY VERSION PRE APP FORCE CONFIRM
# Make hands a variable of its command line on through the environment. One that the environment had already is not meant.
$(foreach knob,$(KNOBS),$(if $(filter environment,$(origin $(knob))),$(eval unexport $(knob))))

RUN := @.venv/bin/python -m scripts

.PHONY: help deploy ps logs open rollback destroy down verify probe pin branches publish matrix gather doctor readme update variant check test bench clean setup setup-tests

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name line; do printf '  make %-10s %s\n' "$$name" "$$line"; done

deploy: setup ## Run a variant: VARIANT=v0.12.1, or all [PORT=8344] [SEGMENT=1460], or [TO=heroku] [APP=name] [FORCE=1]; prints its address
	$(RUN) deploy

ps: setup ## List what is running [TO=heroku] [JSON=1]
	$(RUN) ps

logs: setup ## Show a variant's log: VARIANT=v0.12.1 [TO=heroku] [LINES=100] [FOLLOW=1]
	$(RUN) logs

open: setup ## Show a variant in the browser: VARIANT=v0.12.1 [TO=heroku]
	$(RUN) open

rollback: setup ## Run the release before the present one again: VARIANT=v0.12.1 TO=heroku
	$(RUN) rollback

destroy: setup ## Destroy a variant's app: VARIANT=v0.12.1 TO=heroku [CONFIRM=app]
	$(RUN) destroy

down: setup ## End everything that `make deploy` started
	$(RUN) down

verify: setup ## Measure the verdicts [VARIANT=…] [TO=heroku] [SHARD=3/8] [CHECK=1: compare with what is committed] [INTO=folder]
	$(RUN) verify

gather: setup ## Take in verdicts measured elsewhere: FROM=folder [CHECK=1: only compare] [SUMMARY=file]
	$(RUN) gather

probe: setup ## Measure a server of your own: URL=http://127.0.0.1:8000/any?path [OFFSETS=10,200] [SEGMENT=1460] [HOST_HEADER=…] [PROOF=…]
	$(RUN) probe

pin: setup ## Resolve what each variant installs [VARIANT=…] [CHECK=1: say what is stale] [UPGRADE=1]
	$(RUN) pin

branches: setup ## Generate the variants' git branches [VARIANT=…] [JSON=1]
	$(RUN) branches

publish: setup ## Push the variants' branches to origin, all or none [DRY_RUN=1] [JSON=1]
	$(RUN) publish

matrix: setup ## List the variants [SHARD=3/8] [JSON=1]
	$(RUN) matrix

doctor: setup ## Tell what will rot, and when [OFFLINE=1] [JSON=1]
	$(RUN) doctor

update: setup ## Make uvicorn's newest release a variant [CHECK=1: say whether there is one] [PRE=1]
	$(RUN) update

variant: setup ## Make any release of uvicorn a variant: VERSION=0.15.0 [FROM=v0.12.3]
	$(RUN) variant

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
	@rm -rf .venv .venv.log .local .hypothesis .*_cache

setup:
	@sh scripts/setup.sh scripts/requirements.txt

setup-tests:
	@sh scripts/setup.sh scripts/requirements.txt tests/requirements.txt
