/* dst_local_test.c: a storage in a folder: nothing half-written is listed, no key leaves it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "worker/dest/dest.h"

struct place {
	char path[64];
	struct storage storage;
	struct dest *dest;
};

static int
set_up(void **state)
{
	static struct place place;
	struct err e;

	snprintf(place.path, sizeof place.path, "/tmp/dst_local_test.XXXXXX");
	assert_non_null(mkdtemp(place.path));
	place.storage = (struct storage){ .slug = "main", .kind = "local", .path = place.path };
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;
	char command[128];
	pid_t child;

	dest_closep(&place->dest);
	snprintf(command, sizeof command, "%s", place->path);
	child = fork();
	if (child == 0) {
		execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	return 0;
}

static void
put(struct place *place, const char *key, const char *text)
{
	CLEANUP_UPLOAD struct upload *up = NULL;
	struct err e;

	assert_int_equal(dest_begin(&up, place->dest, key, 7, &e), 0);
	assert_int_equal(upload_write(up, text, strlen(text), &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	assert_null(up);
}

static int
count_one(void *arg, const struct dest_entry *entry, struct err *e)
{
	struct buf *list = arg;

	(void)e;
	buf_printf(list, "%s=%lld ", entry->key, (long long)entry->bytes);
	return 0;
}

static void
expect_list(struct place *place, const char *prefix, const char *want)
{
	CLEANUP_BUF struct buf list = BUF_INIT;
	struct err e;

	assert_int_equal(dest_each_object(place->dest, prefix, count_one, &list, &e), 0);
	assert_string_equal(list.p, want);
}

static void
stores_and_reads_back(void **state)
{
	struct place *place = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	char text[16] = "";
	int64_t bytes;
	struct err e;

	put(place, "shop/live/b1-x.json", "hello");
	assert_int_equal(object_open(&o, &bytes, place->dest, "shop/live/b1-x.json", &e), 0);
	assert_int_equal(bytes, 5);
	assert_int_equal(object_read(o, 1, text, sizeof text, &e), 4);
	assert_string_equal(text, "ello");
	assert_int_equal(object_read(o, 5, text, sizeof text, &e), 0);
}

static void
is_private_to_its_user(void **state)
{
	struct place *place = *state;
	char path[128];
	struct stat st;
	mode_t was = umask(0);

	put(place, "shop/live/media/a.tar.zst", "x");
	umask(was);
	snprintf(path, sizeof path, "%s/shop/live/media/a.tar.zst", place->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof path, "%s/shop/live", place->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
}

/* PEER-17 */
static void
an_aborted_upload_leaves_nothing(void **state)
{
	struct place *place = *state;
	struct err e;

	{
		CLEANUP_UPLOAD struct upload *up = NULL;

		assert_int_equal(dest_begin(&up, place->dest, "shop/a", 7, &e), 0);
		assert_int_equal(upload_write(up, "half", 4, &e), 0);
		expect_list(place, "", "shop/.a.7.tmp=4 ");
		assert_int_not_equal(object_open(&(struct object *){ NULL }, &(int64_t){ 0 },
		                         place->dest, "shop/a", &e),
		    0);
		assert_int_equal(e.kind, ERR_NOT_FOUND);
	}
	expect_list(place, "", "");
}

static void
two_fences_never_write_the_same_file(void **state)
{
	struct place *place = *state;
	CLEANUP_UPLOAD struct upload *old = NULL, *new = NULL;
	struct err e;

	assert_int_equal(dest_begin(&old, place->dest, "a", 1, &e), 0);
	assert_int_equal(dest_begin(&new, place->dest, "a", 2, &e), 0);
	assert_int_equal(upload_write(old, "old", 3, &e), 0);
	assert_int_equal(upload_write(new, "newer", 5, &e), 0);
	assert_int_equal(upload_commit(&new, &e), 0);
	expect_list(place, "", ".a.1.tmp=3 a=5 ");
}

static void
removes_an_object_with_its_temporaries_and_nothing_else(void **state)
{
	struct place *place = *state;
	struct upload *lost = NULL;
	struct err e;

	put(place, "s/a", "1");
	put(place, "s/ab", "22");
	/* A worker that died never aborts. */
	assert_int_equal(dest_begin(&lost, place->dest, "s/a", 3, &e), 0);
	assert_int_equal(dest_remove(place->dest, "s/a", &e), 0);
	expect_list(place, "s", "s/ab=2 ");
	assert_int_equal(dest_remove(place->dest, "s/a", &e), 0);
	assert_int_equal(dest_remove(place->dest, "none/at/all", &e), 0);
	upload_abortp(&lost);
}

static void
removes_a_stray_temporary_by_its_own_key(void **state)
{
	struct place *place = *state;
	struct upload *lost = NULL;
	struct err e;

	assert_int_equal(dest_begin(&lost, place->dest, "s/a", 3, &e), 0);
	assert_int_equal(dest_remove(place->dest, "s/.a.3.tmp", &e), 0);
	expect_list(place, "", "");
	upload_abortp(&lost);
}

