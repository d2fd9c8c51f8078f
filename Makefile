# Makefile: the whole house, non-recursive. `make help` lists the targets.
#
# Variants are the same rules with another BUILD folder and other flags: release (what is installed),
# test (fault points, coverage), asan (ASan+UBSan, fault points), clang (compiles clean under clang), fuzz.

BUILD   ?= release
B       := build/$(BUILD)
VERSION := 0.1.0
prefix  ?= /usr
# V=1 shows whole command lines.
Q := $(if $(V),,@)
say = $(if $(V),@:,@echo '  $(1)')
sysconfdir    ?= /etc
DESTDIR ?=
PKG_CONFIG ?= pkg-config

PACKAGES := fcgi libcurl sqlite3 openssl libarchive libzstd libsodium zlib libconfuse jansson libesmtp-1.0 libseccomp smartcols

WARN := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum -Wimplicit-fallthrough -fno-common
GCC_WARN := -Wjump-misses-init -Wlogical-op -Wduplicated-cond

CC_release := gcc
CFLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE $(GCC_WARN)
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CC_test := gcc
CFLAGS_test := -O1 -g -DFAULT_POINTS --coverage -fprofile-update=atomic $(GCC_WARN)
LDFLAGS_test := --coverage
CC_asan := gcc
CFLAGS_asan := -O1 -g -DFAULT_POINTS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer $(GCC_WARN)
LDFLAGS_asan := -fsanitize=address,undefined
CC_clang := clang
CFLAGS_clang := -O0 -fPIE
LDFLAGS_clang := -pie
CC_fuzz := clang
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LDFLAGS_fuzz := -fsanitize=fuzzer,address,undefined

CC := $(CC_$(BUILD))
CPPFLAGS := -D_GNU_SOURCE -DLAZARETTE_VERSION='"$(VERSION)"' -DLAZARETTE_SHARE='"$(prefix)/share/lazarette"' -I. -I$(B)/gen \
	-isystem /usr/include/ClearSilver $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
CFLAGS := -std=c17 -pedantic -pthread $(WARN) $(CFLAGS_$(BUILD))
LDFLAGS := -pthread $(LDFLAGS_$(BUILD))
LDLIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null) -lneo_cs -lneo_utl -lm

