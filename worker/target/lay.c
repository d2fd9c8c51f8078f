/* lay.c: the folders that a restore of files lands in, and what lies beside them. */
#include "worker/target/lay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "worker/archive/beneath.h"
#include "worker/archive/manifest.h"

/* So that the longest name beside it still fits. */
enum { BASE_MAX = 200, FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* Parent and name of a root; the real ones, so that a link to a folder is that folder. */
static int
resolve(struct lay_root *root, struct arena *a, struct err *e)
{
	char real[PATH_MAX], *clean = arena_dup(a, root->path), *slash;
	size_t n = strlen(clean);

	if (clean[0] != '/')
		return err_set(e, ERR_INPUT, "'%s' is not an absolute path", root->path);
	while (n > 1 && clean[n - 1] == '/')
		clean[--n] = '\0';
	if (realpath(clean, real) != NULL)
		clean = arena_dup(a, real);
	else if (errno != ENOENT)
		return err_sys(e, "look at the folder '%s'", root->path);
	slash = strrchr(clean, '/');
	root->base = slash + 1;
	root->parent_path = slash == clean ? "/" : arena_dupn(a, clean, (size_t)(slash - clean));
	if (root->base[0] == '\0')
		return err_set(e, ERR_INPUT, "'%s' cannot be exchanged: it is in no other folder",
		    root->path);
	root->parent = open(root->parent_path, FOLDER_FLAGS);
	if (root->parent < 0 && errno == ENOENT)
		return err_set(e, ERR_INPUT,
		    "Folder %s does not exist, and neither does the one it would be in; make that"
		    " one, then look again", root->path);
	return root->parent >= 0 ? 0 : err_sys(e, "open the folder '%s'", root->parent_path);
}

static bool
is_below(const char *path, const char *root)
{
	size_t n = strlen(root);

	return strncmp(path, root, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static int
check_apart(const struct lay *l, struct err *e)
{
	for (size_t i = 0; i < l->count; i++)
		for (size_t j = 0; j < l->count; j++) {
			const char *one = arena_printf(l->arena, "%s/%s", l->root[i].parent_path,
			    l->root[i].base);
			const char *two = arena_printf(l->arena, "%s/%s", l->root[j].parent_path,
			    l->root[j].base);

			if (i != j && is_below(one, two))
				return err_set(e, ERR_CONFLICT,
				    "Folder %s is below %s; they cannot be exchanged one by one",
				    l->root[i].path, l->root[j].path);
		}
	return 0;
}

int
lay_open(struct lay *ret, const struct target *t, struct err *e)
{
	struct arena *a = t->src->arena;
	struct walk_roots names;
	const char *const *paths;
	size_t count = source_lines(&paths, a, t->src->service->settings.roots);

	int rc = 0;

	ret->count = 0;
	ret->arena = a;
	if (walk_name(&names, paths, count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct lay_root *root = &ret->root[i];

		*root = (struct lay_root){ .path = names.root[i].path, .parent = -1,
			.name = arena_dup(a, names.root[i].name) };
		ret->count++;
		if (resolve(root, a, e) != 0) {
			rc = -1;
			continue;
		}
		/* A number keeps long names apart. */
		root->fresh = strlen(root->base) <= BASE_MAX
		    ? arena_printf(a, ".%s.%s.", root->base, t->tag)
		    : arena_printf(a, ".%.*s-%zu.%s.", BASE_MAX, root->base, i, t->tag);
		root->old = arena_printf(a, "%sold", root->fresh);
		root->fresh = arena_printf(a, "%snew", root->fresh);
	}
	return rc == 0 ? check_apart(ret, e) : -1;
}

int
lay_clean(struct target *ret, const struct target *t, struct err *e)
{
	const char **choice = arena_array(t->src->arena, t->choice_count + 1, sizeof choice[0]);
	size_t count = 0;

	for (size_t i = 0; i < t->choice_count; i++) {
		char *path = arena_dup(t->src->arena, t->choice[i]);
		size_t n = strlen(path);

		while (n > 0 && path[n - 1] == '/')
			path[--n] = '\0';
		while (strncmp(path, "./", 2) == 0)
			path += 2;
		if (!manifest_path_ok(path))
			return err_set(e, ERR_INPUT, "'%s' is not a path below the folder", path);
		if (path[0] != '\0')
			choice[count++] = path;
	}
	*ret = *t;
	ret->choice = choice;
	ret->choice_count = count;
	return 0;
}

void
lay_close(struct lay *l)
{
	for (size_t i = 0; i < l->count; i++)
		fd_close(&l->root[i].parent);
	l->count = 0;
}

static bool
is_there(int folder, const char *name, struct stat *st)
{
	return fstatat(folder, name, st, AT_SYMLINK_NOFOLLOW) == 0;
}

const char *
lay_side(const struct lay_root *root)
{
	struct stat st;

	return is_there(root->parent, root->fresh, &st) ? root->fresh
	    : is_there(root->parent, root->old, &st)    ? root->old
	                                                : NULL;
}

int
lay_folder(int *ret, const char **name, const struct lay *l, const struct lay_unit *unit,
    const char *side, struct err *e)
{
	const struct lay_root *root = &l->root[unit->root];
	const char *top = side != NULL && side[0] ? side : root->base;
	const char *slash = strrchr(unit->below, '/');
	CLEANUP_FD int at = -1;
	int fd;

	if (unit->below[0] == '\0') {
		fd = fcntl(root->parent, F_DUPFD_CLOEXEC, 0);
		*name = top;
	} else {
		at = openat(root->parent, top, FOLDER_FLAGS | O_NOFOLLOW);
		fd = at < 0 ? -1
		            : beneath_folder(at, unit->below,
		                  slash != NULL ? (size_t)(slash - unit->below) : 0, NULL);
		*name = slash != NULL ? slash + 1 : unit->below;
	}
	if (fd < 0)
		return err_sys(e, "open the folder of '%s' in '%s/%s'", unit->below,
		    root->parent_path, top);
	*ret = fd;
	return 0;
}

/* A folder that is moved to another one needs to be writable, for its "..". */
static int
open_up(int folder, const char *name, mode_t *mode)
{
	int fd = openat(folder, name, FOLDER_FLAGS | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || fchmod(fd, (st.st_mode & 07777) | 0200) != 0)
		fd_close(&fd);
	*mode = fd >= 0 ? st.st_mode & 07777 : 0;
	return fd;
}

int
lay_rename(int from, const char *name, int to, const char *new_name, unsigned flags)
{
	CLEANUP_FD int one = -1, two = -1;
	mode_t mode[2];
	int rc = renameat2(from, name, to, new_name, flags), why;

	if (rc == 0 || errno != EACCES)
		return rc;
	one = open_up(from, name, &mode[0]);
	two = open_up(to, new_name, &mode[1]);
	rc = renameat2(from, name, to, new_name, flags);
	why = errno;
	if ((one >= 0 && fchmod(one, mode[0]) != 0) || (two >= 0 && fchmod(two, mode[1]) != 0))
		return -1;
	errno = why;
	return rc;
}

/* -- planning -- */

static void
add_unit(struct lay_units *to, struct arena *a, const struct lay_unit *unit)
{
	for (size_t i = 0; i < to->count; i++)
		if (to->unit[i].root == unit->root && strcmp(to->unit[i].below, unit->below) == 0)
			return;
	to->unit = arena_grow(a, to->unit, to->count, &to->capacity, sizeof to->unit[0]);
	to->unit[to->count++] = *unit;
}

/* From the root down to the first component that is missing, or to the path itself. */
static int
plan_path(struct lay_unit *unit, const struct lay *l, const char *below, struct err *e)
{
	const struct lay_root *root = &l->root[unit->root];
	const char *name = root->base, *end = below;
	CLEANUP_FD int at = fcntl(root->parent, F_DUPFD_CLOEXEC, 0);
	struct stat top, st;

	if (at < 0 || fstat(at, &top) != 0)
		return err_sys(e, "look at '%s'", root->parent_path);
	for (;;) {
		int next;

		unit->existed = is_there(at, name, &st);
		unit->below = arena_dupn(l->arena, below, (size_t)(end - below));
		if (!unit->existed || *end == '\0')
			return 0;
		next = S_ISDIR(st.st_mode) ? openat(at, name, FOLDER_FLAGS | O_NOFOLLOW) : -1;
		if (next < 0 || st.st_dev != top.st_dev) {
			fd_close(&next);
			return err_set(e, ERR_CONFLICT,
			    "'%s' cannot be restored on its own: in %s, '%s' is %s", below,
			    root->path, unit->below,
			    S_ISDIR(st.st_mode) ? "another file system" : "no folder");
		}
		fd_close(&at);
		at = next;
		end += *end == '/';
		name = arena_dupn(l->arena, end, strcspn(end, "/"));
		end += strlen(name);
	}
}

/* A chosen path below another chosen one comes with it. */
static bool
comes_along(const struct target *t, size_t i)
{
	for (size_t j = 0; j < t->choice_count; j++)
		if (strlen(t->choice[j]) < strlen(t->choice[i])
		    && is_below(t->choice[i], t->choice[j]))
			return true;
	return false;
}

int
lay_plan(struct lay_units *ret, const struct lay *l, const struct target *t, uint64_t roots,
    struct err *e)
{
	*ret = (struct lay_units){ .unit = NULL };
	for (size_t i = 0; i < l->count; i++) {
		struct lay_unit unit = { .root = i };

		if (t->choice_count > 0 || (roots >> i & 1) == 0)
			continue;
		if (plan_path(&unit, l, "", e) != 0)
			return -1;
		add_unit(ret, l->arena, &unit);
	}
	for (size_t i = 0; i < t->choice_count; i++) {
		struct lay_unit unit = { .root = 0 };
		const struct unpack_root *found;
		struct unpack_root names[WALK_ROOTS_MAX];
		const char *below;

		if (comes_along(t, i))
			continue;
		for (size_t j = 0; j < l->count; j++)
			names[j] = (struct unpack_root){ l->root[j].name, -1 };
		found = unpack_root_of(&below, names, l->count, t->choice[i]);
		if (found == NULL)
			return err_set(e, ERR_INPUT, "'%s' is in no folder of this service",
			    t->choice[i]);
		unit.root = (size_t)(found - names);
		if (plan_path(&unit, l, below, e) != 0)
			return -1;
		add_unit(ret, l->arena, &unit);
	}
	return 0;
}

/* -- the mark: a line for each unit, "e 2049:131 0 img/a": existed, device:inode, root, path -- */

int
lay_mark(const char **ret, const struct lay *l, struct lay_units *units, struct err *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;

	for (size_t i = 0; i < units->count; i++) {
		struct lay_unit *unit = &units->unit[i];
		CLEANUP_FD int fd = -1;
		const char *name;
		struct stat st;

		if (lay_folder(&fd, &name, l, unit, l->root[unit->root].fresh, e) != 0)
			return -1;
		if (!is_there(fd, name, &st))
			return err_sys(e, "look at '%s'", name);
		unit->device = st.st_dev;
		unit->inode = st.st_ino;
		buf_printf(&text, "%c %llu:%llu %zu %s\n", unit->existed ? 'e' : 'm',
		    (unsigned long long)unit->device, (unsigned long long)unit->inode, unit->root,
		    unit->below);
	}
	*ret = arena_dup(l->arena, text.p);
	return 0;
}

static bool
read_line(struct lay_unit *unit, const struct lay *l, const char *line, const char *end)
{
	char *at;

	unit->existed = line[0] == 'e';
	unit->device = strtoull(line + 1, &at, 10);
	if (*at != ':')
		return false;
	unit->inode = strtoull(at + 1, &at, 10);
	unit->root = strtoull(at, &at, 10);
	if (*at != ' ' || at >= end || unit->root >= l->count)
		return false;
	unit->below = arena_dupn(l->arena, at + 1, (size_t)(end - at - 1));
	return manifest_path_ok(unit->below);
}

int
lay_read_mark(struct lay_units *ret, const struct lay *l, const char *mark, struct err *e)
{
	*ret = (struct lay_units){ .unit = NULL };
	for (const char *line = mark, *end; *line != '\0'; line = end + 1) {
		struct lay_unit unit = { .root = 0 };

		end = strchr(line, '\n');
		if (end == NULL || !read_line(&unit, l, line, end))
			return err_set(e, ERR_INTERNAL,
			    "what was built is not known any more: its mark cannot be read");
		add_unit(ret, l->arena, &unit);
	}
	return 0;
}
