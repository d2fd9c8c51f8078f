/* tgt_files_test.c: files put back into folders: the whole, a part, and back again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <sys/mount.h>

#include "tests/unit/files_scene.h"
#include "worker/target/raze.h"

/* -- replace -- */

/* CYC-13, PEER-3 */
static void
CYC_13_replace_makes_the_target_equal_and_the_undo_brings_the_old_back(void **state)
{
	struct place *place = *state;
	const char *mark;
	struct stat before, after;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	shell(place, LIST "list srv/media > before; list source > wanted");
	assert_int_equal(stat(s.root, &before), 0);
	mark = build(&s);
	shell(place, LIST "list srv/media | cmp - before");
	assert_true(swap(&s, mark) > 0);
	shell(place, LIST "list srv/media | cmp - wanted;"
	                  "list srv/.media.20261125r7p12.old | cmp - before;"
	                  "test ! -e srv/.media.20261125r7p12.new");
	/* Again, as after a crash. */
	assert_true(swap(&s, mark) > 0);
	shell(place, LIST "list srv/media | cmp - wanted");
	unswap(&s, mark);
	unswap(&s, mark);
	shell(place, LIST "list srv/media | cmp - before;"
	                  "list srv/.media.20261125r7p12.new | cmp - wanted");
	assert_int_equal(stat(s.root, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	swap(&s, mark);
	shell(place, LIST "list srv/media | cmp - wanted");
	drop(&s);
	drop(&s);
	shell(place, LIST "list srv/media | cmp - wanted; test $(ls -A srv) = media");
}

static void
a_root_that_is_missing_is_made_and_taken_away_again(void **state)
{
	struct place *place = *state;
	const char *mark;

	pack_source(place);
	shell(place, LIST "list source > wanted; rm -r srv/media");
	SCENE(s, place, RESTORE_REPLACE);
	mark = build(&s);
	assert_int_equal(swap(&s, mark), 0);
	assert_int_equal(swap(&s, mark), 0);
	shell(place, LIST "list srv/media | cmp - wanted; test \"$(ls -A srv)\" = media");
	unswap(&s, mark);
	unswap(&s, mark);
	shell(place, LIST "test ! -e srv/media; list srv/.media.20261125r7p12.new | cmp - wanted");
	swap(&s, mark);
	drop(&s);
	shell(place, LIST "list srv/media | cmp - wanted");
}

static void
several_roots_are_exchanged_by_their_names(void **state)
{
	struct place *place = *state;
	char one[128], two[128], roots[300];
	const char *const paths[] = { one, two };
	struct err e = { .text = "" };
	const char *mark;

	snprintf(one, sizeof one, "%s/a/media", place->path);
	snprintf(two, sizeof two, "%s/b/files", place->path);
	shell(place, "mkdir -p a/media b/files; echo 1 > a/media/1; echo 2 > b/files/2;"
	             "ln a/media/1 a/media/1b; cp -a a wanted_a; cp -a b wanted_b");
	assert_int_equal(pack_roots(place, paths, 2, &e), 0);
	/* In another order, one more, and elsewhere. */
	snprintf(roots, sizeof roots, "%s/x/files\n%s/x/other\n%s/y/media\n", place->path,
	    place->path, place->path);
	shell(place, "mkdir -p x/files x/other y/media; echo old > x/files/o; echo o > x/other/o");
	SCENE(s, place, RESTORE_REPLACE);
	s.service.settings.roots = roots;
	mark = build(&s);
	swap(&s, mark);
	shell(place, "diff -r y/media wanted_a/media; diff -r x/files wanted_b/files;"
	             "test $(cat x/other/o) = o; test \"$(ls -A x)\" = \"$(printf '%s\\n'"
	             " .files.20261125r7p12.old files other)\"");
	unswap(&s, mark);
	shell(place, "test $(ls x/files) = o; test $(ls -A y/media | wc -l) = 0");
	drop(&s);
	shell(place, "test $(ls -A x | wc -l) = 2");
	/* One folder alone has no name. */
	SCENE(alone, place, RESTORE_REPLACE);
	assert_non_null(strstr(look(&alone).refusal, "several folders and this service has one"));
	struct target_built built;
	assert_int_equal(files->build(&built, &alone.target, &alone.from, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	shell(place, "test $(ls -A srv) = media");
}

/* PEER-24, DIV-11 */
static void
PEER_24_DIV_11_only_the_chosen_paths_are_exchanged(void **state)
{
	struct place *place = *state;
	const char *const choice[] = { "./img/a", "new/", "img/link" };
	const char *mark;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	s.target.choice = choice;
	s.target.choice_count = 3;
	shell(place, LIST "list srv/media > before");
	mark = build(&s);
	swap(&s, mark);
	swap(&s, mark);
	shell(place, "test $(cat srv/media/img/a) = restored;"
	             "test $(cat srv/media/img/gone) = gone; test $(cat srv/media/doc/d) = doc;"
	             "test $(cat srv/media/new/m) = n;"
	             "test $(readlink srv/media/img/link) = a; test ! -e srv/media/empty;"
	             "test $(stat -c %a srv/media) = 750");
	unswap(&s, mark);
	unswap(&s, mark);
	shell(place, LIST "list srv/media | cmp - before");
	drop(&s);
	shell(place, "test $(ls -A srv) = media");
}

static void
a_chosen_path_below_no_folder_is_refused(void **state)
{
	struct place *place = *state;
	const char *const choice[] = { "new/n" }, *const outside[] = { "../doc" };
	struct target_built built;
	struct err e = { .text = "" };

	pack_source(place);
	shell(place, "mkdir elsewhere; ln -s ../../elsewhere srv/media/new");
	SCENE(s, place, RESTORE_REPLACE);
	s.target.choice = choice;
	s.target.choice_count = 1;
	assert_non_null(strstr(look(&s).refusal, "'new' is no folder"));
	assert_int_equal(files->build(&built, &s.target, &s.from, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	shell(place, "test $(ls -A srv) = media; test -z \"$(ls -A elsewhere)\"");
	s.target.choice = outside;
	assert_int_equal(files->build(&built, &s.target, &s.from, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

static void
a_target_that_changed_its_place_is_left_alone(void **state)
{
	struct place *place = *state;
	struct err e = { .text = "" };
	const char *mark;
	int64_t kept;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	mark = build(&s);
	shell(place, "mv srv/media srv/moved");
	assert_int_equal(files->swap(&kept, &s.target, mark, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "was removed since the restore began"));
	shell(place, "mv srv/moved srv/media");
	swap(&s, mark);
	/* Somebody else's exchange afterwards. */
	shell(place, "mv srv/media srv/moved; mkdir srv/media");
	assert_int_equal(files->unswap(&s.target, mark, &e), -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	shell(place, "rmdir srv/media; mv srv/moved srv/media; rm -r srv/.media.20261125r7p12.old");
	assert_int_equal(files->unswap(&s.target, mark, &e), -1);
	assert_int_equal(e.kind, ERR_GONE);
	shell(place, "test $(cat srv/media/img/a) = restored");
}

/* -- looking -- */

/* NEW-6 */
static void
NEW_6_a_look_tells_what_would_change_and_changes_nothing(void **state)
{
	struct place *place = *state;
	const char *const choice[] = { "img" };
	struct target_look found;

	shell(place, "cp -p source/img/link srv/media/img/ -P;"
	             "touch -h -r source/img/link srv/media/img/link;"
	             "cp -p $'source/img/\\xff\\xfe' srv/media/img/");
	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	shell(place, LIST "list srv > before");
	found = look(&s);
	assert_null(found.refusal);
	/* new/n and new/m; img/a; img/gone and doc/d. */
	assert_int_equal(found.added, 2);
	assert_int_equal(found.changed, 1);
	assert_int_equal(found.removed, 2);
	assert_int_equal(found.bytes, 4 + 5 + 4 + 2);
	assert_true(found.needs > 0 && found.has > found.needs);
	s.target.choice = choice;
	s.target.choice_count = 1;
	found = look(&s);
	assert_int_equal(found.added, 0);
	assert_int_equal(found.changed, 1);
	assert_int_equal(found.removed, 1);
	s.target.mode = RESTORE_ADD;
	assert_int_equal(look(&s).removed, 0);
	shell(place, LIST "list srv | cmp - before");
}

static void
a_look_refuses_what_cannot_be_done(void **state)
{
	struct place *place = *state;
	char roots[400];

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	snprintf(roots, sizeof roots, "%s/none/media", place->path);
	s.service.settings.roots = roots;
	assert_non_null(strstr(look(&s).refusal, "neither does the one it would be in"));
	snprintf(roots, sizeof roots, "%s/srv/media\n%s/srv/media/img", place->path, place->path);
	assert_non_null(strstr(look(&s).refusal, "is below"));
	snprintf(roots, sizeof roots, "%s/srv/media\n%s/srv/more", place->path, place->path);
	assert_non_null(strstr(look(&s).refusal, "one folder and this service has 2"));
	s.service.settings.roots = "/";
	assert_non_null(strstr(look(&s).refusal, "in no other folder"));
	s.service.settings.roots = "/proc";
	assert_non_null(look(&s).refusal);
}

static void
a_mounted_root_is_refused_and_a_full_disk_told_with_numbers(void **state)
{
	struct place *place = *state;
	char path[128], roots[160];

	tree_put_many(AT_FDCWD, (snprintf(path, sizeof path, "%s/source/big", place->path), path),
	    3 << 20, true);
	pack_source(place);
	snprintf(path, sizeof path, "%s/disk", place->path);
	assert_int_equal(mkdir(path, 0755), 0);
	/* Only root in its own namespace may mount. */
	if (mount("none", path, "tmpfs", 0, "size=1m") != 0)
		skip();
	SCENE(s, place, RESTORE_REPLACE);
	s.service.settings.roots = path;
	const char *mounted = look(&s).refusal;
	snprintf(roots, sizeof roots, "%s/media", path);
	s.service.settings.roots = roots;
	const char *full = look(&s).refusal;
	struct target_built built;
	struct err e = { .text = "" };
	int rc = files->build(&built, &s.target, &s.from, &e);
	int left = RUN("/", "bash", "-c", "test -z \"$(ls -A \"$0\")\"", path);

	umount(path);
	assert_non_null(strstr(mounted, "is a mounted file system"));
	assert_non_null(strstr(full, "are free there"));
	assert_int_equal(rc, -1);
	assert_int_equal(e.kind, ERR_FULL);
	assert_int_equal(left, 0);
}

/* What happens without a look: tests/faults/no_inodes_test.py. */
static void
T20_too_few_inodes_and_a_read_only_disk_are_told_before(void **state)
{
	struct place *place = *state;
	char path[128], roots[160];

	pack_source(place);
	snprintf(path, sizeof path, "%s/disk", place->path);
	assert_int_equal(mkdir(path, 0755), 0);
	if (mount("none", path, "tmpfs", 0, "size=8m,nr_inodes=3") != 0)
		skip();
	SCENE(s, place, RESTORE_REPLACE);
	snprintf(roots, sizeof roots, "%s/media", path);
	s.service.settings.roots = roots;
	const char *few = look(&s).refusal;
	int rc = mount("none", path, "tmpfs", MS_REMOUNT, "nr_inodes=1000");
	const char *enough = look(&s).refusal;

	rc += mount("none", path, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL);
	const char *read_only = look(&s).refusal;

	umount(path);
	assert_int_equal(rc, 0);
	assert_non_null(strstr(few, " inodes beside the target, one for each, and 2 are free"));
	assert_null(enough);
	assert_non_null(strstr(read_only, "its file system is read-only. Mount it writable"));
}

/* -- failures -- */

/* T35 */
static void
T35_a_damaged_copy_touches_nothing(void **state)
{
	struct place *place = *state;
	struct target_built built;
	struct err e = { .text = "" };
	int64_t size;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	shell(place, LIST "list srv > before");
	size = s.data.stored_bytes;
	for (int64_t at = 0; at < size; at += size / 100 + 1) {
		char command[300];

		snprintf(command, sizeof command, "cp store/a.tar.zst kept; "
		    "printf \"\\\\x$(printf %%02x $((255 - $(od -An -tu1 -j%lld -N1 kept))))\" |"
		    " dd of=store/a.tar.zst bs=1 seek=%lld conv=notrunc status=none",
		    (long long)at, (long long)at);
		shell(place, command);
		assert_int_equal(files->build(&built, &s.target, &s.from, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
		shell(place, LIST "list srv | grep -v '^ d' > now;"
		                  "grep -v '^ d' before | cmp - now;"
		                  "test $(ls -A srv) = media; cat kept > store/a.tar.zst");
	}
	build(&s);
}

/* PEER-4 */
static void
PEER_4_drop_leaves_its_neighbours_alone(void **state)
{
	struct place *place = *state;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	shell(place, "cd srv; for n in .media.20261125r7p12.newer .media.20261125r7p1.new"
	             " .media.20261125r7p123.new .media.20261125r7p12 .media2.20261125r7p12.old"
	             " media2 media.20261125r7p12.new; do mkdir $n; echo x > $n/x; done;"
	             "ls -A | sort > ../names");
	swap(&s, build(&s));
	drop(&s);
	shell(place, "cd srv; ls -A | sort | cmp - ../names;"
	             "for n in .media.* .media2* media2 media.*; do test $(cat $n/x) = x; done");
}

static void
the_side_is_told_to_a_hook(void **state)
{
	struct place *place = *state;
	const char *const *env;
	struct err e = { .text = "" };
	char want[200];

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	build(&s);
	assert_int_equal(files->side_env(&env, &s.target, &e), 0);
	snprintf(want, sizeof want, "LAZARETTE_SIDE=%s/srv/.media.20261125r7p12.new", place->path);
	assert_string_equal(env[0], want);
	assert_null(env[1]);
}

static void
what_a_former_holder_left_is_built_anew(void **state)
{
	struct place *place = *state;

	pack_source(place);
	SCENE(s, place, RESTORE_REPLACE);
	shell(place, LIST "list source > wanted; mkdir -p srv/.media.20261125r7p12.new/img/x");
	swap(&s, build(&s));
	shell(place, LIST "list srv/media | cmp - wanted");
}

/* Deeper than there are descriptors, read-only, with a link out. */
static void
a_tree_of_any_depth_is_removed_and_nothing_it_links_to(void **state)
{
	struct place *place = *state;
	CLEANUP_FD int top = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int at = tree_folder(top, "deep");
	struct err e = { .text = "" };

	shell(place, "mkdir keep; echo x > keep/x");
	for (int i = 0; i < 3000; i++) {
		int next = tree_folder(at, "d");

		tree_put(next, "f", "x", 1);
		if (i % 500 == 0)
			assert_int_equal(symlinkat("../keep", next, ".raze-1"), 0);
		if (i % 100 == 0)
			assert_int_equal(fchmod(at, 0555), 0);
		close(at);
		at = next;
	}
	close(at);
	if (raze_tree(top, "deep", &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(faccessat(top, "deep", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_true(holds(place, "test $(cat keep/x) = x"));
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up_srv, tear_down)
	const struct CMUnitTest tests[] = {
		T(CYC_13_replace_makes_the_target_equal_and_the_undo_brings_the_old_back),
		T(a_root_that_is_missing_is_made_and_taken_away_again),
		T(several_roots_are_exchanged_by_their_names),
		T(PEER_24_DIV_11_only_the_chosen_paths_are_exchanged),
		T(a_chosen_path_below_no_folder_is_refused),
		T(a_target_that_changed_its_place_is_left_alone),
		T(NEW_6_a_look_tells_what_would_change_and_changes_nothing),
		T(a_look_refuses_what_cannot_be_done),
		T(a_mounted_root_is_refused_and_a_full_disk_told_with_numbers),
		T(T20_too_few_inodes_and_a_read_only_disk_are_told_before),
		T(T35_a_damaged_copy_touches_nothing),
		T(PEER_4_drop_leaves_its_neighbours_alone),
		T(the_side_is_told_to_a_hook),
		T(what_a_former_holder_left_is_built_anew),
		T(a_tree_of_any_depth_is_removed_and_nothing_it_links_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
