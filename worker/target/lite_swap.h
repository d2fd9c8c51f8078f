/* lite_swap.h: one SQLite database becomes another for all who have it open, in one transaction.
 *
 * The file that applications have open stays: SQLite's backup interface writes all pages of the
 * side into it under SQLite's own locks, so a reader sees the old or the new, with a log (WAL) or
 * without, and a crash leaves a journal that the next to open it rolls back. Before that, and under
 * the same lock, so that no commit falls between, the old is copied beside it.
 *
 * Whether it was done is told by the database itself: the side carries a view named after the tag,
 * which comes with the same transaction and goes when the note `done` is on disk. A hash could not
 * tell: who has the database open may have written into it since.
 */
#ifndef WORKER_TARGET_LITE_SWAP_H
#define WORKER_TARGET_LITE_SWAP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* A database and what lies beside it under one tag. */
struct lite_files {
	struct arena *arena;
	const char *path;             /* links are followed */
	const char *folder;
	const char *side, *raw, *old, *done;
	const char *mark;             /* the view's name */
	bool exists;                  /* the database itself, when the names were made */
};

void lite_swap_files(struct lite_files *ret, struct arena *a, const char *path, const char *tag);
/* Remove a database file and what SQLite puts beside it; missing is fine. */
MUST_USE int lite_swap_remove(const char *path, struct err *e);
/* On disk, with mode and owner as the database's, if there is one. */
MUST_USE int lite_swap_settle(const struct lite_files *f, const char *made, struct err *e);
/* SHA-256 of the pages, without what differs between two copies of one moment. */
MUST_USE int lite_swap_print(const char **ret, struct arena *a, const char *path, struct err *e);

/* 0 also when it is done already. `mark` "" or the print that the database must still have:
 * ERR_CONFLICT. */
MUST_USE int lite_swap_in(const struct lite_files *f, const char *mark, struct err *e);
/* And back. After a crash it is begun again while `done` is there. */
MUST_USE int lite_swap_back(const struct lite_files *f, struct err *e);

#endif
