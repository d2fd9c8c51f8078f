/* pack_test.c: folders become a pack that every tar brings back, whatever lies in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <zstd.h>

#include "tests/unit/tree.h"
#include "worker/archive/manifest.h"
#include "worker/archive/pack.h"
#include "worker/dest/dest.h"

struct place {
	char path[64], source[80], out[80];
	struct storage storage;
	char store[80];
	struct dest *dest;
	struct buf said;              /* what the watch was told, a line each */
	pthread_mutex_t lock;
	int64_t bytes;
	struct buf manifest;          /* decoded */
	struct pack_totals totals;
};

static int
set_up(void **state)
{
	static struct place place;
	struct err e;

	place = (struct place){ .said = BUF_INIT, .manifest = BUF_INIT };
	pthread_mutex_init(&place.lock, NULL);
	snprintf(place.path, sizeof place.path, "/tmp/pack_test.XXXXXX");
	assert_non_null(mkdtemp(place.path));
	snprintf(place.source, sizeof place.source, "%s/source", place.path);
	snprintf(place.out, sizeof place.out, "%s/out", place.path);
	snprintf(place.store, sizeof place.store, "%s/store", place.path);
	place.storage = (struct storage){ .slug = "main", .kind = "local", .path = place.store };
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;

	dest_closep(&place->dest);
	buf_release(&place->said);
	buf_release(&place->manifest);
	RUN("/", "chmod", "-R", "u+rwX", place->path);
	return RUN("/", "rm", "-rf", place->path);
}

static void
on_say(void *arg, const char *stream, const char *text)
{
	struct place *place = arg;

	pthread_mutex_lock(&place->lock);
	buf_printf(&place->said, "%s %s\n", stream, text);
	pthread_mutex_unlock(&place->lock);
}

static void
on_bytes(void *arg, int64_t more)
{
	struct place *place = arg;

	place->bytes += more;
}

