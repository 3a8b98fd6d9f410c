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

check: setup ## run the tests; one part: make check TESTS=PATTERN
	@$(LAB)/check $(if $(TESTS),--tests '$(TESTS)')

check-long: setup ## run the tests, also those that take long
	@$(LAB)/check --long $(if $(TESTS),--tests '$(TESTS)')

lint: setup ## read our files with every static check
	@$(LAB)/check --lint

tree-users: setup ## compile all vb2 users of the kernel tree (about 5 minutes)
	@$(LAB)/tree-users

check-peers: setup ## compare with the kernel's own vb2 on drivers of the tree
	@$(LAB)/peers

bench: setup ## compare what this vb2 costs with the kernel's own (about 8 minutes)
	@tools/media/vb2-bench/bench $(if $(TARGETS),--targets)

driver: setup ## build the driver in SRC=DIR against this vb2 (see README)
	@test -n "$(SRC)" || { echo "say which: make driver SRC=DIR"; exit 2; }
	@$(LAB)/driver $(SRC) $(CONFIG)

install-dev: ## on a Debian 13 machine, outside the lab: install this vb2
	@$(LAB)/install-dev $(RELEASE)

coverage: setup ## run KUnit and print which part of the core it executes
	@$(LAB)/coverage

kernel-debug: setup ## build the kernel with sanitizers that --kernel debug boots
	@$(LAB)/kernel-debug

series: setup ## make the patch series for a kernel tree, in out/series
	@$(LAB)/series

series-check: setup ## build each patch of the series and read it by checkpatch
	@$(LAB)/series-check $(if $(SINCE),--since $(SINCE))

docs: setup ## build the documentation inside the kernel's own, in out/docs
	@$(LAB)/docs

# The comparison with the kernel tree's own text is not part of the project.
originality: setup ## compare our text with the kernel's, where the tool is there
	@if [ -x ../shared/tools/originality ]; then \
		../shared/tools/originality --project . \
			--tree build/root/usr/src/linux-source-6.12; \
	else \
		echo "originality: ../shared/tools/originality is not there"; \
	fi

clean: ## remove what was compiled, keep the root and the debug kernel
	rm -rf build/stack build/modules build/drivers build/driver-work out

# Guests, compilers and mmdebstrap mount parts of this machine below build/, and
# removing must not follow them there.
distclean: ## remove everything that was made
	@if grep -qF ' $(CURDIR)/build/' /proc/self/mountinfo; then \
		echo "something is mounted below build/; see /proc/self/mountinfo"; \
		exit 1; \
	fi
	rm -rf --one-file-system build out

.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*/\1/p' $(firstword $(MAKEFILE_LIST)))
