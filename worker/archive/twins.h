/* twins.h: files with several names: which of them came first.
 *
 * Only files with more than one link are in the table, and each only until its last name was seen,
 * so that a tree without hard links costs nothing.
 */
#ifndef WORKER_ARCHIVE_TWINS_H
#define WORKER_ARCHIVE_TWINS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct twin {
	struct twin *next;
	dev_t device;
	ino_t inode;
	uint64_t names_left;
	atomic_int holders;
	int64_t size;
	char sha256[65];              /* known once the first name is in the archive */
	char path[];                  /* of the first name */
};
struct twins {
	struct twin **slots;
	size_t slot_count, count;
};

/* The twin of this file with one holder more, or NULL for its first name. */
struct twin *twins_find(struct twins *t, const struct stat *st);
/* Remember the first name; the result has a holder. */
struct twin *twins_add(struct twins *t, const struct stat *st, const char *path);
void twins_release(struct twins *t);
void twins_drop(struct twin *twin);   /* one holder less; NULL is fine; any thread */

#endif
