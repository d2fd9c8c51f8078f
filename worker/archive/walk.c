/* walk.c: every path below some folders, without following a link or opening a file. */
#include "worker/archive/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/fd.h"
#include "worker/archive/scout.h"

enum { DEPTH_MAX = 500 };

static bool
name_taken(const struct walk_roots *roots, const char *name)
{
	for (size_t i = 0; i < roots->count; i++)
		if (strcmp(roots->root[i].name, name) == 0)
			return true;
	return false;
}

/* The last component of a root, with -2, -3 … when an earlier root has it already. */
static void
name_root(struct walk_root *root, const struct walk_roots *before)
{
	size_t n = strlen(root->path), start;

	while (n > 1 && root->path[n - 1] == '/')
		n--;
	for (start = n; start > 0 && root->path[start - 1] != '/'; start--)
		;
	const char *last = n - start > 0 ? root->path + start : "root";
	int length = n - start > 0 ? (int)(n - start) : 4;

	snprintf(root->name, sizeof root->name, "%.*s", length, last);
	for (int i = 2; name_taken(before, root->name); i++)
		snprintf(root->name, sizeof root->name, "%.*s-%d", length > 240 ? 240 : length,
		    last, i);
}

static int
open_root(int *ret, const char *path, struct err *e)
{
	char words[128];
	int fd;

	if (path[0] != '/')
		return err_set(e, ERR_INPUT, "'%s' is not an absolute path", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_INPUT, "Folder %s does not exist", path);
	if (fd < 0 && errno == ENOTDIR)
		return err_set(e, ERR_INPUT, "%s is not a folder", path);
	if (fd < 0)
		return err_set(e, ERR_INPUT, "Folder %s cannot be opened: %s", path,
		    strerror_r(errno, words, sizeof words));
	*ret = fd;
	return 0;
}

int
walk_name(struct walk_roots *ret, const char *const *paths, size_t count, struct err *e)
{
	ret->count = 0;
	if (count == 0 || count > WALK_ROOTS_MAX)
		return err_set(e, ERR_INPUT, "there are %zu folders, 1 to %d are possible", count,
		    WALK_ROOTS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct walk_root *root = &ret->root[i];

		*root = (struct walk_root){ .path = paths[i], .fd = -1 };
		if (count > 1)
			name_root(root, ret);
		ret->count++;
	}
	return 0;
}

