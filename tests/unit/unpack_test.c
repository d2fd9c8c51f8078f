/* unpack_test.c: what was packed comes back as it was, and nothing but that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/packing.h"

#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "worker/archive/tar.h"
#include "worker/archive/unpack.h"

static struct stored_object
object_of(const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ .key = key, .raw_bytes = t->raw_bytes,
		.stored_bytes = t->stored_bytes, .raw_sha256 = t->raw_sha256,
		.stored_sha256 = t->stored_sha256 };
}

/* Into `out` below the place, a fresh folder for each name. */
static int
unpack_into(struct place *place, const char *const names[], size_t count,
    const char *const choice[], struct err *e)
{
	const struct watch watch = { on_bytes, on_say, place };
	const struct stored_object data = object_of("a.tar.zst", &place->totals.data),
				   manifest = object_of("a.manifest.zst", &place->totals.manifest);
	struct unpack_root roots[2];
	struct unpack_spec spec = { .from = { place->dest, &data, &manifest, &watch, NULL },
		.roots = roots, .root_count = count, .choice = choice, .owners = geteuid() == 0 };
	struct unpack_totals totals;
	char path[200];
	int rc;

	while (choice != NULL && choice[spec.choice_count] != NULL)
		spec.choice_count++;
	place->bytes = 0;
	if (mkdir(place->out, 0700) != 0)
		assert_int_equal(errno, EEXIST);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", place->out, names[i]);
		if (names[i][0])
			assert_int_equal(mkdir(path, 0700), 0);
		roots[i] = (struct unpack_root){ names[i], open(path, O_RDONLY | O_DIRECTORY) };
		assert_true(roots[i].fd >= 0);
	}
	rc = unpack_tree(&totals, &spec, e);
	for (size_t i = 0; i < count; i++)
		close(roots[i].fd);
	if (rc == 0)
		assert_int_equal(place->bytes, place->totals.data.raw_bytes);
	/* Not for archives that a test has made. */
	if (rc == 0 && choice == NULL && place->totals.entries > 0) {
		assert_int_equal(totals.entries, place->totals.entries);
		assert_int_equal(totals.files, place->totals.files);
		assert_int_equal(totals.bytes, place->totals.file_bytes);
	}
	return rc;
}

static void
unpack_good(struct place *place, const char *const choice[])
{
	const char *const whole[] = { "" };
	struct err e = { .text = "" };

	if (unpack_into(place, whole, 1, choice, &e) != 0)
		fail_msg("%s", e.text);
}

static bool
there(const struct place *place, const char *below, struct stat *st)
{
	char path[400];

	snprintf(path, sizeof path, "%s/%s", place->out, below);
	return lstat(path, st) == 0;
}

/* DIV-13 */
static void
DIV_13_all_that_was_packed_comes_back_as_it_was(void **state)
{
	struct place *place = *state;
	struct tree_check check = { .links = true, .times = true };
	struct stat st;

	tree_make(place->source);
	pack_source(place);
	unpack_good(place, NULL);
	/* The one thing that does not come back, and it is told. */
	assert_true(there(place, "closed/setuid", &st));
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_non_null(strstr(place->said.p,
	    "warn closed/setuid: is restored with mode 0755 instead of 4755"));
	assert_int_equal(tree_compare(&check, place->source, place->out), 1);
	assert_true(check.seen > 350);
}

