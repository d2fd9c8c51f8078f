/* pack_trouble_test.c: what cannot be read, changes while it is read, or finds no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "tests/unit/packing.h"

/* -- what must not be opened, and what cannot be -- */

static void
fifos_sockets_and_devices_are_counted_and_never_opened(void **state)
{
	static const char *const gnu[] = { "tar", "-xpf", "../pack.tar", NULL };
	struct place *place = *state;
	int specials;

	tree_make(place->source);
	specials = tree_add_specials(place->source);
	/* Opening the FIFO for reading would wait for ever. */
	pack_source(place);
	assert_int_equal(place->totals.warnings, specials);
	assert_non_null(strstr(place->said.p, "warn fifo: is a FIFO; it is not in the backup\n"));
	assert_non_null(
	    strstr(place->said.p, "warn socket: is a socket; it is not in the backup\n"));
	decode_pack(place);
	assert_int_equal(mkdir(place->out, 0755), 0);
	assert_int_equal(tree_run(place->out, gnu), 0);
	assert_false(has_line(place, "./fifo ", "type"));
}

static void
as_nobody(struct place *place)
{
	const char *const roots[] = { place->source };
	struct err e = { .text = "" };
	int rc;

	assert_int_equal(setegid(65534) | seteuid(65534), 0);
	rc = pack_roots(place, roots, 1, &e);
	assert_int_equal(seteuid(0) | setegid(0), 0);
	if (rc != 0)
		fail_msg("%s", e.text);
}

static void
what_cannot_be_read_is_a_warning_with_its_name(void **state)
{
	struct place *place = *state;
	CLEANUP_FD int root = -1;
	int folder;

	if (geteuid() != 0)
		skip();
	tree_make(place->source);
	assert_int_equal(chmod(place->path, 0755), 0);
	assert_int_equal(chmod(place->store, 0777), 0);
	root = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = tree_folder(root, "forbidden");
	tree_put(folder, "inside", "x", 1);
	assert_int_equal(fchmod(folder, 0700), 0);
	close(folder);
	tree_put_many(root, "big secret", 9 << 20, false);
	assert_int_equal(fchmodat(root, "big secret", 0600, 0), 0);
	as_nobody(place);
	decode_pack(place);
	/* closed/secret, forbidden, big secret. */
	assert_int_equal(place->totals.warnings, 3);
	assert_non_null(strstr(place->said.p,
	    "warn closed/secret: cannot be opened (Permission denied); it is not in the backup\n"));
	assert_non_null(strstr(place->said.p,
	    "warn forbidden: cannot be opened: Permission denied; what is in it is not in the "
	    "backup\n"));
	assert_non_null(strstr(place->said.p,
	    "warn big secret: cannot be opened (Permission denied); it is not in the backup\n"));
	assert_false(has_line(place, "./closed/secret ", "type"));
	assert_false(has_line(place, "./big\\040secret ", "type"));
	assert_true(has_line(place, "./forbidden ", "type=dir"));
	assert_true(has_line(place, "./closed/setuid ", "type=file"));
}

