/* untar_test.c: tar members written by tar.c and read by untar.c; what GNU tar writes; what is
 * damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tree.h"
#include "worker/archive/tar.h"
#include "worker/archive/untar.h"

struct seen {
	int members;
	struct entry last;
	char path[TREE_PATH], target[TREE_PATH], uname[33];
	int64_t content;
	struct buf text;
};

static int
on_member(void *arg, const struct entry *entry, struct err *e)
{
	struct seen *s = arg;

	if (strcmp(entry->path, "stop") == 0)
		return err_set(e, ERR_FULL, "no room");
	s->members++;
	s->last = *entry;
	snprintf(s->path, sizeof s->path, "%s", entry->path);
	snprintf(s->target, sizeof s->target, "%s", entry->target);
	snprintf(s->uname, sizeof s->uname, "%s", entry->uname);
	buf_printf(&s->text, "[%s]", entry->path);
	return 0;
}

static int
on_content(void *arg, const void *p, size_t n, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->content += (int64_t)n;
	if (n < 64)
		buf_add(&s->text, p, n);
	return 0;
}

static int
read_tar(struct seen *s, const char *p, size_t n, size_t step, struct err *e)
{
	const struct untar_to to = { on_member, on_content, s };
	CLEANUP_UNTAR struct untar *u = untar_new(&to);

	*s = (struct seen){ .text = BUF_INIT };
	for (size_t at = 0; at < n; at += step)
		if (untar_write(u, p + at, n - at < step ? n - at : step, e) != 0)
			return -1;
	return untar_end(u, e);
}

static struct entry
a_file(const char *path)
{
	return (struct entry){ .path = path,
		.type = ENTRY_FILE,
		.mode = 04755,
		.uid = 33,
		.gid = 34,
		.uname = "www-data",
		.gname = "staff",
		.size = 0,
		.mtime_s = 1763690400,
		.target = "",
		.pack = "" };
}

static void
end(struct buf *tar)
{
	static const char zeros[TAR_END];

	buf_add(tar, zeros, sizeof zeros);
}

static void
there_and_back(const struct entry *entry)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct seen s;
	struct err e = { .text = "" };

	tar_header(&tar, entry);
	assert_true(tar.n <= tar_header_bound(strlen(entry->path), strlen(entry->target)));
	assert_int_equal(tar.n % TAR_BLOCK, 0);
	end(&tar);
	if (read_tar(&s, tar.p, tar.n, 100, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(s.members, 1);
	assert_string_equal(s.path, entry->path);
	assert_string_equal(s.target, entry->target);
	assert_string_equal(s.uname, entry->uname);
	assert_int_equal(s.last.type, entry->type);
	assert_int_equal(s.last.mode, entry->mode);
	assert_int_equal(s.last.uid, entry->uid);
	assert_int_equal(s.last.gid, entry->gid);
	assert_int_equal(s.last.mtime_s, entry->mtime_s);
	assert_int_equal(s.last.mtime_ns, entry->mtime_ns);
	buf_release(&s.text);
}

static void
a_plain_member_is_one_block(void **state)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct entry entry = a_file("a");

	(void)state;
	tar_header(&tar, &entry);
	assert_int_equal(tar.n, TAR_BLOCK);
	there_and_back(&entry);
}

static void
names_of_every_length_come_back(void **state)
{
	char path[3000];

	(void)state;
	for (size_t n = 1; n < sizeof path - 1; n += n < 300 ? 1 : 101) {
		struct entry entry = a_file(path);

		for (size_t i = 0; i < n; i++)
			path[i] = i % 90 == 89 && i + 1 < n ? '/' : (char)('a' + i % 26);
		path[n] = '\0';
		there_and_back(&entry);
		entry.type = ENTRY_DIR;
		there_and_back(&entry);
		/* The same without a '/' to cut at, and not UTF-8. */
		memset(path, '\xfe', n);
		there_and_back(&entry);
		entry.type = ENTRY_LINK;
		entry.path = "l";
		entry.target = path;
		there_and_back(&entry);
	}
}

static void
times_before_1970_and_after_2242_come_back(void **state)
{
	static const int64_t seconds[] = { 0, -1, -2, 8589934591, 8589934592, -62135596800,
		253402300799 };

	(void)state;
	for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
		struct entry entry = a_file("a");

		entry.mtime_s = seconds[i];
		there_and_back(&entry);
		entry.mtime_ns = 1;
		there_and_back(&entry);
		entry.mtime_ns = 999999999;
		there_and_back(&entry);
	}
}