static void
a_sweep_takes_only_temporaries_of_lower_fences(void **state)
{
	struct place *place = *state;
	CLEANUP_UPLOAD struct upload *new = NULL;
	struct upload *old = NULL;
	struct err e;

	put(place, "s/a", "done");
	assert_int_equal(dest_begin(&old, place->dest, "s/a", 3, &e), 0);
	assert_int_equal(dest_begin(&new, place->dest, "s/a", 4, &e), 0);
	assert_int_equal(dest_sweep(place->dest, "s/a", 4, &e), 0);
	/* The late one cannot publish any more, and the newer one can. */
	assert_int_equal(upload_write(old, "late", 4, &e), 0);
	assert_int_equal(upload_commit(&old, &e), -1);
	assert_int_equal(upload_write(new, "newer", 5, &e), 0);
	assert_int_equal(upload_commit(&new, &e), 0);
	expect_list(place, "", "s/a=5 ");
}

static void
refuses_keys_that_are_none(void **state)
{
	static const char *const bad[] = { "", "/etc/passwd", "../a", "a/../b", "a//b", "a/", ".",
		"a/.b", "a\nb", "a b", ".a.1.tmp", "a.tmp" };
	struct place *place = *state;
	struct upload *up = NULL;
	struct object *o = NULL;
	int64_t bytes;
	struct err e;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(dest_begin(&up, place->dest, bad[i], 1, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		assert_int_equal(object_open(&o, &bytes, place->dest, bad[i], &e), -1);
	}
	assert_int_equal(dest_remove(place->dest, "../dst", &e), -1);
}

static void
follows_no_link_out_of_the_storage(void **state)
{
	struct place *place = *state;
	struct upload *up = NULL;
	struct object *o = NULL;
	int64_t bytes;
	char path[128];
	struct err e;

	snprintf(path, sizeof path, "%s/out", place->path);
	assert_int_equal(symlink("/etc", path), 0);
	assert_int_equal(object_open(&o, &bytes, place->dest, "out/passwd", &e), -1);
	assert_int_equal(dest_begin(&up, place->dest, "out/passwd", 1, &e), -1);
	assert_int_equal(dest_remove(place->dest, "out/passwd", &e), -1);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
	expect_list(place, "", "");
}

/* T06: a storage of 256 KiB of its own, in a mount namespace of its own. */
static void
fill_a_small_disk(const char *path)
{
	const struct storage storage = { .slug = "main", .kind = "local", .path = path };
	CLEANUP_BUF struct buf list = BUF_INIT;
	struct dest *d = NULL;
	struct upload *up = NULL;
	static char block[64 << 10];
	struct err e;
	int rc = 0;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
	    || mount("tmpfs", path, "tmpfs", 0, "size=256k") != 0)
		_exit(77);
	if (dest_open(&d, &storage, &e) != 0 || dest_begin(&up, d, "a/b", 1, &e) != 0)
		_exit(1);
	for (int i = 0; i < 8 && rc == 0; i++)
		rc = upload_write(up, block, sizeof block, &e);
	if (rc == 0 || e.kind != ERR_FULL || strcmp(e.text, "storage main is full: has 0 B") != 0)
		_exit(2);
	upload_abortp(&up);
	/* The next one works by itself when there is room. */
	if (dest_begin(&up, d, "a/b", 2, &e) != 0 || upload_write(up, "x", 1, &e) != 0
	    || upload_commit(&up, &e) != 0)
		_exit(3);
	if (dest_each_object(d, "", count_one, &list, &e) != 0 || strcmp(list.p, "a/b=1 ") != 0)
		_exit(4);
	_exit(0);
}

