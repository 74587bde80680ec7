# SPDX-License-Identifier: Apache-2.0

PREFIX = /usr
DESTDIR =
PYTHON = $(firstword $(wildcard build/venv/bin/python) python3)

# Where requests, pyudev and jsonschema come from: `vendored` lays them beside the engine, from the index that pip is
# configured for; `system` leaves them to the distribution's packages.
DEPS = vendored

lib = $(DESTDIR)$(PREFIX)/lib
home = $(lib)/ignition-firstboot
module = $(lib)/dracut/modules.d/30ignition

.PHONY: help install

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

install: $(if $(filter vendored,$(DEPS)),build/vendored/.complete) ## the engine, its dracut module and units, below DESTDIR
	install -d $(home) $(module) $(lib)/systemd/system $(lib)/systemd/system-preset \
		$(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec
	rm -rf $(home)/*
	cp -rL ignition $(home)/
	find $(home) -name __pycache__ -prune -exec rm -rf {} +
ifeq ($(DEPS),vendored)
	cp -r build/vendored/* $(home)/
endif
	install -m 0755 dracut-module/system/ignition.py $(DESTDIR)$(PREFIX)/bin/ignition
	ln -sf ignition $(DESTDIR)$(PREFIX)/bin/ignition-validate
	ln -sf ../bin/ignition $(DESTDIR)$(PREFIX)/libexec/ignition-apply
	ln -sf ../bin/ignition $(DESTDIR)$(PREFIX)/libexec/ignition-rmcfg
	install -m 0644 dracut-module/30ignition/*.* $(module)/
	cp -r dracut-module/30ignition/substitutes $(module)/
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

build/vendored/.complete: dracut-module/vendor.txt dracut-module/30ignition/substitutes/certifi.py
	rm -rf build/vendored
	$(PYTHON) -m pip --disable-pip-version-check install --quiet --no-compile --no-deps --target build/vendored \
		--only-binary :all: --platform any --implementation py --abi none --python-version 3.11 \
		--requirement dracut-module/vendor.txt
	rm -rf build/vendored/bin build/vendored/jsonschema/tests build/vendored/jsonschema/benchmarks
	cp dracut-module/30ignition/substitutes/certifi.py build/vendored/
	touch $@