static void
sizes_from_8_gib_and_large_ids_come_back(void **state)
{
	static const int64_t sizes[] = { 8589934591, 8589934592, INT64_MAX / 2 };

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		CLEANUP_BUF struct buf tar = BUF_INIT;
		struct entry entry = a_file("huge");
		struct seen s;
		struct err e;

		entry.size = sizes[i];
		entry.uid = UINT32_MAX;
		entry.gid = 2097152;
		tar_header(&tar, &entry);
		/* Its content does not follow, so the archive is not whole. */
		assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
		assert_int_equal(s.last.size, sizes[i]);
		assert_int_equal(s.last.uid, UINT32_MAX);
		assert_int_equal(s.last.gid, 2097152);
		buf_release(&s.text);
	}
}

static void
gnu_tar_lists_a_9_gib_member_as_we_mean_it(void **state)
{
	char folder[] = "/tmp/untar_test.XXXXXX", path[64];
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct entry entry = a_file("huge");
	CLEANUP_FD int fd = -1;
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/huge.tar", folder);
	entry.size = (int64_t)9 << 30;
	tar_header(&tar, &entry);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, tar.p, tar.n, &e), 0);
	/* The content is a hole, so that it takes no room. */
	assert_int_equal(ftruncate(fd, (off_t)tar.n + entry.size + TAR_END), 0);
	assert_int_equal(RUN(folder, "sh", "-c",
	                     "tar -tvf huge.tar | grep -q ' 9663676416 .* huge$'"),
	    0);
	assert_int_equal(RUN(folder, "sh", "-c",
	                     "bsdtar -tvf huge.tar | grep -q ' 9663676416 .* huge$'"),
	    0);
	assert_int_equal(RUN("/", "rm", "-rf", folder), 0);
}

static void
reads_what_gnu_tar_writes(void **state)
{
	static const char *const formats[] = { "gnu", "pax", "ustar" };
	char folder[] = "/tmp/untar_test.XXXXXX", command[128], path[64], name[201];
	int deep, top;

	(void)state;
	assert_non_null(mkdtemp(folder));
	memset(name, 'n', 200);
	name[200] = '\0';
	top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	deep = tree_folder(top, "d");
	tree_put(deep, "one", "one!", 4);
	assert_int_equal(linkat(deep, "one", deep, "two", 0), 0);
	assert_int_equal(symlinkat(name, deep, "link"), 0);
	for (size_t i = 0; i < 3; i++) {
		CLEANUP_BUF struct buf tar = BUF_INIT;
		struct seen s;
		struct err e = { .text = "" };

		/* ustar has no room for a link this long. */
		snprintf(command, sizeof command, "tar --format=%s %s --sort=name -cf %s.tar ./d",
		    formats[i], i == 2 ? "--exclude=link" : "", formats[i]);
		assert_int_equal(RUN(folder, "sh", "-c", command), 0);
		snprintf(path, sizeof path, "%s/%s.tar", folder, formats[i]);
		assert_int_equal(fd_read_file(&tar, path, 1 << 20, &e), 0);
		if (read_tar(&s, tar.p, tar.n, 1000, &e) != 0)
			fail_msg("%s: %s", formats[i], e.text);
		assert_string_equal(s.text.p,
		    i == 2 ? "[d][d/one]one![d/two]" : "[d][d/link][d/one]one![d/two]");
		assert_string_equal(s.target, "d/one");
		buf_release(&s.text);
	}
	close(deep);
	close(top);
	assert_int_equal(RUN("/", "rm", "-rf", folder), 0);
}

static void
good_archive(struct buf *tar)
{
	struct entry entry = a_file("dir/file");

	entry.size = 5;
	entry.mtime_ns = 7;
	tar_header(tar, &entry);
	buf_text(tar, "hello");
	for (size_t i = tar_padding(5); i > 0; i--)
		buf_char(tar, '\0');
	end(tar);
}

/* T16 */
static void
T16_a_cut_archive_is_noticed_at_every_byte(void **state)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct seen s;
	struct err e;

	(void)state;
	good_archive(&tar);
	for (size_t n = 0; n <= tar.n; n++) {
		assert_int_equal(read_tar(&s, tar.p, n, 512, &e), n == tar.n ? 0 : -1);
		buf_release(&s.text);
	}
}

/* T17: within headers; content has its own hashes. */
static void
T17_a_flipped_bit_in_a_header_is_noticed(void **state)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	int caught = 0, tried = 0;

	(void)state;
	good_archive(&tar);
	for (size_t at = 0; at < (size_t)TAR_BLOCK * 8; at++) {
		size_t byte = at / 8 < 148 || at / 8 >= 156 ? at / 8 : 0;
		struct seen s;
		struct err e;

		tar.p[byte] ^= (char)(1 << at % 8);
		tried++;
		caught += read_tar(&s, tar.p, tar.n, 512, &e) != 0;
		buf_release(&s.text);
		tar.p[byte] ^= (char)(1 << at % 8);
	}
	print_message("T17 header flips caught: %d of %d\n", caught, tried);
	assert_int_equal(caught, tried);
}

