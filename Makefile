# Every target does its own set-up. Variables count only on make's command line: make deploy VARIANT=v0.12.1

.DEFAULT_GOAL := help
.SUFFIXES:
MAKEFLAGS += --no-print-directory

# The one list of the variables; a test holds the verbs' options against it.
KNOBS := VARIANT TO PORT SEGMENT ROUTER CHECK UPGRADE JSON DEBUG URL CASE METHOD BODY HEADER OFFSETS HOST_HEADER GAP PROOF COMPARE EXPECT UNPROVEN TIMEOUT FOLLOW LINES FULL OFFLINE DRY_RUN SHARD INTO FROM SUMMARY SEED VERSION PARSER REPO KEEP PRE APP PREFIX FORCE CONFIRM
# The set-up reads it too, so it may also stand in the environment, and no target refuses it.
SHARED := PYTHON
# Make hands a variable of its command line on through the environment. One that the environment had already is not meant.
$(foreach knob,$(KNOBS),$(if $(filter environment,$(origin $(knob))),$(eval unexport $(knob))))

TARGETS := help deploy ps logs open rollback destroy down affected bisect verify history others probe pin branches publish matrix gather doctor readme wire site update variant remove check test bench clean setup setup-tests
.PHONY: $(TARGETS)

# What children of make read for themselves: make's own variables, and those of the shell, Python, pip, uv, git, npm.
OTHERS := MAKE% MFLAGS GNUMAKEFLAGS SHELL PATH HOME TMPDIR TERM COLUMNS NO_COLOR BROWSER CI TZ LANG LC_% PY% PIP_% UV_% GIT_% GH_% GITHUB_% HEROKU_% NPM_% npm_% SSL_% %_PROXY %_proxy
nearest = $(shell awk -v word='$(subst ','\'',$1)' -v known='$2' -f scripts/nearest.awk)
refuse = $(if $2,$(error unknown $1 $(firstword $2): $(call nearest,$(firstword $2),$3) (make help lists all)))
$(call refuse,target,$(filter-out $(TARGETS),$(MAKECMDGOALS)),$(TARGETS))
# A make that calls this one hands its own variables on: they are not this one's to judge.
ifeq ($(MAKELEVEL),0)
$(call refuse,variable,$(filter-out $(KNOBS) $(OTHERS),$(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))),$(KNOBS))
endif

# The verb refuses what stands on the command line and is none of its options.
RUN := @GIVEN="$(strip $(foreach knob,$(KNOBS),$(if $(findstring command line,$(origin $(knob))),$(knob))))" .venv/bin/python -m scripts

##@ See it
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile
	@echo; echo 'VARIANT= takes a variant or its branch. More on a target: scripts/run TARGET --help'

affected: setup ## Tell whether a release has the bug: VERSION=0.15.0 [PARSER=h11 PYTHON=/path JSON=1]
	$(RUN) affected

deploy: setup ## Run a variant, print where: VARIANT=v0.12.1|all [PORT= SEGMENT= ROUTER= JSON=1]
	$(RUN) deploy

ps: setup ## List what is running [JSON=1]
	$(RUN) ps

logs: setup ## Show a variant's log: VARIANT= [LINES=100 FOLLOW=1 FULL=1]
	$(RUN) logs

open: setup ## Show a variant in the browser: VARIANT=
	$(RUN) open

down: setup ## End everything that `make deploy` started [TO=heroku: stop the apps]
	$(RUN) down

##@ Measure it
verify: setup ## Measure the verdicts [VARIANT= CASE= SHARD=3/8 CHECK=1 INTO=folder JSON=1]
	$(RUN) verify

history: setup ## Measure every release of uvicorn [VERSION= CHECK=1 SHARD= FORCE=1 INTO=folder]
	$(RUN) history

others: setup ## Measure servers other than plain uvicorn [CHECK=1 FORCE=1 JSON=1]
	$(RUN) others

gather: setup ## Take in verdicts measured elsewhere: FROM=folder [CHECK=1 SUMMARY=file JSON=1]
	$(RUN) gather

bisect: setup ## Find the commit that changed a case: CASE=form FROM=0.17.4 TO=0.17.5 [REPO= …]
	$(RUN) bisect

probe: setup ## Measure a server: URL= [CASE=post|all OFFSETS= METHOD= BODY= HEADER= JSON=1 …]
	$(RUN) probe

matrix: setup ## List the variants [SHARD=3/8 JSON=1]
	$(RUN) matrix

##@ Keep it
update: setup ## Make uvicorn's newest release a variant [CHECK=1 PRE=1 JSON=1]
	$(RUN) update

variant: setup ## Make any uvicorn a variant: VERSION=0.15.0 [PARSER=h11 FROM=v0.12.3 JSON=1]
	$(RUN) variant

remove: setup ## Take a variant out, here and not on origin: VARIANT= [FORCE=1 JSON=1]
	$(RUN) remove

pin: setup ## Resolve what each variant installs [VARIANT= CHECK=1 UPGRADE=1 JSON=1]
	$(RUN) pin

branches: setup ## Generate the variants' git branches [VARIANT= JSON=1]
	$(RUN) branches

readme: setup ## Render the README's table and pictures from variants/ [JSON=1]
	$(RUN) readme

wire: setup ## Record step by step what two releases make of each split [CHECK=1 JSON=1]
	$(RUN) wire

site: setup ## Build the site that answers for every release [JSON=1]
	$(RUN) site

publish: setup ## Push the branches to origin, all or none [DRY_RUN=1 JSON=1]
	$(RUN) publish

doctor: setup ## Report what will go out of support, and when [OFFLINE=1 JSON=1]
	$(RUN) doctor

##@ On Heroku: TO=heroku also sends deploy, ps, logs, open, down and verify there
rollback: setup ## Run what ran before the present one: VARIANT= TO=heroku [APP=]
	$(RUN) rollback

destroy: setup ## Destroy a variant's app: VARIANT= TO=heroku [APP= CONFIRM=app]
	$(RUN) destroy

##@ Develop
check: setup-tests ## Find what is stale or wrong, and the command that fixes it [JSON=1]
	$(RUN) check

test: setup-tests ## Run all tests
	@.venv/bin/python -m tests.heroku.install
	@.venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

bench: setup-tests ## Measure speeds side by side, and print their ratios
	@.venv/bin/python -m tests.bench

clean: ## Remove what the other targets made outside git: .venv and .local
	@test ! -x .venv/bin/python || .venv/bin/python -m scripts down
	@rm -rf .venv .venv.new .venv.old .local .hypothesis .*_cache

setup:
	@sh scripts/setup.sh scripts/requirements.txt

setup-tests:
	@sh scripts/setup.sh scripts/requirements.txt tests/requirements.txt
