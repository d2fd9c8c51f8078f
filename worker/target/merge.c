/* merge.c: mode add: what was built comes on top of what is there, path by path. */
#include "worker/target/merge.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "worker/archive/beneath.h"
#include "worker/archive/manifest.h"
#include "worker/target/raze.h"

enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

struct merge {
	const struct lay_root *root;
	int side, target;             /* the two roots */
	int old;                      /* -1 until something is kept */
	atomic_int made;              /* folders in it */
	struct buf path;              /* of the folder that is being merged */
	bool looks;                   /* changes nothing: only links are looked for */
};

/* One folder on both sides, and the names in it that are folders on both sides. */
struct level {
	int side, target;
	struct arena *arena;
	const char **both;
	size_t count, capacity;
};

static void
level_close(struct level *v)
{
	fd_close(&v->side);
	fd_close(&v->target);
	arena_freep(&v->arena);
}

static int
failed(struct err *e, const struct merge *m, const char *what, const char *name)
{
	return err_sys(e, "%s '%s%s%s' in %s", what, m->path.p, m->path.n > 0 ? "/" : "", name,
	    m->root->path);
}

/* The folder of the old tree that answers to the one being merged. */
static int
old_folder(struct merge *m)
{
	if (m->old < 0) {
		if (mkdirat(m->root->parent, m->root->old, 0700) != 0 && errno != EEXIST)
			return -1;
		m->old = openat(m->root->parent, m->root->old, FOLDER_FLAGS);
	}
	return m->old < 0 ? -1 : beneath_folder(m->old, m->path.p, m->path.n, &m->made);
}

/* By a further name, so that the path is never missing; a folder can only be moved. */
static int
keep(struct merge *m, const struct level *v, const char *name, bool move, struct err *e)
{
	CLEANUP_FD int to = old_folder(m);

	if (to < 0)
		return failed(e, m, "keep", name);
	if (!move) {
		/* EEXIST: kept before, and then we were interrupted. */
		if (linkat(v->target, name, to, name, 0) == 0 || errno == EEXIST)
			return 0;
		if (errno != EPERM && errno != EMLINK)
			return failed(e, m, "keep", name);
	}
	return lay_rename(v->target, name, to, name, RENAME_NOREPLACE) == 0
	    ? 0 : failed(e, m, "keep", name);
}

static void
remember(struct level *v, const char *name)
{
	v->both = arena_grow(v->arena, v->both, v->count, &v->capacity, sizeof v->both[0]);
	v->both[v->count++] = arena_dup(v->arena, name);
}

int
merge_refuse_link(struct err *e, const char *root, const char *path)
{
	return err_set(e, ERR_CONFLICT, "In %s, '%s' is a symbolic link, and in the backup it is a"
	    " folder. Files are added neither through a link nor in its place: restore where it"
	    " leads as a service of its own, or choose paths that are not in it", root, path);
}

static int
link_met(const struct merge *m, const char *name, struct err *e)
{
	CLEANUP_BUF struct buf path = BUF_INIT, shown = BUF_INIT;

	buf_printf(&path, "%s%s%s", m->path.p, m->path.n > 0 ? "/" : "", name);
	manifest_show_path(&shown, path.p);
	return merge_refuse_link(e, m->root->path, shown.p);
}

static int
merge_name(struct merge *m, struct level *v, const char *name, struct err *e)
{
	struct stat is, was;

	if (fstatat(v->side, name, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return failed(e, m, "look at", name);
	if (m->looks && !S_ISDIR(is.st_mode))
		return 0;
	if (fstatat(v->target, name, &was, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISDIR(is.st_mode) && S_ISDIR(was.st_mode)) {
			remember(v, name);
			return 0;
		}
		if (S_ISDIR(is.st_mode) && S_ISLNK(was.st_mode))
			return link_met(m, name, e);
		if (m->looks)
			return 0;
		if (keep(m, v, name, S_ISDIR(is.st_mode) || S_ISDIR(was.st_mode), e) != 0)
			return -1;
		FAULT("files.kept");
	} else if (errno != ENOENT) {
		return failed(e, m, "look at", name);
	}
	if (m->looks)
		return 0;
	if (lay_rename(v->side, name, v->target, name, 0) != 0)
		return failed(e, m, "put", name);
	FAULT("files.added");
	return 0;
}

static void
dir_closep(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static int
merge_names(struct merge *m, struct level *v, struct err *e)
{
	int mine = fcntl(v->side, F_DUPFD_CLOEXEC, 0);
	CLEANUP(dir_closep) DIR *dir = mine >= 0 ? fdopendir(mine) : NULL;
	struct dirent *entry;

	if (dir == NULL) {
		fd_close(&mine);
		return failed(e, m, "list", "");
	}
	while (errno = 0, (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0
		    && merge_name(m, v, entry->d_name, e) != 0)
			return -1;
	return errno == 0 ? 0 : failed(e, m, "list", "");
}

/* Holds no descriptor while it is below, so that depth costs none. */
static int
merge_folder(struct merge *m, struct err *e)
{
	CLEANUP(level_close) struct level v = { .side = -1, .target = -1, .arena = arena_new() };
	size_t length = m->path.n;

	v.side = beneath_folder(m->side, m->path.p, length, NULL);
	v.target = beneath_folder(m->target, m->path.p, length, NULL);
	if (v.side < 0 || v.target < 0)
		return failed(e, m, "open the folder", "");
	if (merge_names(m, &v, e) != 0)
		return -1;
	if (!m->looks && fsync(v.target) != 0)
		return failed(e, m, "write to the disk", "");
	fd_close(&v.side);
	fd_close(&v.target);
	for (size_t i = 0; i < v.count; i++) {
		if (length > 0)
			buf_char(&m->path, '/');
		buf_text(&m->path, v.both[i]);
		if (merge_folder(m, e) != 0)
			return -1;
		buf_cut(&m->path, length);
	}
	return 0;
}

static void
merge_close(struct merge *m)
{
	fd_close(&m->side);
	fd_close(&m->target);
	fd_close(&m->old);
	buf_release(&m->path);
}

int
merge_look(const struct lay_root *root, struct err *e)
{
	CLEANUP(merge_close) struct merge m = { .root = root, .side = -1, .target = -1, .old = -1,
		.path = BUF_INIT, .looks = true };

	m.side = openat(root->parent, root->fresh, FOLDER_FLAGS);
	m.target = openat(root->parent, root->base, FOLDER_FLAGS);
	/* Nothing is to be added, or everything is new. */
	return m.side < 0 || m.target < 0 ? 0 : merge_folder(&m, e);
}

int
merge_root(const struct lay_root *root, struct err *e)
{
	CLEANUP(merge_close) struct merge m = { .root = root, .side = -1, .target = -1, .old = -1,
		.path = BUF_INIT };

	m.side = openat(root->parent, root->fresh, FOLDER_FLAGS);
	if (m.side < 0 && errno == ENOENT)
		return 0;             /* done before */
	/* Nothing is there yet: the whole of it. */
	if (renameat2(root->parent, root->fresh, root->parent, root->base, RENAME_NOREPLACE) == 0)
		return fsync(root->parent) == 0 ? 0 : failed(e, &m, "write to the disk", "");
	m.target = openat(root->parent, root->base, FOLDER_FLAGS);
	if (m.side < 0 || m.target < 0)
		return failed(e, &m, "open the folder", "");
	if (merge_folder(&m, e) != 0)
		return -1;
	/* What is left are folders that are on both sides. */
	return raze_tree(root->parent, root->fresh, e);
}