/* Sets the checksum again, so that only what was changed is wrong. */
static void
sum_again(char *block)
{
	unsigned sum = 0;

	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 8, "%06o", sum);
}

static void
hostile_members_are_refused(void **state)
{
	static const char *const paths[] = { "/etc/passwd", "../up", "a/../../b", "a/..", "a//b" };
	static const char kinds[] = { '3', '4', '6', '7', 'S', 'M' };
	struct seen s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		CLEANUP_BUF struct buf tar = BUF_INIT;
		struct entry entry = a_file(paths[i]);

		tar_header(&tar, &entry);
		end(&tar);
		assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
		assert_int_equal(s.members, 0);
		entry = a_file("fine");
		entry.type = ENTRY_HARDLINK;
		entry.target = paths[i];
		buf_clear(&tar);
		tar_header(&tar, &entry);
		end(&tar);
		assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
	}
	for (size_t i = 0; i < sizeof kinds; i++) {
		CLEANUP_BUF struct buf tar = BUF_INIT;
		struct entry entry = a_file("a");

		tar_header(&tar, &entry);
		tar.p[156] = kinds[i];
		sum_again(tar.p);
		assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
		assert_non_null(strstr(e.text, "member of kind"));
	}
}

static void
pax(struct buf *tar, const char *records, size_t n)
{
	struct entry entry = a_file("x");
	size_t at = tar->n;

	entry.size = (int64_t)n;
	tar_header(tar, &entry);
	tar->p[at + 156] = 'x';
	sum_again(tar->p + at);
	buf_add(tar, records, n);
	for (size_t i = tar_padding((int64_t)n); i > 0; i--)
		buf_char(tar, '\0');
	entry = a_file("a");
	tar_header(tar, &entry);
	end(tar);
}

static void
pax_records_that_are_none_are_refused(void **state)
{
	static const char *const bad[] = { "x", "8 path=a\n", "99 path=a\n", "10 path=a\n ",
		"0 a=b\n", "4 =\n", "8 pathab\n", "8 path=\n", "12 mtime=x1\n", "10 uid=-1\n",
		"13 size=1e3\n\n", "13 path=../a\n", "2 a" };
	struct seen s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CLEANUP_BUF struct buf tar = BUF_INIT;

		pax(&tar, bad[i], strlen(bad[i]));
		assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
		buf_release(&s.text);
	}
	CLEANUP_BUF struct buf good = BUF_INIT;

	pax(&good, "11 path=ab\n12 comment=\n", 23);
	assert_int_equal(read_tar(&s, good.p, good.n, 512, &e), 0);
	assert_string_equal(s.path, "ab");
	buf_release(&s.text);
}

static void
nothing_may_follow_the_end(void **state)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct seen s;
	struct err e;

	(void)state;
	good_archive(&tar);
	end(&tar);
	assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), 0);
	buf_release(&s.text);
	good_archive(&tar);
	assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
	assert_string_equal(e.text, "the archive is damaged: it goes on behind its end");
	buf_release(&s.text);
}

static void
the_takers_own_error_is_passed_on(void **state)
{
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct entry entry = a_file("stop");
	struct seen s;
	struct err e;

	(void)state;
	tar_header(&tar, &entry);
	assert_int_equal(read_tar(&s, tar.p, tar.n, 512, &e), -1);
	assert_int_equal(e.kind, ERR_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_member_is_one_block),
		cmocka_unit_test(names_of_every_length_come_back),
		cmocka_unit_test(times_before_1970_and_after_2242_come_back),
		cmocka_unit_test(sizes_from_8_gib_and_large_ids_come_back),
		cmocka_unit_test(gnu_tar_lists_a_9_gib_member_as_we_mean_it),
		cmocka_unit_test(reads_what_gnu_tar_writes),
		cmocka_unit_test(T16_a_cut_archive_is_noticed_at_every_byte),
		cmocka_unit_test(T17_a_flipped_bit_in_a_header_is_noticed),
		cmocka_unit_test(hostile_members_are_refused),
		cmocka_unit_test(pax_records_that_are_none_are_refused),
		cmocka_unit_test(nothing_may_follow_the_end),
		cmocka_unit_test(the_takers_own_error_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
