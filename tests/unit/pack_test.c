/* pack_test.c: folders become a pack that every tar brings back, whatever lies in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <zstd.h>

#include "tests/unit/packing.h"

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
a_count_gives_up_when_its_time_is_over(void **state)
{
	struct place *place = *state;
	const char *const roots[] = { place->source };
	struct pack_spec spec = { .roots = roots, .root_count = 1, .count_until = 1 };
	struct pack_count count;
	struct err e;

	make_excluded(place->source);
	assert_int_equal(pack_count(&count, &spec, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	spec.count_until = INT64_MAX;
	assert_int_equal(pack_count(&count, &spec, &e), 0);
	assert_true(count.files > 0);
}

static void
hundreds_of_hard_links_come_back_as_links(void **state)
{
	enum { PAIRS = 700 };
	struct place *place = *state;
	struct tree_check check = { .times = true, .links = true };
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1 };
	CLEANUP_FD int root = -1;
	struct pack_count count;
	struct err e;

	assert_int_equal(mkdir(place->source, 0755), 0);
	root = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < PAIRS; i++) {
		char one[32], two[32];

		snprintf(one, sizeof one, "one-%d", i);
		snprintf(two, sizeof two, "two-%d", i);
		tree_put(root, one, one, strlen(one));
		assert_int_equal(linkat(root, one, root, two, 0), 0);
	}
	pack_source(place);
	decode_pack(place);
	assert_int_equal(place->totals.files, PAIRS);
	assert_int_equal(place->totals.entries, 2 * PAIRS + 1);
	assert_int_equal(mkdir(place->out, 0755), 0);
	assert_int_equal(RUN(place->out, "tar", "-xpf", "../pack.tar"), 0);
	assert_int_equal(tree_compare(&check, place->source, place->out), 0);
	/* The preview counts the bytes of a file once. */
	assert_int_equal(pack_count(&count, &spec, &e), 0);
	assert_int_equal(count.files, 2 * PAIRS);
	assert_int_equal(count.bytes, place->totals.file_bytes);
}

/* As many as can be set, while the storage holds as much of an upload as S3 does. */
static void
pieces_have_room_however_many_threads_there_are(void **state)
{
	static const char *const gnu[] = { "tar", "--warning=no-timestamp", "-xpf", "../pack.tar",
		NULL };
	struct place *place = *state;
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1,
		.frames = { .threads = 16, .held = 20 << 20 } };
	struct err e = { .text = "" };

	tree_make(place->source);
	assert_int_equal(pack_with(place, &spec, NULL, &e), 0);
	decode_pack(place);
	extracts_equal_with(place, gnu);
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
		T(several_roots_have_folders_of_their_own),
		T(excludes_match_names_and_paths_and_are_counted_before),
		T(a_count_gives_up_when_its_time_is_over),
		T(hundreds_of_hard_links_come_back_as_links),
		T(pieces_have_room_however_many_threads_there_are),
		T(an_empty_folder_is_a_valid_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
