# SPDX-License-Identifier: Apache-2.0

PREFIX = /usr
DESTDIR =
PYTHON = python3

# The interpreter of the installed system.
INTERPRETER = /usr/bin/python3

# Where requests, pyudev and jsonschema come from: `vendored` installs them beside the engine, from the index that
# pip is configured for; `system` uses the packages of the distribution.
DEPS = vendored

lib = $(DESTDIR)$(PREFIX)/lib
home = $(lib)/ignition-firstboot
module = $(lib)/dracut/modules.d/30ignition

# Debian packages per purpose
FOR_PYTHON = python3-venv
FOR_PINS = cryptsetup-bin clevis-luks clevis-tpm2 tang-common swtpm libtss2-tcti-swtpm0
FOR_UNIT = openssl qemu-utils xorriso passwd systemd gdisk fdisk e2fsprogs util-linux iproute2 shellcheck groff-base \
	binutils libwrap0 chromium fonts-dejavu-core $(FOR_PINS)
FOR_MACHINE = user-mode-linux udev systemd dbus kmod mount fdisk gdisk e2fsprogs xfsprogs btrfs-progs dosfstools \
	mdadm dmsetup kpartx xorriso mtools openssl $(FOR_PINS)
FOR_GUESTS = qemu-system-x86 qemu-utils ovmf mmdebstrap uidmap grub-common grub-pc-bin grub-efi-amd64-bin \
	systemd-boot-efi xorriso mtools dosfstools fdisk e2fsprogs util-linux openssl swtpm tang-common jose zstd
VENV = build/venv
# The Debian release that guests run: bookworm or trixie
SUITE = $(or $(IGNITION_SUITE),bookworm)
ON_SUITE = IGNITION_SUITE=$(SUITE)
PYTEST = $(VENV)/bin/python -m pytest
RUNS = 100000
MACHINES = 2000
DISKS = 100

# Options of pytest for tests that `make test` leaves out
SLOW =

# Debian's packages of Ignition, with which tests compare, and of a TFTP server; unpacked, not installed
PEER = build/peer

# Replacements of modules that requests imports and the engine does not need
SUBSTITUTES = certifi.py charset_normalizer.py
substitutes = $(addprefix dracut-module/30ignition/substitutes/,$(SUBSTITUTES))

.PHONY: help demo test test-all test-unit test-pythons test-machine test-boot lint lint-style lint-layout lint-types \
	lint-laws lint-generated lint-shell format generate fuzz bench install install-files packages-lint packages-unit packages-machine \
	packages-guests packages-test

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

demo: packages-guests $(VENV)/.complete ## provision a machine in QEMU, boot it again, check both boots; SUITE=trixie
	@$(ON_SUITE) $(VENV)/bin/python -m tests.support.demo

test: packages-test ## the tests of every change: unit, machine and boot
	@$(MAKE) --no-print-directory --keep-going test-unit test-machine test-boot

test-all: packages-test ## the slow ones too, all boots on Debian 12 and 13, units on each Python: five hours without KVM
	@$(MAKE) --no-print-directory --keep-going SLOW=--slow test-unit test-pythons test-machine \
		test-boot-bookworm test-boot-trixie

test-unit: packages-unit $(VENV)/.complete $(PEER)/.complete ## quick tests
	$(PYTEST) tests/unit --numprocesses auto $(SLOW)

test-pythons: packages-unit $(VENV)/.complete $(PEER)/.complete ## quick tests on Python 3.12 to 3.14, as far as installed
	.ci/pythons $(VENV)/requirements tests/unit --numprocesses auto $(SLOW)

test-machine: packages-machine $(VENV)/.complete $(PEER)/.complete ## tests on real block devices, in user-mode Linux
	$(PYTEST) tests/machine $(SLOW)

test-boot: packages-guests $(VENV)/.complete $(PEER)/.complete ## tests that boot QEMU guests; SUITE=trixie: of Debian 13
	$(ON_SUITE) $(PYTEST) tests/boot --numprocesses auto $(SLOW)

test-boot-%: # those of Debian 12 (bookworm) or Debian 13 (trixie)
	@$(MAKE) --no-print-directory test-boot SUITE=$*

lint: packages-lint ## style, types, import laws, generated files, shell scripts
	@$(MAKE) --no-print-directory --keep-going lint-style lint-layout lint-types lint-laws lint-generated lint-shell

lint-style: $(VENV)/.complete
	$(VENV)/bin/ruff check .

lint-layout: $(VENV)/.complete
	$(VENV)/bin/ruff format --check .

lint-types: $(VENV)/.complete
	$(VENV)/bin/mypy ignition tests benchmarks tools

lint-laws: $(VENV)/.complete
	$(PYTEST) -q tests/unit/test_laws.py

lint-generated: $(VENV)/.complete
	$(VENV)/bin/python -m tools.generate --check

lint-shell: packages-lint
	git grep --cached -lE '^#!/bin/(ba)?sh' -- ':!*.py' | xargs shellcheck

format: $(VENV)/.complete ## format the source
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

generate: $(VENV)/.complete ## write model, tables, manuals and pages of docs/ from schemas and code
	$(VENV)/bin/python -m tools.generate