static int
to_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static int
to_buf(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

static int
to_file(void *arg, const void *p, size_t n, struct err *e)
{
	return fd_write_all(*(int *)arg, p, n, e);
}

static int
pack_with(struct place *place, const struct pack_spec *wanted, const struct sink *data,
    struct err *e)
{
	const struct watch watch = { on_bytes, on_say, place };
	CLEANUP_UPLOAD struct upload *pack = NULL;
	CLEANUP_UPLOAD struct upload *list = NULL;
	struct pack_spec spec = *wanted;

	spec.frames = (struct frame_options){ .level = 3, .threads = 2 };
	spec.pack_name = "a.tar.zst";
	spec.watch = &watch;
	assert_int_equal(dest_begin(&pack, place->dest, "a.tar.zst", 1, e), 0);
	assert_int_equal(dest_begin(&list, place->dest, "a.manifest.zst", 1, e), 0);
	const struct sink to_pack = { to_upload, pack }, to_list = { to_upload, list };

	if (pack_write(&place->totals, data != NULL ? data : &to_pack, &to_list, &spec, e) != 0)
		return -1;
	assert_int_equal(upload_commit(&pack, e), 0);
	return upload_commit(&list, e);
}

static int
pack_roots(struct place *place, const char *const *roots, size_t count, struct err *e)
{
	const struct pack_spec spec = { .roots = roots, .root_count = count };

	return pack_with(place, &spec, NULL, e);
}

static void
pack_source(struct place *place)
{
	const char *const roots[] = { place->source };
	struct err e = { .text = "" };

	if (pack_roots(place, roots, 1, &e) != 0)
		fail_msg("%s", e.text);
}

static void
decode(struct place *place, const char *key, const struct frame_totals *expect,
    const struct sink *to)
{
	CLEANUP_OBJECT struct object *o = NULL;
	struct frame_totals got;
	int64_t bytes;
	struct err e = { .text = "" };

	assert_int_equal(object_open(&o, &bytes, place->dest, key, &e), 0);
	if (frame_read(&got, o, to, expect, &e) != 0)
		fail_msg("%s", e.text);
}

static void
decode_pack(struct place *place)
{
	char path[100];
	CLEANUP_FD int fd = -1;
	const struct sink file = { to_file, &fd }, list = { to_buf, &place->manifest };

	snprintf(path, sizeof path, "%s/pack.tar", place->path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	decode(place, "a.tar.zst", &place->totals.data, &file);
	decode(place, "a.manifest.zst", &place->totals.manifest, &list);
}

static bool
has_line(const struct place *place, const char *start, const char *word)
{
	const char *at = strstr(place->manifest.p, start);
	const char *end = at != NULL ? strchr(at, '\n') : NULL;
	const char *found = at != NULL ? strstr(at, word) : NULL;

	return found != NULL && found < end;
}

/* -- what comes back -- */

static void
extracts_equal_with(struct place *place, const char *const *argv)
{
	struct tree_check check = { .times = true, .links = true };

	assert_int_equal(mkdir(place->out, 0755), 0);
	assert_int_equal(tree_run(place->out, argv), 0);
	assert_int_equal(tree_compare(&check, place->source, place->out), 0);
	assert_true(check.seen > 350);
}

static void
gnu_tar_brings_everything_back(void **state)
{
	static const char *const gnu[] = { "tar", "--warning=no-timestamp", "-xpf", "../pack.tar",
		NULL };
	struct place *place = *state;

	tree_make(place->source);
	pack_source(place);
	decode_pack(place);
	extracts_equal_with(place, gnu);
	assert_int_equal(place->totals.warnings, 0);
	assert_int_equal(place->bytes, place->totals.data.raw_bytes);
}

static void
bsdtar_brings_everything_back(void **state)
{
	static const char *const bsd[] = { "bsdtar", "-xpf", "../pack.tar", NULL };
	struct place *place = *state;

	tree_make(place->source);
	pack_source(place);
	decode_pack(place);
	extracts_equal_with(place, bsd);
}

static void
zstd_and_tar_need_nothing_of_ours(void **state)
{
	static const char *const shell[] = { "sh", "-c", "zstd -qdc ../store/a.tar.zst | tar -xp",
		NULL };
	struct place *place = *state;

	tree_make(place->source);
	pack_source(place);
	extracts_equal_with(place, shell);
}

static void
the_manifest_tells_type_mode_owner_time_size_and_hash(void **state)
{
	struct place *place = *state;

	tree_make(place->source);
	pack_source(place);
	decode_pack(place);
	assert_int_equal(strncmp(place->manifest.p, "#mtree\n# lazarette manifest 1\n", 29), 0);
	assert_true(has_line(place, "./plain.txt ", "size=6 time=1234567890.123456789"));
	assert_true(has_line(place, "./plain.txt ",
	    "sha256=dacf36547c7774a0a170806363b5d412991fbc0d6260b2c00b1d3a80a816c23f"));
	assert_true(has_line(place, "./-rf ", "time=-86400.000000000"));
	assert_true(has_line(place, "./new\\012line ", "type=file"));
	assert_true(
	    has_line(place, "./\\377\\376\\040bad\\040utf-8 ", "x-pack=a.tar.zst x-frame="));
	assert_true(has_line(place, "./closed/setuid ", "mode=4755"));
	assert_true(has_line(place, "./closed ", "type=dir mode=0555"));
	assert_true(has_line(place, "./long\\040link ", "link=ttttt"));
	assert_true(has_line(place, ". ", "type=dir"));
}

/* Each file's place in the pack: decode that frame and those behind it, and the content is there.
 */
struct seek {
	struct place *place;
	struct buf stored;
	int checked;
};

static int
seek_entry(void *arg, const struct entry *entry, struct err *e)
{
	struct seek *s = arg;
	CLEANUP_BUF struct buf raw = BUF_INIT;
	char want[65];
	size_t at = (size_t)entry->frame_offset;

	(void)e;
	if (entry->type != ENTRY_FILE || entry->size == 0)
		return 0;
	while (raw.n < (size_t)(entry->at + entry->size)) {
		unsigned long long n = ZSTD_getFrameContentSize(s->stored.p + at, s->stored.n - at);
		size_t frame = ZSTD_findFrameCompressedSize(s->stored.p + at, s->stored.n - at);

		assert_true(n <= FRAME_RAW_MAX);
		assert_int_equal(ZSTD_decompress(buf_room(&raw, n), n, s->stored.p + at, frame), n);
		buf_took(&raw, n);
		at += frame;
	}
	hash_of(want, raw.p + entry->at, (size_t)entry->size);
	assert_string_equal(want, entry->sha256);
	s->checked++;
	return 0;
}

static void
one_file_can_be_read_by_its_place_alone(void **state)
{
	struct place *place = *state;
	struct seek seek = { .place = place, .stored = BUF_INIT };
	struct manifest_reader reader = { .each = seek_entry, .arg = &seek, .line = BUF_INIT };
	char path[100];
	struct err e;

	tree_make(place->source);
	pack_source(place);
	decode_pack(place);
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	assert_int_equal(fd_read_file(&seek.stored, path, 1 << 30, &e), 0);
	assert_int_equal(manifest_read(&reader, place->manifest.p, place->manifest.n, &e), 0);
	assert_int_equal(manifest_read_end(&reader, &e), 0);
	/* All files but the empty ones (two) and further names. */
	assert_int_equal(seek.checked, place->totals.files - 3);
	buf_release(&seek.stored);
}

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

/* -- roots and excludes -- */

static void
several_roots_have_folders_of_their_own(void **state)
{
	struct place *place = *state;
	CLEANUP_FD int top = -1;
	char roots[3][100];
	const char *list[3];
	struct err e;

	assert_int_equal(mkdir(place->source, 0755), 0);
	top = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3; i++) {
		static const char *const above[] = { "a", "b", "c" },
		                         *const names[] = { "media", "media", "private" };
		int folder = tree_folder(top, above[i]), root = tree_folder(folder, names[i]);

		tree_put(root, "file", above[i], 1);
		close(root);
		close(folder);
		snprintf(roots[i], sizeof roots[i], "%s/%s/%s%s", place->source, above[i], names[i],
		    i ? "" : "/");
		list[i] = roots[i];
	}
	assert_int_equal(pack_roots(place, list, 3, &e), 0);
	decode_pack(place);
	assert_true(has_line(place, "./media/file ", "type=file"));
	assert_true(has_line(place, "./media-2/file ", "type=file"));
	assert_true(has_line(place, "./private/file ", "type=file"));
	assert_true(has_line(place, "./private ", "type=dir"));
	assert_int_equal(place->totals.files, 3);
}

static void
make_excluded(const char *source)
{
	CLEANUP_FD int root = -1;
	int cache, deep;

	assert_int_equal(mkdir(source, 0755), 0);
	root = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cache = tree_folder(root, "cache");
	tree_put(cache, "a.jpg", "a", 1);
	tree_put(cache, "b.tmp", "bb", 2);
	deep = tree_folder(cache, "thumbs");
	tree_put(deep, "c.jpg", "ccc", 3);
	close(deep);
	close(cache);
	tree_put(root, "keep.jpg", "dddd", 4);
	tree_put(root, "thumbs", "a file", 6);
}

static void
excludes_match_names_and_paths_and_are_counted_before(void **state)
{
	static const char *const patterns[] = { "*.tmp", "cache/a.*", "thumbs/", "" };
	struct place *place = *state;
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1, .excludes = patterns,
		.exclude_count = 4 };
	struct pack_count count;
	struct err e;

	make_excluded(place->source);
	assert_int_equal(pack_with(place, &spec, NULL, &e), 0);
	decode_pack(place);
	assert_true(has_line(place, "./keep.jpg ", "type=file"));
	assert_true(has_line(place, "./thumbs ", "type=file"));
	assert_false(has_line(place, "./cache/a.jpg ", "type"));
	assert_false(has_line(place, "./cache/b.tmp ", "type"));
	assert_false(has_line(place, "./cache/thumbs", "type"));
	assert_true(has_line(place, "./cache ", "type=dir"));
	assert_int_equal(place->totals.warnings, 0);

	assert_int_equal(pack_count(&count, &spec, &e), 0);
	assert_int_equal(count.files, 2);
	assert_int_equal(count.bytes, 10);
	assert_int_equal(count.excluded, 3);
	assert_int_equal(count.folders, 2);
	assert_int_equal(count.unreadable, 0);
}

static void
an_empty_folder_is_a_valid_backup(void **state)
{
	struct place *place = *state;

	assert_int_equal(mkdir(place->source, 0755), 0);
	pack_source(place);
	decode_pack(place);
	assert_int_equal(place->totals.entries, 1);
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
		T(gnu_tar_brings_everything_back),
		T(bsdtar_brings_everything_back),
		T(zstd_and_tar_need_nothing_of_ours),
		T(the_manifest_tells_type_mode_owner_time_size_and_hash),
		T(one_file_can_be_read_by_its_place_alone),
		T(fifos_sockets_and_devices_are_counted_and_never_opened),
		T(what_cannot_be_read_is_a_warning_with_its_name),
		T(a_missing_root_is_an_error_and_not_an_empty_backup),
		T(a_file_that_shrinks_is_filled_up_and_named),
		T(a_file_that_grows_keeps_its_size_and_is_named),
		T(files_that_vanish_are_in_the_pack_or_named),
		T(a_file_that_ends_early_is_stored_as_far_as_it_went),
		T(several_roots_have_folders_of_their_own),
		T(excludes_match_names_and_paths_and_are_counted_before),
		T(an_empty_folder_is_a_valid_backup),
		T(a_full_storage_stops_it_with_the_storages_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
