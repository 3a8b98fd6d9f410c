# SPDX-License-Identifier: GPL-2.0-only
#
# vb2-next: the targets that a person types.  What they do lives in tools/lab.

LAB := tools/lab

help: ## list the targets (this text)
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | \
		awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## make the laboratory's root under build/ (2 to 4 minutes, once)
	@$(LAB)/setup

modules: setup ## compile vb2, the drivers, and what must match them
	@$(LAB)/build

driver: setup ## build the driver in SRC=DIR against this vb2 (see README)
	@test -n "$(SRC)" || { echo "say which: make driver SRC=DIR"; exit 2; }
	@$(LAB)/driver $(SRC) $(CONFIG)

clean: ## remove what was compiled, keep the root
	rm -rf build/stack build/modules build/drivers build/driver-work out

distclean: ## remove everything that was made
	rm -rf build out

.PHONY: help setup modules driver clean distclean