static void
says_that_it_is_full_and_works_again_with_room(void **state)
{
	struct place *place = *state;
	pid_t child = fork();
	int status;

	if (child == 0)
		fill_a_small_disk(place->path);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
is_claimed_by_one_instance_only(void **state)
{
	struct place *place = *state;
	CLEANUP_OBJECT struct object *o = NULL;
	char text[8192] = "";
	int64_t bytes;
	struct err e;

	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-other", true, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "belongs to another Lazarette (0198-mine)"));
	assert_int_equal(object_open(&o, &bytes, place->dest, "README.txt", &e), 0);
	assert_true(object_read(o, 0, text, sizeof text - 1, &e) > 1000);
	for (size_t i = 0; i < 5; i++) {
		static const char *const tools[] = { "zstd -dc", "tar -x", "pg_restore", "sqlite3",
			"sha256sum" };

		assert_non_null(strstr(text, tools[i]));
	}
}

/* Its instance becomes another one; what is another's anyway stays. */
static void
PEER_11_an_id_that_is_given_up_leaves_the_storage(void **state)
{
	struct place *place = *state;
	struct err e;

	assert_int_equal(dest_claim_leave(place->dest, "0198-mine", &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), 0);
	assert_int_equal(dest_claim_leave(place->dest, "0198-other", &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-lost", true, &e), -1);
	assert_non_null(strstr(e.text, "lazarette admin rebuild --storage main --adopt"));
	assert_int_equal(dest_claim_leave(place->dest, "0198-mine", &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-lost", true, &e), 0);
}

static int
count_objects(void *arg, const struct dest_entry *entry UNUSED, struct err *e UNUSED)
{
	++*(int *)arg;
	return 0;
}

/* An empty folder where backups should be is the mount point of a disk that is away. */
static void
an_empty_folder_is_not_taken_for_a_storage_in_use(void **state)
{
	struct place *place = *state;
	struct storage away = { .slug = "main", .kind = "local" };
	CLEANUP_DEST struct dest *d = NULL;
	struct stat st;
	char path[4200];
	int objects = 0;
	struct err e;

	assert_int_equal(dest_claim(place->dest, "0198-mine", false, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.text, " is not there: "));
	assert_non_null(strstr(e.text, " has no lazarette.json. Is its disk mounted?"));
	assert_int_equal(dest_each_object(place->dest, "", count_objects, &objects, &e), 0);
	assert_int_equal(objects, 0);
	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), 0);
	assert_int_equal(dest_claim(place->dest, "0198-mine", false, &e), 0);
	snprintf(path, sizeof path, "%s/away", place->path);
	away.path = path;
	assert_int_equal(dest_open(&d, &away, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.text, "does not exist. Is its disk mounted?"));
	assert_int_equal(stat(path, &st), -1);
}

static void
a_storage_of_another_format_is_refused(void **state)
{
	struct place *place = *state;
	struct err e;

	put(place, "lazarette.json", "{\"format\": 3, \"instance_id\": \"0198-mine\"}");
	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	put(place, "lazarette.json", "{\"format\": ");
	assert_int_equal(dest_claim(place->dest, "0198-mine", true, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
}

static void
get(struct buf *out, struct place *place, const char *name)
{
	char path[4200];
	struct err e;

	buf_clear(out);
	snprintf(path, sizeof path, "%s/%s", place->path, name);
	assert_int_equal(fd_read_file(out, path, 1 << 20, &e), 0);
}

/* The storage of an instance that has keys from now on: who reads format 1 alone must refuse it. */
static void
keys_make_it_format_2_and_are_published(void **state)
{
	static const char *const to[] = { "age1ours", "age1recovery" };
	const struct dest_keys keys = { .recipients = to, .recipient_count = 2,
		.signing = "RWabc" };
	struct place *place = *state;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err e;

	put(place, "README.txt", "old words");
	put(place, "lazarette.json",
	    "{\"format\": 1, \"instance_id\": \"0198-mine\"}");
	assert_int_equal(dest_claim(place->dest, "0198-mine", false, &e), 0);
	dest_use_keys(place->dest, &keys);
	for (int i = 0; i < 2; i++)
		assert_int_equal(dest_claim(place->dest, "0198-mine", false, &e), 0);
	get(&text, place, "lazarette.json");
	assert_non_null(strstr(text.p, "\"format\": 2,"));
	assert_non_null(strstr(text.p, "[\"age1ours\", \"age1recovery\"]"));
	get(&text, place, "lazarette.pub");
	assert_non_null(strstr(text.p, "\nRWabc\n"));
	get(&text, place, "README.txt");
	assert_non_null(strstr(text.p, "age -d -i KEY"));
}

static void
knows_its_free_room_and_refuses_what_is_no_storage(void **state)
{
	struct place *place = *state;
	struct storage relative = { .slug = "x", .kind = "local", .path = "here" };
	struct storage strange = { .slug = "x", .kind = "tape", .path = "/dev/st0" };
	struct storage file = { .slug = "x", .kind = "local", .path = "/etc/passwd" };
	struct dest *d = NULL;
	int64_t room = -1;
	struct err e;

	assert_int_equal(dest_space(&room, place->dest, &e), 0);
	assert_true(room > 0);
	assert_int_equal(dest_open(&d, &relative, &e), -1);
	assert_int_equal(dest_open(&d, &strange, &e), -1);
	assert_int_equal(dest_open(&d, &file, &e), -1);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(stores_and_reads_back),
		T(is_private_to_its_user),
		T(an_aborted_upload_leaves_nothing),
		T(two_fences_never_write_the_same_file),
		T(removes_an_object_with_its_temporaries_and_nothing_else),
		T(removes_a_stray_temporary_by_its_own_key),
		T(a_sweep_takes_only_temporaries_of_lower_fences),
		T(refuses_keys_that_are_none),
		T(follows_no_link_out_of_the_storage),
		T(says_that_it_is_full_and_works_again_with_room),
		T(is_claimed_by_one_instance_only),
		T(PEER_11_an_id_that_is_given_up_leaves_the_storage),
		T(an_empty_folder_is_not_taken_for_a_storage_in_use),
		T(a_storage_of_another_format_is_refused),
		T(keys_make_it_format_2_and_are_published),
		T(knows_its_free_room_and_refuses_what_is_no_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
