/* lay.h: the folders that a restore of files lands in, and what lies beside them.
 *
 * Beside the root /srv/www/media, with the tag 20261125140233r7p12: what was built is
 * `.media.20261125140233r7p12.new`, what it took the place of ends in `.old`. A root that is a
 * symbolic link is the folder it leads to.
 */
#ifndef WORKER_TARGET_LAY_H
#define WORKER_TARGET_LAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/unpack.h"
#include "worker/archive/walk.h"
#include "worker/target/target.h"

struct lay_root {
	const char *path, *name;      /* as the service says; in the archive, "" for the only one */
	const char *base;             /* its name in `parent`; the ones beside it */
	const char *fresh, *old;
	const char *parent_path;
	int parent;
};
struct lay {
	struct lay_root root[WALK_ROOTS_MAX];
	size_t count;
	struct arena *arena;
};

/* ERR_INPUT: a root that has no folder to be in; the other ones are there also then.
 * ERR_CONFLICT: one root is below another. */
MUST_USE int lay_open(struct lay *ret, const struct target *t, struct err *e);
void lay_close(struct lay *l);
#define CLEANUP_LAY CLEANUP(lay_close)

/* The same, its choice as the archive writes paths. ERR_INPUT for one that leaves the folder. */
MUST_USE int lay_clean(struct target *ret, const struct target *t, struct err *e);

/* What one act exchanges: a root, or a chosen path below one. */
struct lay_unit {
	size_t root;
	const char *below;            /* "" is the root itself */
	bool existed;                 /* in the target, when it was planned */
	uint64_t device, inode;       /* of what is to be there */
};
struct lay_units {
	struct lay_unit *unit;
	size_t count, capacity;
};
/*
 * What the choice exchanges, or each root of `roots` (bit n: root n) when there is none. Of a
 * chosen path whose folders are missing in the target, the first missing one. ERR_CONFLICT: on the
 * way to a chosen path is something that is no folder, or another file system.
 */
MUST_USE int lay_plan(struct lay_units *ret, const struct lay *l, const struct target *t,
    uint64_t roots, struct err *e);
/* Takes device and inode from the fresh sides and writes the mark; and reads it again. */
MUST_USE int lay_mark(const char **ret, const struct lay *l, struct lay_units *units,
    struct err *e);
MUST_USE int lay_read_mark(struct lay_units *ret, const struct lay *l, const char *mark,
    struct err *e);

/* The folder that a unit is in: of the target, or of the side of this name ("" for none). */
MUST_USE int lay_folder(int *ret, const char **name, const struct lay *l,
    const struct lay_unit *unit, const char *side, struct err *e);
/* renameat2(), also of folders that their owner may not write: such a one is opened up for a
 * moment. errno as there. */
MUST_USE int lay_rename(int from, const char *name, int to, const char *new_name, unsigned flags);
/* Where the side of a root is now: its fresh or its old name; NULL when it is nowhere. */
const char *lay_side(const struct lay_root *root);

#endif
