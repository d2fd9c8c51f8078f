/* scout.h: folders are listed, and what is in them looked at, ahead of who walks through them.
 *
 * The walker takes folder after folder, each in batches, in the order in which it meets them; some
 * threads list what comes next meanwhile: sub-folders that it will want, and further batches of the
 * folders that it is in. Memory is bounded by the depth; nothing is opened but folders, no link is
 * followed, and no folder is touched that the walker does not want.
 */
#ifndef WORKER_ARCHIVE_SCOUT_H
#define WORKER_ARCHIVE_SCOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

struct scout;
struct scout_folder;

struct scout_entry {
	const char *name;
	int error;                    /* errno of looking at it; 0: `st` is valid */
	bool wanted;                  /* a folder that will be entered: the walker's to set */
	struct stat st;
	struct scout_folder *child;   /* the scout's */
};

/* ERR_BUSY: no thread can be started. */
MUST_USE int scout_new(struct scout **ret, struct err *e);
void scout_freep(struct scout **s);   /* closes all that is open */
#define CLEANUP_SCOUT CLEANUP(scout_freep)

/* A folder below an open one; the last one opened is the one that must be closed first. NULL, with
 * errno: it cannot be opened. */
struct scout_folder *scout_open(struct scout *s, int dirfd, const char *name);
struct scout_folder *scout_enter(struct scout *s, struct scout_folder *in,
    struct scout_entry *entry);
void scout_close(struct scout *s);
int scout_fd(const struct scout_folder *f);

/* The next entries, valid until the next call; none: the end. *error: errno with which the listing
 * ended too early, else 0. */
size_t scout_next(struct scout_entry **ret, int *error, struct scout *s);
/* What is wanted of the entries that scout_next() gave is known by now. */
void scout_chosen(struct scout *s);

#endif
