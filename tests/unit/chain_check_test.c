/* chain_check_test.c: packs are read to their ends, and each file in them is hashed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/chaining.h"
#include "worker/archive/chain_check.h"

enum { FRAME = 16 << 10, LIMIT = 40000, SMALL = 5000, LARGE = 100000 };

static struct chained chained;

/* What one check of a whole part found. */
static struct {
	int packs;
	int64_t bytes;                /* decoded, of all packs */
	struct buf said;              /* a line for each fault; the manifest's begin with '*' */
} found;

static int
set_up_check(void **state)
{
	if (chaining_set_up(&chained, state) != 0)
		return -1;
	chained.raw_max = FRAME;
	return mkdir(chained.place->source, 0755);
}

static int
tear_down_check(void **state)
{
	buf_release(&found.said);
	return chaining_tear_down(&chained, state);
}

static char *
source(const char *below)
{
	return chaining_source(&chained, below);
}

static void
put(const char *below, size_t size)
{
	tree_put_many(AT_FDCWD, source(below), size, true);
}

static void
put_many(const char *stem, int count, size_t size)
{
	char name[40];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "%s-%02d", stem, i);
		put(name, size);
	}
}

static int
count_bytes(void *arg, const void *p UNUSED, size_t n, struct err *e UNUSED)
{
	*(int64_t *)arg += (int64_t)n;
	return 0;
}

/* How many faults it has; all packs are read in any case. */
static int
check(const struct part *part)
{
	const struct export_part from = { .dest = chained.place->dest, .data = &part->data,
		.manifest = &part->manifest, .chain = part };
	const struct sink to = { count_bytes, &found.bytes };
	CLEANUP_CHAIN_CHECK struct chain_check *k = NULL;
	struct err e = { .text = "" };
	int bad = 0;

	buf_clear(&found.said);
	buf_text(&found.said, "");
	found.packs = 0;
	found.bytes = 0;
	if (chain_check_open(&k, &from, &e) != 0)
		fail_msg("%s", e.text);
	for (;;) {
		const struct stored_object *pack = NULL;
		int rc = chain_check_next(&pack, k, &e);

		if (rc == 0 && pack == NULL)
			return bad;
		if (rc == 0) {
			found.packs++;
			rc = chain_check_pack(k, &to, &e);
		}
		if (rc == 0)
			continue;
		bad++;
		buf_printf(&found.said, "%s%s\n", pack == NULL ? "*" : "", e.text);
	}
}

static bool
is_said(const char *words)
{
	return strstr(found.said.p, words) != NULL;
}

static int64_t
raw_bytes(const struct part *part)
{
	int64_t sum = part->data.raw_bytes;

	for (size_t i = 0; i < part->pack_count; i++)
		sum += part->packs[i].object.raw_bytes;
	return sum;
}

static void
assert_good(const struct part *part)
{
	if (check(part) != 0)
		fail_msg("%s", found.said.p);
	assert_int_equal(found.packs, part->pack_count + 1);
	assert_int_equal(found.bytes, raw_bytes(part));
}

/* -- other manifests, stored as properly as ours -- */

static struct buf
manifest_of(const struct chained_one *l)
{
	struct buf text = BUF_INIT;
	const struct sink to = { to_buf, &text };

	decode(chained.place, l->list, NULL, &to);
	return text;
}

