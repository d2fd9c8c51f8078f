/* pg_deal.h: a dump as it is read, its rows dealt out to several files.
 *
 * pg_restore loads one table by one connection, however large it is. So each file that has rows is
 * a dump of its own, with the same table of contents and some of the rows of some tables: one
 * pg_restore for each loads them side by side. The first megabyte of a table stays together, and
 * the order inside each file is the dump's.
 *
 * What is in the rows is never text for anybody: pg_restore hands it to the server as data of the
 * COPY that the table of contents has. The fence reads the file with all the rest, so it sees every
 * statement that any of the files stands for.
 */
#ifndef WORKER_TARGET_PG_DEAL_H
#define WORKER_TARGET_PG_DEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { PG_LANES_MAX = 4 };

/* The files, which their user removes. A list is one for pg_restore -L; NULL: nothing is in it. */
struct pg_dealt {
	const char *dump;             /* all but the rows; without lanes all of it */
	const char *before, *beside, *after;
	int lanes;                    /* 0: the dump is not known here, and is one file */
	struct {
		const char *dump, *list;
	} lane[PG_LANES_MAX];
};

/* Names for all of them that begin with this path. */
struct pg_dealt pg_deal_names(struct arena *a, const char *path, int lanes);
void pg_deal_remove(const struct pg_dealt *names);

struct pg_deal;
/* `names` outlives it. Without lanes all goes into the one file. */
MUST_USE int pg_deal_new(struct pg_deal **ret, const struct pg_dealt *names, struct err *e);
MUST_USE int pg_deal_write(struct pg_deal *d, const void *p, size_t n, struct err *e);
/* All is in the files: those that are there. `*odd`: it did not go on as a dump does; then the
 * files are worth nothing, and it can be written once more without lanes. */
MUST_USE int pg_deal_end(struct pg_dealt *ret, bool *odd, struct pg_deal *d, struct err *e);
void pg_deal_freep(struct pg_deal **d);
#define CLEANUP_PG_DEAL CLEANUP(pg_deal_freep)

#endif