static void
a_missing_root_is_an_error_and_not_an_empty_backup(void **state)
{
	struct place *place = *state;
	const char *roots[] = { place->path, "/nowhere/at/all" };
	struct err e;

	assert_int_equal(pack_roots(place, roots, 2, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_string_equal(e.text, "Folder /nowhere/at/all does not exist");
	roots[1] = "/etc/passwd";
	assert_int_equal(pack_roots(place, roots, 2, &e), -1);
	assert_string_equal(e.text, "/etc/passwd is not a folder");
	roots[1] = "relative";
	assert_int_equal(pack_roots(place, roots, 2, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(pack_roots(place, roots, 0, &e), -1);
}

/* -- files that change while they are read -- */

struct meddler {
	const char *source;
	void (*meddle)(const char *source);
	struct buf stored;
};

/* At the first bytes that come out, the reader can be at most a few slots further. */
static int
meddle_once(void *arg, const void *p, size_t n, struct err *e)
{
	struct meddler *m = arg;

	(void)e;
	if (m->stored.n == 0)
		m->meddle(m->source);
	buf_add(&m->stored, p, n);
	return 0;
}

static void
pack_meddled(struct place *place, void (*meddle)(const char *))
{
	struct meddler m = { place->source, meddle, BUF_INIT };
	const struct sink to = { meddle_once, &m };
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1 };
	struct err e = { .text = "" };
	char path[100];

	if (pack_with(place, &spec, &to, &e) != 0)
		fail_msg("%s", e.text);
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	assert_int_equal(fd_put_file(path, m.stored.p, m.stored.n, 0600, &e), 0);
	buf_release(&m.stored);
	decode_pack(place);
	assert_int_equal(RUN(place->path, "tar", "-tf", "pack.tar", "--quoting-style=escape",
	    "--index-file=/dev/null"), 0);
}

static void
make_big(const char *source)
{
	CLEANUP_FD int root = -1;

	assert_int_equal(mkdir(source, 0755), 0);
	root = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_put_many(root, "big", 64 << 20, false);
}

static void
shrink_big(const char *source)
{
	char path[100];

	snprintf(path, sizeof path, "%s/big", source);
	assert_int_equal(truncate(path, 30 << 20), 0);
}

static void
a_file_that_shrinks_is_filled_up_and_named(void **state)
{
	struct place *place = *state;

	make_big(place->source);
	pack_meddled(place, shrink_big);
	assert_int_equal(place->totals.warnings, 1);
	assert_non_null(strstr(place->said.p, "warn big: became shorter while it was read"));
	assert_true(has_line(place, "./big ", "size=67108864"));
}

static void
grow_big(const char *source)
{
	char path[100];
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof path, "%s/big", source);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(fd, "more", 4), 4);
}

static void
a_file_that_grows_keeps_its_size_and_is_named(void **state)
{
	struct place *place = *state;

	make_big(place->source);
	pack_meddled(place, grow_big);
	assert_int_equal(place->totals.warnings, 1);
	assert_non_null(strstr(place->said.p, "warn big: changed while it was read\n"));
	assert_true(has_line(place, "./big ", "size=67108864"));
}

enum { VANISHING = 60 };

static void
remove_small(const char *source)
{
	char path[128];

	for (int i = 0; i < VANISHING; i++) {
		snprintf(path, sizeof path, "%s/small-%02d", source, i);
		assert_int_equal(unlink(path), 0);
	}
}

static void
files_that_vanish_are_in_the_pack_or_named(void **state)
{
	struct place *place = *state;
	char name[128];

	make_big(place->source);
	for (int i = 0; i < VANISHING; i++) {
		CLEANUP_FD int root = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		snprintf(name, sizeof name, "small-%02d", i);
		tree_put(root, name, name, strlen(name));
	}
	pack_meddled(place, remove_small);
	assert_int_equal(place->totals.files - 1 + place->totals.warnings, VANISHING);
	for (int i = 0; i < VANISHING; i++) {
		char line[32], warning[80];

		snprintf(line, sizeof line, "./small-%02d ", i);
		snprintf(warning, sizeof warning, "warn small-%02d: vanished before it was read",
		    i);
		assert_int_not_equal(has_line(place, line, "sha256="),
		    strstr(place->said.p, warning) != NULL);
	}
}

/* -- files that change between being listed and being read -- */

static const char *const changing[] = { "grows", "vanishes", "a fifo", "a link", "shrinks" };

static void
change_all(const char *source)
{
	CLEANUP_FD int root = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	tree_put_many(root, "grows", 6 << 20, true);
	for (int i = 1; i < 4; i++)
		assert_int_equal(unlinkat(root, changing[i], 0), 0);
	assert_int_equal(mkfifoat(root, "a fifo", 0644), 0);
	assert_int_equal(symlinkat("/etc/passwd", root, "a link"), 0);
	tree_put(root, "shrinks", "s", 1);
}

/* In a process of its own, which stops itself once all is listed and nothing is read. */
static void
pack_stopping(struct place *place)
{
	const char *const roots[] = { place->source };
	char path[100];
	struct err e = { .text = "" };

	setenv("LAZARETTE_FAULT", "pack.before_fill:stop", 1);
	if (pack_roots(place, roots, 1, &e) != 0)
		exit(1);
	snprintf(path, sizeof path, "%s/said", place->path);
	exit(fd_put_file(path, place->said.p, place->said.n, 0600, &e) == 0 ? 0 : 2);
}

static void
files_that_change_after_they_were_listed_are_new_or_named(void **state)
{
	struct place *place = *state;
	CLEANUP_BUF struct buf said = BUF_INIT;
	CLEANUP_FD int root = -1, out = -1;
	char path[100];
	int status;
	pid_t child;
	struct err e;

	assert_int_equal(mkdir(place->source, 0755), 0);
	root = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++)
		tree_put(root, changing[i], "before", 6);
	fflush(stdout);
	child = fork();
	if (child == 0)
		pack_stopping(place);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	change_all(place->source);
	assert_int_equal(kill(child, SIGCONT), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);

	snprintf(path, sizeof path, "%s/said", place->path);
	assert_int_equal(fd_read_file(&said, path, 1 << 20, &e), 0);
	assert_non_null(strstr(said.p, "warn vanishes: vanished before it was read"));
	assert_non_null(strstr(said.p, "warn a fifo: is no longer a file"));
	assert_non_null(strstr(said.p, "warn a link: is no longer a file"));
	assert_int_equal(mkdir(place->out, 0755), 0);
	assert_int_equal(RUN(place->out, "sh", "-c", "zstd -qdc ../store/a.tar.zst | tar -xp"), 0);
	/* What grew out of its place was read again, whole. */
	out = open(place->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(tree_same_content(root, out, "grows"));
	assert_true(tree_same_content(root, out, "shrinks"));
	assert_int_equal(RUN(place->out, "sh", "-c", "test $(ls | wc -l) = 2"), 0);
}

/* The kernel's own small files say 4096 bytes and have fewer. */
static void
a_file_that_ends_early_is_stored_as_far_as_it_went(void **state)
{
	static const char *const roots[] = { "/sys/kernel/mm/transparent_hugepage" };
	struct place *place = *state;
	struct err e;

	if (access(roots[0], R_OK) != 0)
		skip();
	if (pack_roots(place, roots, 1, &e) != 0)
		fail_msg("%s", e.text);
	decode_pack(place);
	assert_non_null(strstr(place->said.p, "warn enabled: became shorter while it was read\n"));
	assert_false(has_line(place, "./enabled ", "size=4096 "));
	assert_int_equal(RUN(place->path, "tar", "-tf", "pack.tar", "--index-file=/dev/null"), 0);
}

static int
refuse(void *arg, const void *p, size_t n, struct err *e)
{
	(void)arg;
	(void)p;
	(void)n;
	return err_set(e, ERR_FULL, "storage main is full: has 0 B");
}

static void
a_full_storage_stops_it_with_the_storages_words(void **state)
{
	struct place *place = *state;
	const struct sink full = { refuse, NULL };
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1 };
	struct err e;

	tree_make(place->source);
	assert_int_equal(pack_with(place, &spec, &full, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
	assert_string_equal(e.text, "storage main is full: has 0 B");
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(fifos_sockets_and_devices_are_counted_and_never_opened),
		T(what_cannot_be_read_is_a_warning_with_its_name),
		T(a_missing_root_is_an_error_and_not_an_empty_backup),
		T(a_file_that_shrinks_is_filled_up_and_named),
		T(a_file_that_grows_keeps_its_size_and_is_named),
		T(files_that_vanish_are_in_the_pack_or_named),
		T(files_that_change_after_they_were_listed_are_new_or_named),
		T(a_file_that_ends_early_is_stored_as_far_as_it_went),
		T(a_full_storage_stops_it_with_the_storages_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