int
walk_open(struct walk_roots *ret, const char *const *paths, size_t count, struct err *e)
{
	if (walk_name(ret, paths, count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (open_root(&ret->root[i].fd, paths[i], e) != 0) {
			walk_close(ret);
			return -1;
		}
	return 0;
}

void
walk_close(struct walk_roots *roots)
{
	for (size_t i = 0; i < roots->count; i++)
		fd_close(&roots->root[i].fd);
	roots->count = 0;
}

/* A pattern with a slash is for the path below the root, any other for a name; "x/" only for
 * folders. */
static bool
matches(const char *pattern, const char *below, const char *name, bool folder)
{
	char text[1024];
	size_t n = strlen(pattern);
	bool for_folders = n > 1 && pattern[n - 1] == '/';

	if (n == 0 || n >= sizeof text || (for_folders && !folder))
		return false;
	memcpy(text, pattern, n + 1);
	if (for_folders)
		text[n - 1] = '\0';
	if (strchr(text, '/') == NULL)
		return fnmatch(text, name, 0) == 0;
	return fnmatch(text[0] == '/' ? text + 1 : text, below, FNM_PATHNAME) == 0;
}

struct walker {
	const struct walk *w;
	const struct walk_root *root;
	struct buf path;              /* in the archive */
	size_t root_length;           /* of the root's name with its slash */
	int depth;
	struct scout *scout;
};

static const char *
below_root(const struct walker *k)
{
	return k->path.n >= k->root_length ? k->path.p + k->root_length : "";
}

static void
trouble(const struct walker *k, enum walk_trouble kind, const char *what)
{
	char why[256], words[128];

	snprintf(why, sizeof why, "%s: %s", what, strerror_r(errno, words, sizeof words));
	k->w->trouble(k->w->arg, kind, k->path.p, why);
}

static const char *
excluded_by(const struct walker *k, const char *name, bool folder)
{
	for (size_t i = 0; i < k->w->exclude_count; i++)
		if (matches(k->w->excludes[i], below_root(k), name, folder))
			return k->w->excludes[i];
	return NULL;
}

static int walk_folder(struct walker *k, struct scout_folder *in, struct scout_entry *entry,
    struct err *e);

/* One of those in the folder; the path is its own. */
static int
walk_entry(struct walker *k, struct scout_folder *in, struct scout_entry *entry, struct err *e)
{
	bool folder = entry->error == 0 && S_ISDIR(entry->st.st_mode);
	const char *pattern;

	if (entry->error != 0) {
		errno = entry->error;
		trouble(k, errno == ENOENT ? WALK_VANISHED : WALK_UNREADABLE,
		    "cannot be looked at");
		return 0;
	}
	pattern = entry->wanted ? NULL : excluded_by(k, entry->name, folder);
	if (pattern != NULL) {
		k->w->trouble(k->w->arg, WALK_EXCLUDED, k->path.p, pattern);
		return 0;
	}
	if (folder && walk_folder(k, in, entry, e) != 0)
		return -1;
	const struct walk_found found = { k->root, k->path.p, below_root(k), scout_fd(in),
		entry->name, &entry->st };
	return k->w->found(k->w->arg, &found, e);
}

static void
add_name(struct walker *k, const char *name)
{
	if (k->path.n > 0)
		buf_char(&k->path, '/');
	buf_text(&k->path, name);
}

/* So that they are listed already when they are come to. Each level holds a descriptor. */
static void
choose_folders(struct walker *k, struct scout_entry *entries, size_t count)
{
	size_t length = k->path.n;

	for (size_t i = 0; i < count; i++) {
		struct scout_entry *entry = &entries[i];

		if (entry->error != 0 || !S_ISDIR(entry->st.st_mode) || k->depth >= DEPTH_MAX)
			continue;
		add_name(k, entry->name);
		entry->wanted = excluded_by(k, entry->name, true) == NULL;
		buf_cut(&k->path, length);
	}
	scout_chosen(k->scout);
}

static int
walk_names(struct walker *k, struct scout_folder *in, struct err *e)
{
	size_t length = k->path.n, count;
	struct scout_entry *entries;
	int error;

	while ((count = scout_next(&entries, &error, k->scout)) > 0) {
		choose_folders(k, entries, count);
		for (size_t i = 0; i < count; i++) {
			add_name(k, entries[i].name);
			if (walk_entry(k, in, &entries[i], e) != 0)
				return -1;
			buf_cut(&k->path, length);
		}
	}
	errno = error;
	if (error != 0)
		trouble(k, WALK_UNREADABLE, "cannot be listed to its end");
	return 0;
}

/* A folder that cannot be read is trouble, not an error: the rest of the tree is still worth
 * having. */
static int
walk_opened(struct walker *k, struct scout_folder *f, struct err *e)
{
	if (f == NULL) {
		trouble(k, errno == ENOENT ? WALK_VANISHED : WALK_UNREADABLE, "cannot be opened");
		return 0;
	}
	k->depth++;
	if (walk_names(k, f, e) != 0)
		return -1;
	k->depth--;
	scout_close(k->scout);
	return 0;
}

static int
walk_folder(struct walker *k, struct scout_folder *in, struct scout_entry *entry, struct err *e)
{
	struct scout_folder *f =
	    entry->wanted ? scout_enter(k->scout, in, entry) : (errno = ENAMETOOLONG, NULL);

	return walk_opened(k, f, e);
}

static int
walk_root(struct walker *k, struct err *e)
{
	struct stat st;

	if (fstat(k->root->fd, &st) != 0)
		return err_sys(e, "look at the folder '%s'", k->root->path);
	buf_text(&k->path, k->root->name);
	k->root_length = k->path.n > 0 ? k->path.n + 1 : 0;
	if (walk_opened(k, scout_open(k->scout, k->root->fd, "."), e) != 0)
		return -1;
	const struct walk_found found = { k->root, k->path.p, "", k->root->fd, ".", &st };
	return k->w->found(k->w->arg, &found, e);
}

int
walk_all(const struct walk_roots *roots, const struct walk *w, struct err *e)
{
	CLEANUP_SCOUT struct scout *scout = NULL;

	if (scout_new(&scout, e) != 0)
		return -1;
	for (size_t i = 0; i < roots->count; i++) {
		struct walker k = { .w = w, .root = &roots->root[i], .path = BUF_INIT,
			.scout = scout };
		int rc = walk_root(&k, e);

		buf_release(&k.path);
		if (rc != 0)
			return -1;
	}
	return 0;
}
