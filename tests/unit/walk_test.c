/* walk_test.c: every path once, folders behind what is in them, whoever lists them ahead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "tests/unit/tree.h"
#include "worker/archive/walk.h"

enum { WIDE = 1000, DEEP = 40, BRANCHES = 30, DEPTH_MAX = 500 };

struct scene {
	char path[64];
	struct buf seen, trouble;     /* a line each */
	size_t count, stop_at;
	bool out_of_order;
};

static int
set_up(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .seen = BUF_INIT, .trouble = BUF_INIT, .stop_at = SIZE_MAX };
	snprintf(scene.path, sizeof scene.path, "/tmp/walk_test.XXXXXX");
	*state = &scene;
	return mkdtemp(scene.path) == NULL ? -1 : 0;
}

static int
tear_down(void **state)
{
	struct scene *scene = *state;
	const char *const rm[] = { "rm", "-rf", scene->path, NULL };

	buf_release(&scene->seen);
	buf_release(&scene->trouble);
	return tree_run("/", rm);
}

static void
make_file(const struct scene *scene, const char *below)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/%s", scene->path, below);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
}

static void
make_folder(const struct scene *scene, const char *below)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", scene->path, below);
	assert_int_equal(mkdir(path, 0755), 0);
}

/* A folder wider than a batch, one with many folders, and a deep one; how many paths, the root
 * among them. */
static size_t
make_scene(const struct scene *scene)
{
	char name[512];
	size_t n = 1, at;

	make_folder(scene, "wide");
	for (int i = 0; i < WIDE; i++, n++) {
		snprintf(name, sizeof name, "wide/%d", i);
		make_file(scene, name);
	}
	make_folder(scene, "many");
	for (int i = 0; i < BRANCHES; n += 1 + (size_t)i, i++) {
		snprintf(name, sizeof name, "many/%d", i);
		make_folder(scene, name);
		for (int j = 0; j < i; j++) {
			snprintf(name, sizeof name, "many/%d/%d", i, j);
			make_file(scene, name);
		}
	}
	at = (size_t)snprintf(name, sizeof name, "deep");
	make_folder(scene, name);
	for (int i = 0; i < DEEP; i++, n++) {
		at += (size_t)snprintf(name + at, sizeof name - at, "/d");
		make_folder(scene, name);
	}
	return n + 3;
}

static int
on_found(void *arg, const struct walk_found *f, struct err *e)
{
	struct scene *scene = arg;
	struct stat st;
	CLEANUP_BUF struct buf line = BUF_INIT;

	assert_int_equal(fstatat(f->dirfd, f->name, &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_ino, f->st->st_ino);
	/* What is in a folder cannot come behind it. */
	for (const char *slash = strchr(f->path, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		buf_clear(&line);
		buf_printf(&line, "\n%.*s\n", (int)(slash - f->path), f->path);
		scene->out_of_order |= strstr(scene->seen.p, line.p) != NULL;
	}
	buf_printf(&scene->seen, "\n%s\n", f->path[0] == '\0' ? "." : f->path);
	if (++scene->count == scene->stop_at)
		return err_set(e, ERR_BUSY, "enough");
	return 0;
}

static void
on_trouble(void *arg, enum walk_trouble kind, const char *path, const char *why)
{
	struct scene *scene = arg;

	buf_printf(&scene->trouble, "%d %s: %s\n", (int)kind, path, why);
}

static int
walk_it(struct scene *scene, const char *exclude, struct err *e)
{
	const char *const roots[] = { scene->path };
	const struct walk w = { .excludes = &exclude, .exclude_count = exclude != NULL,
		.found = on_found, .trouble = on_trouble, .arg = scene };
	CLEANUP_WALK struct walk_roots opened = { .count = 0 };

	assert_int_equal(walk_open(&opened, roots, 1, e), 0);
	return walk_all(&opened, &w, e);
}

static void
every_path_comes_once_and_folders_behind_what_is_in_them(void **state)
{
	struct scene *scene = *state;
	size_t paths = make_scene(scene);
	char line[64];
	struct err e;

	assert_int_equal(walk_it(scene, NULL, &e), 0);
	assert_int_equal(scene->count, paths);
	assert_false(scene->out_of_order);
	assert_string_equal(scene->trouble.p, "");
	for (int i = 0; i < WIDE; i++) {
		const char *first;

		snprintf(line, sizeof line, "\nwide/%d\n", i);
		first = strstr(scene->seen.p, line);
		assert_non_null(first);
		assert_null(strstr(first + 1, line));
	}
	assert_non_null(strstr(scene->seen.p, "\nmany/29/28\n"));
	assert_non_null(strstr(scene->seen.p, "\ndeep/d/d/d\n"));
}

/* It may be a network disk that hangs. */
static void
what_is_excluded_is_not_opened(void **state)
{
	struct scene *scene = *state;
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[128], event[4096];
	struct err e;

	make_scene(scene);
	for (int i = 10; i < 20; i++) {
		snprintf(path, sizeof path, "%s/many/%d", scene->path, i);
		assert_true(inotify_add_watch(watch, path, IN_OPEN) >= 0);
	}
	assert_int_equal(walk_it(scene, "many/1?", &e), 0);
	assert_int_equal(read(watch, event, sizeof event), -1);
	assert_int_equal(errno, EAGAIN);
	assert_non_null(strstr(scene->trouble.p, "0 many/10: many/1?\n"));
	assert_null(strstr(scene->seen.p, "\nmany/10"));
	/* The control: without the pattern they are. */
	assert_int_equal(walk_it(scene, NULL, &e), 0);
	assert_true(read(watch, event, sizeof event) > 0);
	close(watch);
}

static void
it_ends_anywhere(void **state)
{
	struct scene *scene = *state;
	size_t paths = make_scene(scene);
	struct err e;

	for (size_t at = 1; at < paths; at += 1 + paths / 40) {
		scene->count = 0;
		scene->stop_at = at;
		assert_int_equal(walk_it(scene, NULL, &e), -1);
		assert_string_equal(e.text, "enough");
		assert_int_equal(scene->count, at);
	}
}

static void
too_deep_is_trouble_and_the_rest_comes(void **state)
{
	struct scene *scene = *state;
	char home[256];
	struct err e;

	assert_non_null(getcwd(home, sizeof home));
	make_file(scene, "beside");
	assert_int_equal(chdir(scene->path), 0);
	for (int i = 0; i < DEPTH_MAX + 3; i++)
		assert_int_equal(mkdir("d", 0755) | chdir("d"), 0);
	assert_int_equal(chdir(home), 0);
	assert_int_equal(walk_it(scene, NULL, &e), 0);
	assert_non_null(strstr(scene->trouble.p, "cannot be opened: File name too long"));
	assert_non_null(strstr(scene->seen.p, "\nbeside\n"));
	/* The one that is too deep is there itself. */
	assert_int_equal(scene->count, DEPTH_MAX + 2);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(every_path_comes_once_and_folders_behind_what_is_in_them),
		T(what_is_excluded_is_not_opened),
		T(it_ends_anywhere),
		T(too_deep_is_trouble_and_the_rest_comes),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