LIB    := $(wildcard lib/*/*.c)
CGI    := $(wildcard cgi/*.c cgi/*/*.c)
WORKER := $(wildcard worker/*.c worker/*/*.c)
CLI    := $(wildcard cli/*.c)
obj     = $(patsubst %.c,$(B)/%.o,$(1))
MAINS  := cgi/main.c worker/main.c cli/main.c
UNIT   := $(wildcard tests/unit/*_test.c)
FUZZ   := $(wildcard tests/fuzz/*_fuzz.c)
TOOLS  := $(wildcard tests/fake/*.c tests/bench/*.c)

PROGRAMS := $(foreach p,web:cgi worker:worker,$(if $(wildcard $(word 2,$(subst :, ,$(p)))/main.c),$(B)/lazarette-$(word 1,$(subst :, ,$(p))))) \
	$(if $(wildcard cli/main.c),$(B)/lazarette)

.PHONY: all run demo test check lint asan cover bench fuzz install uninstall clean help programs units fuzzers tools deps
.DELETE_ON_ERROR:
.SECONDARY:

all: deps            ## build the three programs
	@$(MAKE) --no-print-directory programs

help:                ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

# Installs the build packages when the compiler cannot find them; silent when they are there.
deps:
	@packaging/install build run

programs: $(PROGRAMS)
units: $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT))
fuzzers: $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ))
tools: $(patsubst tests/%.c,$(B)/%,$(TOOLS))

$(B)/lazarette-web: $(call obj,$(LIB) $(CGI))
$(B)/lazarette-worker: $(call obj,$(LIB) $(WORKER))
$(B)/lazarette: $(call obj,$(LIB) $(CLI))
$(PROGRAMS):
	$(call say,LD $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Everything but the mains, for tests; an archive, so that each takes only what it calls.
$(B)/all.a: $(call obj,$(filter-out $(MAINS),$(LIB) $(CGI) $(WORKER) $(CLI)))
	@rm -f $@
	$(call say,AR $@)
	$(Q)ar rcs $@ $^
$(B)/unit/%: $(B)/tests/unit/%.o $(B)/all.a
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka
$(B)/fuzz/%: $(B)/tests/fuzz/%.o $(B)/all.a
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
$(patsubst tests/%.c,$(B)/%,$(TOOLS)): $(B)/%: $(B)/tests/%.o $(B)/all.a
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/%.o: %.c | $(B)/gen/schema.h $(B)/gen/assets.h
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
-include $(shell find $(B) -name '*.d' 2>/dev/null)

# The migrations as byte arrays: schema_sql[N - 1] is lib/store/schema/00N.sql.
$(B)/gen/schema.h: $(wildcard lib/store/schema/*.sql)
	@mkdir -p $(@D)
	@{ for f in $^; do n=$$(basename $$f .sql); \
	  printf 'static const char schema_%s[] = {' $$n; od -An -v -td1 $$f | sed 's/\(-*[0-9][0-9]*\)/\1,/g'; printf '0};\n'; done; \
	  printf 'static const char *const schema_sql[] = {'; for f in $^; do printf 'schema_%s,' $$(basename $$f .sql); done; printf '};\n'; } > $@
# Content hashes of what nginx serves as immutable.
$(B)/gen/assets.h: $(wildcard static/*)
	@mkdir -p $(@D)
	@{ for f in console.css console.js icons.svg; do test -f static/$$f || continue; \
	  printf '#define ASSET_%s "%s?v=%s"\n' $$(echo $$f | tr a-z. A-Z_) $$f $$(sha256sum < static/$$f | cut -c1-8); done; echo; } > $@

run: all             ## an instance with a demo project, in the foreground
	@packaging/run/run

demo: all            ## the same without a person: backup, download, mail, link, checksum
	@packaging/run/demo

test:                ## install what the tests need and run all of them
	@packaging/install build run test
	@tests/run all

check:               ## the quick subset, under two minutes
	@packaging/install build run test
	@tests/run check

lint:                ## layers, lengths, banned calls, templates
	@tests/lint/lint

asan:                ## the suite under ASan+UBSan
	@packaging/install build run test
	@tests/run asan

cover:               ## line coverage of the last test run
	@tests/run cover

bench:               ## figures, as ratios measured side by side
	@packaging/install build run test bench
	@$(MAKE) --no-print-directory programs tools
	@tests/bench/bench

install: programs    ## DESTDIR= prefix=
	install -d $(DESTDIR)$(prefix)/bin $(DESTDIR)$(prefix)/lib/lazarette $(DESTDIR)$(prefix)/share/lazarette/templates/mail \
	  $(DESTDIR)$(prefix)/share/lazarette/static $(DESTDIR)$(prefix)/share/doc/lazarette/hooks
	install -m 755 $(B)/lazarette $(DESTDIR)$(prefix)/bin/
	install -m 755 $(B)/lazarette-web $(B)/lazarette-worker $(DESTDIR)$(prefix)/lib/lazarette/
	install -m 644 templates/*.cs $(DESTDIR)$(prefix)/share/lazarette/templates/
	install -m 644 templates/mail/*.cs $(DESTDIR)$(prefix)/share/lazarette/templates/mail/
	install -m 644 static/* $(DESTDIR)$(prefix)/share/lazarette/static/
	install -m 644 README.md docs/format.md nginx/*.conf* packaging/nginx/*.conf packaging/prometheus/*.yml \
	  $(DESTDIR)$(prefix)/share/doc/lazarette/
	install -m 755 packaging/hooks/* $(DESTDIR)$(prefix)/share/doc/lazarette/hooks/
	for m in docs/*.[1-8]; do \
	  install -D -m 644 $$m $(DESTDIR)$(prefix)/share/man/man$${m##*.}/$$(basename $$m) || exit 1; done

uninstall:
	rm -rf $(DESTDIR)$(prefix)/bin/lazarette $(DESTDIR)$(prefix)/lib/lazarette $(DESTDIR)$(prefix)/share/lazarette $(DESTDIR)$(prefix)/share/doc/lazarette
	rm -f $(patsubst docs/%,$(DESTDIR)$(prefix)/share/man/man?/%,$(wildcard docs/*.[1-8]))

clean:               ## remove what was built
	rm -rf build
