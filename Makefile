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

run: modules ## stream video from every node of the project's drivers
	@$(LAB)/first-frames

driver: setup ## build the driver in SRC=DIR against this vb2 (see README)
	@test -n "$(SRC)" || { echo "say which: make driver SRC=DIR"; exit 2; }
	@$(LAB)/driver $(SRC) $(CONFIG)

kernel-debug: setup ## build the kernel with sanitizers that --kernel debug boots
	@$(LAB)/kernel-debug

clean: ## remove what was compiled, keep the root
	rm -rf build/stack build/modules build/drivers build/driver-work out

distkernel-debug: setup ## build the kernel with sanitizers that --kernel debug boots
	@$(LAB)/kernel-debug

clean: ## remove everything that was made
	rm -rf build out

.PHONY: help setup modules run driver kernel-debug clean distclean