static struct part
with_manifest(const struct chained_one *l, const struct buf *text)
{
	const struct frame_options small = { .level = 3, .threads = 1 };
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct frame_totals totals;
	struct part part = l->part;
	struct err e = { .text = "" };

	assert_int_equal(dest_begin(&up, chained.place->dest, "p/other.manifest.zst", 1, &e), 0);
	const struct sink to = { to_upload, up };

	assert_int_equal(frame_writer_new(&w, &to, &small, &e), 0);
	assert_int_equal(frame_write(w, text->p, text->n, &e), 0);
	assert_int_equal(frame_finish(&totals, w, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	part.manifest = chain_object(chained.arena, "p/other.manifest.zst", &totals);
	return part;
}

static char *
line_of(const struct buf *text, const char *path)
{
	char *at, start[60];

	snprintf(start, sizeof start, "\n./%s ", path);
	at = strstr(text->p, start);
	assert_non_null(at);
	return at + 1;
}

/* The manifest has another hash for the file. */
static struct part
with_other_hash(const struct chained_one *l, const char *path)
{
	CLEANUP_BUF struct buf text = manifest_of(l);
	char *hash = strstr(line_of(&text, path), "sha256=") + strlen("sha256=");

	*hash = *hash == '0' ? '1' : '0';
	return with_manifest(l, &text);
}

static void
move_behind_all(struct buf *text, const char *path)
{
	char *line = line_of(text, path), *next = strchr(line, '\n') + 1;
	size_t n = (size_t)(next - line);
	CLEANUP_BUF struct buf moved = BUF_INIT;

	buf_add(&moved, line, n);
	memmove(line, next, text->n - (size_t)(next - text->p));
	memcpy(text->p + text->n - n, moved.p, n);
}

static void
flip(const char *key, int64_t at)
{
	char path[200], byte;

	snprintf(path, sizeof path, "%s/%s", chained.place->store, key);
	CLEANUP_FD int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static struct chained_one *
chain_of_three(void)
{
	put_many("old", 6, SMALL);
	put("large", LARGE);
	chain_pack(&chained);
	put_many("middle", 6, SMALL);
	assert_int_equal(unlink(source("old-03")), 0);
	chain_pack(&chained);
	put_many("new", 6, SMALL);
	return chain_pack(&chained);
}

/* -- what is good -- */

static void
all_packs_of_a_part_are_read_whole(void **state UNUSED)
{
	struct chained_one *l;

	put("empty", 0);
	assert_int_equal(mkdir(source("folder"), 0755), 0);
	put_many("file", 10, SMALL);
	put("large", LARGE);
	assert_int_equal(RUN(chained.place->source, "ln", "file-00", "again"), 0);
	assert_good(&chain_pack(&chained)->part);
	assert_good(&chain_pack(&chained)->part);
	put_many("more", 10, SMALL);
	assert_int_equal(unlink(source("file-01")), 0);
	l = chain_pack(&chained);
	assert_int_equal(l->part.pack_count, 1);
	assert_good(&l->part);
	assert_int_equal(RUN(chained.place->source, "cp", "large", "copy"), 0);
	assert_int_equal(RUN(chained.place->source, "cp", "file-05", "copy-05"), 0);
	assert_int_equal(RUN(chained.place->source, "cp", "more-05", "copy-more"), 0);
	l = chain_pack(&chained);
	assert_in_range(l->totals.data.raw_bytes, LARGE, LARGE + SMALL);
	assert_good(&l->part);
}

/* A content has two names, which both point to where it lies. */
static void
a_file_in_several_frames_may_be_named_twice(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	CLEANUP_BUF struct buf text = manifest_of(l);
	CLEANUP_BUF struct buf twice = BUF_INIT;
	char *line = line_of(&text, "large"), *next = strchr(line, '\n') + 1;
	struct part part;

	buf_add(&twice, text.p, (size_t)(next - text.p));
	buf_add(&twice, line, (size_t)(next - line));
	twice.p[twice.n - (size_t)(next - line) + 2] = 'b';
	buf_add(&twice, next, text.n - (size_t)(next - text.p));
	part = with_manifest(l, &twice);
	assert_good(&part);
	/* One of them has another hash: that cannot be. */
	line = strstr(twice.p + (next - text.p), "sha256=") + strlen("sha256=");
	*line = *line == '0' ? '1' : '0';
	part = with_manifest(l, &twice);
	assert_int_equal(check(&part), 1);
	assert_true(is_said("where 'barge' should be"));
}

static void
own_packs_with_a_limit_and_nothing_at_all_are_read(void **state UNUSED)
{
	struct chained_one *l;

	chained.limit = LIMIT;
	assert_good(&chain_pack(&chained)->part);
	put_many("file", 30, SMALL);
	put("large", 3 * LIMIT);
	l = chain_pack(&chained);
	assert_in_range(l->own_count, 5, 12);
	assert_good(&l->part);
}

/* A pack that was read lately is passed over: what lies in the next ones is found all the same. */
static void
a_pack_need_not_be_read(void **state UNUSED)
{
	struct part part = with_other_hash(chain_of_three(), "old-02");
	const struct export_part from = { .dest = chained.place->dest, .data = &part.data,
		.manifest = &part.manifest, .chain = &part };
	const struct sink to = { count_bytes, &found.bytes };
	CLEANUP_CHAIN_CHECK struct chain_check *k = NULL;
	const struct stored_object *pack = NULL;
	struct err e = { .text = "" };
	int packs = 0;

	assert_int_equal(chain_check_open(&k, &from, &e), 0);
	for (;; packs++) {
		assert_int_equal(chain_check_next(&pack, k, &e), 0);
		if (pack == NULL)
			break;
		if (packs == 1)
			continue;
		assert_int_equal(chain_check_pack(k, &to, &e), strstr(pack->key, "000") ? -1 : 0);
	}
	assert_int_equal(packs, 3);
}

/* -- what is not -- */

static void
a_file_with_another_hash_is_told(void **state UNUSED)
{
	static const char *const paths[] = { "new-04", "middle-00", "old-05", "large" };
	struct chained_one *l = chain_of_three();

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct part part = with_other_hash(l, paths[i]);
		char quoted[40];

		snprintf(quoted, sizeof quoted, "'%s' is not in p/00%d.tar.zst", paths[i],
		    paths[i][0] == 'n' ? 2 : paths[i][0] == 'm' ? 1 : 0);
		assert_int_equal(check(&part), 1);
		assert_true(is_said(quoted));
		assert_int_equal(found.packs, 3);
		/* The control: nobody compares them, and nothing is found. */
		setenv("LAZARETTE_FAULT_CONTROL", "chain.unchecked", 1);
		assert_good(&part);
		setenv("LAZARETTE_FAULT_CONTROL", "slot.settled_at_once", 1);
	}
}

/* old-03 is not in the last backup any more, but its bytes are in the pack. */
static void
a_changed_byte_where_no_file_is_needed_is_found(void **state UNUSED)
{
	struct chained_one *l;
	CLEANUP_BUF struct buf text = BUF_INIT;
	int64_t at;

	put_many("old", 6, FRAME);
	text = manifest_of(chain_pack(&chained));
	at = strtoll(strstr(line_of(&text, "old-03"), "x-offset=") + strlen("x-offset="), NULL, 10);
	assert_int_equal(unlink(source("old-03")), 0);
	put_many("new", 6, SMALL);
	l = chain_pack(&chained);
	assert_int_equal(l->part.pack_count, 1);
	assert_good(&l->part);
	flip("p/000.tar.zst", at + FRAME / 2);
	assert_int_equal(check(&l->part), 1);
	assert_true(is_said("p/000.tar.zst: the stored copy is damaged at byte"));
	assert_int_equal(found.packs, 2);
}

/* Wherever a byte is another, it is found, and the other packs are read. */
static void
each_changed_byte_is_found(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	int64_t bytes = l->part.data.stored_bytes;

	for (int64_t at = 0; at < bytes; at += bytes / 40 + 1) {
		flip(l->part.data.key, at);
		assert_int_equal(check(&l->part), 1);
		assert_true(is_said("p/002.tar.zst"));
		assert_int_equal(found.packs, 3);
		flip(l->part.data.key, at);
	}
	assert_good(&l->part);
}

static void
packs_that_are_cut_or_gone_or_go_on_are_told_together(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	char path[200];

	snprintf(path, sizeof path, "%s/p/000.tar.zst", chained.place->store);
	assert_int_equal(truncate(path, 70000), 0);
	snprintf(path, sizeof path, "%s/p/001.tar.zst", chained.place->store);
	assert_int_equal(RUN("/", "sh", "-c", "echo more >> \"$0\"", path), 0);
	snprintf(path, sizeof path, "%s/p/002.tar.zst", chained.place->store);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(check(&l->part), 3);
	assert_true(is_said("p/000.tar.zst: the stored copy has 70000 bytes, it should have"));
	assert_true(is_said("p/001.tar.zst: the stored copy has"));
	assert_true(is_said("has no 'p/002.tar.zst'"));
	assert_int_equal(found.packs, 3);
}

/* Frames are good each by itself, and so is every file. */
static void
sizes_and_hashes_that_were_promised_are_compared(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	struct part part = l->part;
	char other[65];

	part.data.raw_bytes++;
	assert_int_equal(check(&part), 1);
	assert_true(is_said("p/002.tar.zst: the stored copy differs: decoded, it has"));
	part = l->part;
	memset(other, '0', 64);
	other[64] = '\0';
	part.data.raw_sha256 = other;
	assert_int_equal(check(&part), 1);
	assert_true(is_said("p/002.tar.zst: the stored copy differs: decoded, its SHA-256 is"));
	part = l->part;
	part.data.stored_sha256 = other;
	assert_int_equal(check(&part), 1);
	assert_true(is_said("p/002.tar.zst: the stored copy differs: its SHA-256 is"));
}

/* -- manifests that tell of no such packs -- */

static void
a_manifest_out_of_order_is_told_and_all_packs_are_read(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	CLEANUP_BUF struct buf apart = manifest_of(l);
	CLEANUP_BUF struct buf back = manifest_of(l);
	struct part part;
	char *offset;

	move_behind_all(&apart, "new-01");
	part = with_manifest(l, &apart);
	assert_int_equal(check(&part), 1);
	assert_true(is_said("*p/other.manifest.zst: its lines of the pack '002.tar.zst'"));
	assert_int_equal(found.packs, 3);
	assert_int_equal(found.bytes, raw_bytes(&part));

	offset = strstr(line_of(&back, "large"), "x-offset=") + strlen("x-offset=");
	offset[0] = '9';
	part = with_manifest(l, &back);
	assert_true(check(&part) > 0);
	assert_true(is_said("is not in the order of its pack") || is_said("no frame begins"));
	assert_int_equal(found.packs, 3);
}

static void
a_manifest_with_an_unknown_pack_is_told_and_all_packs_are_read(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	CLEANUP_BUF struct buf text = manifest_of(l);
	struct part part;

	strstr(line_of(&text, "middle-02"), "x-pack=")[strlen("x-pack=")] = 'x';
	part = with_manifest(l, &text);
	assert_int_equal(check(&part), 1);
	assert_true(is_said("*p/other.manifest.zst: it names the pack 'x01.tar.zst'"));
	assert_int_equal(found.packs, 3);
	assert_int_equal(found.bytes, raw_bytes(&part));
}

static void
a_file_that_begins_at_no_frame_is_told(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();
	CLEANUP_BUF struct buf text = manifest_of(l);
	char *line = strstr(text.p, "x-pack=000.tar.zst"), *next;
	struct part part;

	while ((next = strstr(line + 1, "x-pack=000.tar.zst")) != NULL)
		line = next;
	line = strstr(line, "x-offset=") + strlen("x-offset=");
	line[strspn(line, "0123456789") - 1] ^= 1;
	part = with_manifest(l, &text);
	assert_int_equal(check(&part), 1);
	assert_true(is_said("p/000.tar.zst: no frame begins at byte")
	    || is_said("is not in the order of its pack"));
	assert_int_equal(found.packs, 3);
}

/* It is told between the packs, of which each is read. */
static void
a_damaged_manifest_is_told_once(void **state UNUSED)
{
	struct chained_one *l = chain_of_three();

	flip(l->list, l->part.manifest.stored_bytes / 2);
	assert_int_equal(check(&l->part), 1);
	assert_true(is_said("*p/002.manifest.zst: the stored copy is damaged"));
	assert_int_equal(found.packs, 3);
	assert_int_equal(found.bytes, raw_bytes(&l->part));
}

#define CHECKS(f) cmocka_unit_test_setup_teardown(f, set_up_check, tear_down_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CHECKS(all_packs_of_a_part_are_read_whole),
		CHECKS(a_file_in_several_frames_may_be_named_twice),
		CHECKS(own_packs_with_a_limit_and_nothing_at_all_are_read),
		CHECKS(a_pack_need_not_be_read),
		CHECKS(a_file_with_another_hash_is_told),
		CHECKS(a_changed_byte_where_no_file_is_needed_is_found),
		CHECKS(each_changed_byte_is_found),
		CHECKS(packs_that_are_cut_or_gone_or_go_on_are_told_together),
		CHECKS(sizes_and_hashes_that_were_promised_are_compared),
		CHECKS(a_manifest_out_of_order_is_told_and_all_packs_are_read),
		CHECKS(a_manifest_with_an_unknown_pack_is_told_and_all_packs_are_read),
		CHECKS(a_file_that_begins_at_no_frame_is_told),
		CHECKS(a_damaged_manifest_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