static void
several_roots_go_into_their_own_folders(void **state)
{
	struct place *place = *state;
	char one[128], two[128];
	const char *const roots[] = { one, two }, *const names[] = { "one", "two" };
	struct err e = { .text = "" };
	struct stat st;

	snprintf(one, sizeof one, "%s/one", place->path);
	snprintf(two, sizeof two, "%s/two", place->path);
	assert_int_equal(RUN(place->path, "sh", "-c",
	                     "mkdir -p one/a two/b; echo 1 > one/a/x; ln one/a/x two/b/y;"
	                     "chmod 711 two"),
	    0);
	assert_int_equal(pack_roots(place, roots, 2, &e), 0);
	if (unpack_into(place, names, 2, NULL, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(RUN(place->path, "diff", "-r", "one", "out/one"), 0);
	assert_int_equal(RUN(place->path, "diff", "-r", "two", "out/two"), 0);
	assert_true(there(place, "two", &st));
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_true(there(place, "one/a/x", &st));
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
	/* A folder that nobody has named. */
	assert_int_equal(unpack_into(place, names, 1, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "'two'"));
}

/* PEER-24, DIV-11 */
static void
PEER_24_DIV_11_only_what_is_chosen_is_made_with_the_folders_above(void **state)
{
	struct place *place = *state;
	const char *const choice[] = { "links/two", "three", "closed", NULL };
	struct stat st, other, was;
	char path[128];

	tree_make(place->source);
	pack_source(place);
	unpack_good(place, choice);
	/* Their first name was not chosen. */
	assert_true(there(place, "links/two", &st));
	assert_true(there(place, "three", &other));
	assert_int_equal(st.st_ino, other.st_ino);
	assert_int_equal(st.st_size, 14);
	assert_false(there(place, "links/one", &st));
	assert_true(there(place, "closed/picture", &st));
	assert_int_equal(st.st_size, 70000);
	assert_false(there(place, "plain.txt", &st));
	assert_true(there(place, "links", &st));
	snprintf(path, sizeof path, "%s/links", place->source);
	assert_int_equal(lstat(path, &was), 0);
	assert_int_equal(st.st_mtim.tv_nsec, was.st_mtim.tv_nsec);
}

static void
a_choice_that_the_backup_has_not_is_named(void **state)
{
	struct place *place = *state;
	const char *const whole[] = { "" }, *const choice[] = { "plain.txt", "no/such", NULL };
	struct err e = { .text = "" };

	tree_make(place->source);
	pack_source(place);
	assert_int_equal(unpack_into(place, whole, 1, choice, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_non_null(strstr(e.text, "'no/such' is not in the backup"));
}

/* Where the content of a file begins in the stored pack, as the manifest says. */
static int64_t
offset_of(struct place *place, const char *path)
{
	const char *line = strstr(place->manifest.p, path), *word;
	int64_t offset;
	char number[NUM_TEXT];

	assert_non_null(line);
	word = strstr(line, " x-offset=");
	assert_non_null(word);
	snprintf(number, sizeof number, "%.*s", (int)strspn(word + 10, "0123456789"), word + 10);
	assert_true(num_parse(&offset, number, 0, INT64_MAX));
	return offset;
}

static void
PEER_24_nothing_is_read_but_the_frames_of_what_is_chosen(void **state)
{
	struct place *place = *state;
	const char *const whole[] = { "" }, *const small[] = { "plain.txt", NULL },
		   *const large[] = { "large", NULL };
	struct err e = { .text = "" };
	struct stat st;
	char path[128];
	int fd;

	tree_make(place->source);
	snprintf(path, sizeof path, "%s/large", place->source);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	for (int i = 0; i < 3000; i++) {
		unsigned char noise[4096];

		rand_bytes(noise, sizeof noise);
		assert_int_equal(write(fd, noise, sizeof noise), sizeof noise);
	}
	close(fd);
	pack_source(place);
	decode_pack(place);
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "damage", 6, offset_of(place, "./large ") + 6000000), 6);
	close(fd);
	unpack_good(place, small);
	assert_true(there(place, "plain.txt", &st));
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
	/* Control: it is noticed by who reads it. */
	assert_int_equal(unpack_into(place, whole, 1, large, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
	assert_int_equal(unpack_into(place, whole, 1, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
}

/* -- archives that are not what their manifest says -- */

struct made {
	struct buf tar, list;
};

static void
member(struct made *m, const struct entry *is, const char *content, const struct entry *listed)
{
	static const char zeros[TAR_BLOCK];
	struct entry entry = *(listed != NULL ? listed : is);

	tar_header(&m->tar, is);
	if (is->type == ENTRY_FILE) {
		buf_add(&m->tar, content, (size_t)is->size);
		buf_add(&m->tar, zeros, tar_padding(is->size));
	}
	if (entry.sha256[0] == '\0')
		hash_of(entry.sha256, content, strlen(content));
	manifest_line(&m->list, &entry, true);
}

static struct entry
entry_of(const char *path, enum entry_type type, int64_t size, const char *target)
{
	return (struct entry){ .path = path, .type = type, .mode = type == ENTRY_DIR ? 0755 : 0644,
		.uname = "", .gname = "", .pack = "", .target = target, .size = size,
		.mtime_s = 1000000000 };
}

static int
to_frames(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static void
store(struct frame_totals *ret, struct place *place, const char *key, const struct buf *raw)
{
	const struct frame_options options = { .level = 3, .threads = 1 };
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	struct err e;

	assert_int_equal(dest_begin(&up, place->dest, key, 1, &e), 0);
	const struct sink to = { to_frames, up };
	assert_int_equal(frame_writer_new(&w, &to, &options, &e), 0);
	assert_int_equal(frame_write(w, raw->p, raw->n, &e), 0);
	assert_int_equal(frame_finish(ret, w, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
}

static int
unpack_made(struct place *place, struct made *m, struct err *e)
{
	static const char zeros[TAR_END];
	const char *const whole[] = { "" };

	buf_add(&m->tar, zeros, sizeof zeros);
	store(&place->totals.data, place, "a.tar.zst", &m->tar);
	store(&place->totals.manifest, place, "a.manifest.zst", &m->list);
	buf_release(&m->tar);
	buf_release(&m->list);
	return unpack_into(place, whole, 1, NULL, e);
}

static void
refused(struct place *place, struct made *m, const char *words)
{
	struct err e = { .text = "" };

	assert_int_equal(unpack_made(place, m, &e), -1);
	if (e.kind != ERR_DAMAGED || strstr(e.text, words) == NULL)
		fail_msg("'%s' is not '%s'", e.text, words);
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
}

static struct made
begin_made(void)
{
	struct made m = { BUF_INIT, BUF_INIT };

	manifest_head(&m.list, MANIFEST_FULL);
	return m;
}

/* T35 */
static void
T35_what_is_not_as_the_manifest_says_is_named(void **state)
{
	struct place *place = *state;
	struct entry file = entry_of("a", ENTRY_FILE, 5, ""), other = file;
	struct entry link = entry_of("a", ENTRY_LINK, 0, "x");
	struct made m = begin_made();

	other.size = 6;
	member(&m, &file, "12345", &other);
	refused(place, &m, "'a' has another size");
	m = begin_made();
	member(&m, &link, "", &file);
	refused(place, &m, "'a' is of another kind");
	m = begin_made();
	other = file;
	other.path = "b";
	member(&m, &file, "12345", &other);
	refused(place, &m, "'a' is not what the manifest has at this place");
	m = begin_made();
	other = file;
	hash_of(other.sha256, "12346", 5);
	member(&m, &file, "12345", &other);
	refused(place, &m, "'a' differs");
	m = begin_made();
	manifest_line(&m.list, &other, true);
	refused(place, &m, "'a' is in the manifest but not in the archive");
	m = begin_made();
	tar_header(&m.tar, &link);
	refused(place, &m, "'a' is in the archive but not in its manifest");
}

/* T44 */
static void
T44_one_path_twice_is_refused(void **state)
{
	struct place *place = *state;
	struct entry file = entry_of("a", ENTRY_FILE, 5, ""), dir = entry_of("d", ENTRY_DIR, 0, "");
	struct entry link = entry_of("a", ENTRY_LINK, 0, "x");
	struct made m = begin_made();

	member(&m, &file, "12345", NULL);
	member(&m, &file, "12345", NULL);
	refused(place, &m, "'a' is in the archive twice");
	m = begin_made();
	member(&m, &file, "12345", NULL);
	member(&m, &link, "", NULL);
	refused(place, &m, "'a' is in the archive twice");
	m = begin_made();
	member(&m, &dir, "", NULL);
	member(&m, &dir, "", NULL);
	refused(place, &m, "'d' is in the archive twice");
}

/* T44 */
static void
T44_nothing_is_put_through_a_link(void **state)
{
	struct place *place = *state;
	struct entry link = entry_of("a", ENTRY_LINK, 0, "/tmp"), hard;
	struct entry below = entry_of("a/unpack_test_escaped", ENTRY_FILE, 5, "");
	struct made m = begin_made();

	member(&m, &link, "", NULL);
	member(&m, &below, "12345", NULL);
	refused(place, &m, "below something that is no folder");
	assert_int_equal(access("/tmp/unpack_test_escaped", F_OK), -1);
	m = begin_made();
	link.target = "/etc/passwd";
	member(&m, &link, "", NULL);
	hard = entry_of("b", ENTRY_HARDLINK, 0, "a");
	member(&m, &hard, "", NULL);
	refused(place, &m, "is a further name of something that is no such file");
}

/* A file that is read again at the end of a backup comes after its folder. */
static void
what_comes_after_its_folder_leaves_the_folders_time(void **state)
{
	struct place *place = *state;
	struct entry dir = entry_of("d", ENTRY_DIR, 0, ""), root = entry_of("", ENTRY_DIR, 0, "");
	struct entry file = entry_of("d/late", ENTRY_FILE, 5, "");
	struct made m = begin_made();
	struct err e = { .text = "" };
	struct stat st;

	dir.mode = 0555;
	member(&m, &dir, "", NULL);
	member(&m, &root, "", NULL);
	member(&m, &file, "12345", NULL);
	if (unpack_made(place, &m, &e) != 0)
		fail_msg("%s", e.text);
	assert_true(there(place, "d", &st));
	assert_int_equal(st.st_mtime, 1000000000);
	assert_int_equal(st.st_mode & 07777, 0555);
	assert_true(there(place, "d/late", &st));
	assert_int_equal(st.st_size, 5);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(DIV_13_all_that_was_packed_comes_back_as_it_was),
		TEST(several_roots_go_into_their_own_folders),
		TEST(PEER_24_DIV_11_only_what_is_chosen_is_made_with_the_folders_above),
		TEST(PEER_24_nothing_is_read_but_the_frames_of_what_is_chosen),
		TEST(a_choice_that_the_backup_has_not_is_named),
		TEST(T35_what_is_not_as_the_manifest_says_is_named),
		TEST(T44_one_path_twice_is_refused),
		TEST(T44_nothing_is_put_through_a_link),
		TEST(what_comes_after_its_folder_leaves_the_folders_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