fuzz: packages-unit packages-machine $(VENV)/.complete ## random configs and machines; RUNS=N MACHINES=N DISKS=N
	$(VENV)/bin/python -m pip --disable-pip-version-check install --quiet atheris || echo "continuing without atheris"
	$(VENV)/bin/python -m tests.fuzz --of config --runs $(RUNS)
	$(VENV)/bin/python -m tests.fuzz --of lint --runs $(RUNS)
	$(VENV)/bin/python -m tests.fuzz --of phases --runs $(MACHINES)
	IGNITION_FUZZ_DISKS=$(DISKS) $(PYTEST) tests/machine/disks/test_random_machines.py

bench: $(VENV)/.complete $(PEER)/.complete ## time provisioning, compared with Ignition
	$(VENV)/bin/python -m benchmarks

packages-lint:
	@.ci/packages $(FOR_PYTHON) shellcheck

packages-unit:
	@.ci/packages $(FOR_PYTHON) $(FOR_UNIT)

packages-machine:
	@.ci/packages $(FOR_PYTHON) $(FOR_MACHINE)

packages-guests:
	@.ci/packages $(FOR_PYTHON) $(FOR_GUESTS)

packages-test:
	@.ci/packages $(sort $(FOR_PYTHON) $(FOR_UNIT) $(FOR_MACHINE) $(FOR_GUESTS))

$(VENV)/.complete: pyproject.toml
	@.ci/packages $(FOR_PYTHON)
	@echo "installing Python packages into $(VENV) …"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*p["dependencies"], *p["optional-dependencies"]["test"], sep="\n")' > $(VENV)/requirements
	@$(VENV)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $(VENV)/requirements
	@touch $@

$(PEER)/.complete: .ci/peer
	@mkdir -p $(PEER)
	@.ci/peer $(PEER) && touch $@ || echo "continuing without Ignition: tests that compare with it are skipped"

install: $(if $(filter vendored,$(DEPS)),build/vendored/.complete) ## install the engine, its dracut module and units below DESTDIR
	@umask 022; $(MAKE) --no-print-directory install-files

install-files:
	install -d $(home) $(module) $(lib)/systemd/system $(lib)/systemd/system-preset \
		$(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec
	rm -rf $(home)/*
	cp -rL ignition $(home)/
	rm -rf $(home)/ignition/testbed
	install -d $(home)/bin
	ln -s $(INTERPRETER) $(home)/bin/python3
	find $(home) -name __pycache__ -prune -exec rm -rf {} +
ifeq ($(DEPS),vendored)
	cp -r build/vendored/* $(home)/
endif
	PYTHONHASHSEED=0 $(PYTHON) -m compileall -q --invalidation-mode unchecked-hash -s "$(DESTDIR)" -p / $(home)
	chmod -R u=rwX,go=rX $(home)
	install -m 0755 dracut-module/system/ignition.py $(DESTDIR)$(PREFIX)/bin/ignition
	ln -sf ignition $(DESTDIR)$(PREFIX)/bin/ignition-validate
	ln -sf ../bin/ignition $(DESTDIR)$(PREFIX)/libexec/ignition-apply
	ln -sf ../bin/ignition $(DESTDIR)$(PREFIX)/libexec/ignition-rmcfg
	install -m 0644 dracut-module/30ignition/*.* $(module)/
	cp -r dracut-module/30ignition/substitutes $(module)/
	chmod -R u=rwX,go=rX $(module)/substitutes
	install -m 0755 dracut-module/30ignition/*.sh dracut-module/30ignition/ignition-generator $(module)/
	install -m 0755 dracut-module/30ignition/ignition.py $(module)/
	install -m 0644 dracut-module/system/*.service $(lib)/systemd/system/
	install -m 0644 dracut-module/system/*.preset $(lib)/systemd/system-preset/
	install -m 0755 dracut-module/system/ignition-firstboot-complete.sh \
		$(DESTDIR)$(PREFIX)/libexec/ignition-firstboot-complete
ifneq ($(PREFIX),/usr)
	sed -i 's|/usr/libexec/|$(PREFIX)/libexec/|' $(lib)/systemd/system/ignition-*.service
	sed -i 's|^ignition_source=/usr/|ignition_source=$(PREFIX)/|' $(module)/module-setup.sh
endif
	install -D -m 0644 dracut-module/grub/05_ignition.cfg \
		$(lib)/bootupd/grub2-static/configs.d/05_ignition.cfg
	for page in $(wildcard docs/man/*.[1-8]); do \
		install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; \
	done
	install -D -m 0644 docs/completion/ignition.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ignition
	ln -sf ignition $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ignition-validate
	ln -sf ignition $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ignition-rmcfg
	ln -sf ignition $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ignition-apply

build/vendored/.complete: dracut-module/vendor.txt $(substitutes)
	rm -rf build/vendored
	$(PYTHON) -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv build/pip
	$$(ls build/pip/bin/python 2> /dev/null || echo $(PYTHON)) -m pip --disable-pip-version-check install --quiet \
		--no-compile --no-deps --target build/vendored --only-binary :all: --platform any --implementation py \
		--abi none --python-version 3.11 --require-hashes --requirement dracut-module/vendor.txt
	rm -rf build/vendored/bin build/vendored/jsonschema/tests build/vendored/jsonschema/benchmarks \
		build/vendored/botocore/data build/vendored/botocore/docs build/vendored/botocore/cacert.pem \
		build/vendored/dateutil/zoneinfo
	cp $(substitutes) build/vendored/
	touch $@
