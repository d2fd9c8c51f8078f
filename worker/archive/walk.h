/* walk.h: every path below some folders, without following a link or opening a file.
 *
 * Folders are told after what is in them: a reader of the archive can then set their times and
 * modes at once, and nothing is written into a folder behind its own member. Memory grows with
 * depth only.
 */
#ifndef WORKER_ARCHIVE_WALK_H
#define WORKER_ARCHIVE_WALK_H

#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

struct walk_root {
	const char *path;             /* absolute */
	int fd;
	char name[256];               /* "" for the only root, else its folder in the archive */
};
enum { WALK_ROOTS_MAX = 64 };
struct walk_roots {
	struct walk_root root[WALK_ROOTS_MAX];
	size_t count;
};

/* What the roots are called in the archive; opens nothing (fd -1). */
MUST_USE int walk_name(struct walk_roots *ret, const char *const *paths, size_t count,
    struct err *e);
/* Opens every root. ERR_INPUT names the one that does not exist, is no folder or cannot be read. */
MUST_USE int walk_open(struct walk_roots *ret, const char *const *paths, size_t count,
    struct err *e);
void walk_close(struct walk_roots *roots);
#define CLEANUP_WALK CLEANUP(walk_close)

struct walk_found {
	const struct walk_root *root;
	const char *path;             /* in the archive */
	const char *below;            /* below the root; "" is the root itself */
	int dirfd;                    /* the folder it is in, and its name there */
	const char *name;
	const struct stat *st;
};
enum walk_trouble { WALK_EXCLUDED, WALK_UNREADABLE, WALK_VANISHED };
struct walk {
	const char *const *excludes;
	size_t exclude_count;
	int (*found)(void *arg, const struct walk_found *f, struct err *e);
	/* `why` is for people; for WALK_EXCLUDED it is the pattern. */
	void (*trouble)(void *arg, enum walk_trouble kind, const char *path, const char *why);
	void *arg;
};
MUST_USE int walk_all(const struct walk_roots *roots, const struct walk *w, struct err *e);

#endif
