/* reuse_model_test.c: random trees, random changes, random deletions of backups: each backup that
 * is left comes back as the tree was (SCU-6). 500 steps; with ALL 10,000. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "tests/unit/chaining.h"

enum { FEWER = 500, STEPS = 10000, FILES = 12, LEFT = 8 };

static struct chained chained;
static int met[8];

static int
set_up_model(void **state)
{
	if (chaining_set_up(&chained, state) != 0)
		return -1;
	return mkdir(chained.place->source, 0755);
}

static int
tear_down_model(void **state)
{
	return chaining_tear_down(&chained, state);
}

/* Two changes in one tick of the file system's clock would look like one. */
static void
next_tick(void)
{
	struct timespec first, now;

	clock_gettime(CLOCK_REALTIME_COARSE, &first);
	do
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	while (now.tv_sec == first.tv_sec && now.tv_nsec == first.tv_nsec);
}

/* "d2/f17": five folders, of which the first is the source itself. */
static const char *
random_path(char path[200])
{
	int folder = (int)rand_below(5), n = snprintf(path, 200, "%s", chained.place->source);

	if (folder > 0) {
		n += snprintf(path + n, 200 - (size_t)n, "/d%d", folder);
		mkdir(path, 0755);
	}
	snprintf(path + n, 200 - (size_t)n, "/f%d", (int)rand_below(FILES));
	return path;
}

static void
write_one(const char *path)
{
	static const size_t sizes[] = { 0, 1, 500, 5000, 60000, 600000, 5 << 20 };
	size_t size = sizes[rand_below(rand_below(20) == 0 ? 7 : 6)];

	unlink(path);
	/* Of the first sizes some have the same content. */
	tree_put_many(AT_FDCWD, path, size, rand_below(2) == 0);
}

static void
change(void)
{
	char one[200], two[200];
	CLEANUP_FD int fd = -1;

	switch (rand_below(9)) {
	case 0:
	case 1:
	case 2:
		write_one(random_path(one));
		break;
	case 3:
		unlink(random_path(one));
		break;
	case 4:
		rename(random_path(one), random_path(two));
		break;
	case 5:
		link(random_path(one), random_path(two));
		break;
	case 6:
		symlink("somewhere", random_path(one));
		break;
	case 7:
		utimensat(AT_FDCWD, random_path(one), NULL, AT_SYMLINK_NOFOLLOW);
		break;
	default:
		/* In its place, with the size it had. */
		fd = open(random_path(one), O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0)
			met[0] += pwrite(fd, "changed", 7, 0) == 7;
	}
}

static struct chained_one *
any_of_those_left(void)
{
	for (;;) {
		struct chained_one *l = &chained.links[rand_below((uint64_t)chained.count)];

		if (l->lives)
			return l;
	}
}

static int
left(void)
{
	int n = 0;

	for (int i = 0; i < chained.count; i++)
		n += chained.links[i].lives;
	return n;
}

static void
back_up(void)
{
	struct chained_one *l;

	next_tick();
	/* Now and then one pack only; else about three frames in each. */
	chained.raw_max = 16 << 10;
	chained.limit = rand_below(4) == 0 ? 0 : 4096 + (int64_t)rand_below(48 << 10);
	l = chain_pack(&chained);
	next_tick();
	met[1]++;
	met[2] += l->part.pack_count > 1;
	met[3] += l->own_count == 1 && l->totals.data.raw_bytes == 1024;
	met[7] += l->own_count > 1;
}

static void
damage_the_ledger(void)
{
	CLEANUP_FD int fd = open(chained.ledger, O_RDWR | O_CLOEXEC);
	struct stat st;
	char byte;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		return;
	off_t at = (off_t)rand_below((uint64_t)st.st_size);

	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (char)(byte ^ (1 << rand_below(8)));
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	met[4]++;
}

static void
step(bool blindly)
{
	uint64_t dice = rand_below(20);

	if (chained.base < 0 || dice < 4) {
		back_up();
	} else if (dice < 6) {
		struct chained_one *l = any_of_those_left();

		met[5]++;
		assert_int_equal(chain_differs(&chained, l), 0);
		assert_int_equal(chain_frames_differ(&chained, l), 0);
	} else if (dice < 7) {
		damage_the_ledger();
	} else {
		change();
	}
	if (left() > LEFT || (left() > 1 && rand_below(20) == 0)) {
		met[6]++;
		chain_delete(&chained, any_of_those_left(), blindly);
	}
}

static void
SCU_6_each_backup_that_is_left_comes_back_as_the_tree_was(void **state UNUSED)
{
	int steps = getenv("ALL") != NULL ? STEPS : FEWER;

	for (int done = 0; done < steps; done++)
		step(false);
	for (int i = 0; i < chained.count; i++)
		if (chained.links[i].lives)
			assert_int_equal(chain_differs(&chained, &chained.links[i]), 0);
	print_message("%d steps: %d backups (%d of several packs, %d that wrote several, %d with"
	              " nothing new), %d changes in place, %d damaged ledgers, %d restores, %d"
	              " deletions\n", steps, met[1], met[2], met[7], met[3], met[0], met[4], met[5],
	    met[6]);
	for (int i = 0; i < 8; i++)
		assert_true(met[i] > 0);
}

/* The control: who deletes a pack because its own backup goes is found out. */
static void
a_deletion_that_ignores_what_others_need_is_found(void **state UNUSED)
{
	struct err e = { .text = "" };
	char path[200];

	write_one(random_path(path));
	tree_put_many(AT_FDCWD, path, 5000, true);
	back_up();
	back_up();
	chain_delete(&chained, &chained.links[0], true);
	assert_int_equal(chain_restore(&chained, &chained.links[1], &e), -1);
	assert_int_equal(e.kind, ERR_NOT_FOUND);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_model, tear_down_model)
	const struct CMUnitTest tests[] = {
		TEST(SCU_6_each_backup_that_is_left_comes_back_as_the_tree_was),
		TEST(a_deletion_that_ignores_what_others_need_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
