/* pg_toc.h: the table of contents at the head of a custom-format dump.
 *
 * Only what is needed to restore it in three steps and its rows by several processes: which entries
 * come before the rows, which are rows, and which come after. Formats 1.12 to 1.16 (PostgreSQL 9 to
 * 17), not compressed; whatever else is in it is for pg_restore to read.
 */
#ifndef WORKER_TARGET_PG_TOC_H
#define WORKER_TARGET_PG_TOC_H

#include <stddef.h>

#include "lib/base/attr.h"

enum pg_toc_step {
	PG_TOC_BEFORE,
	PG_TOC_ROWS,   /* of one table, by COPY; all else that is data goes beside them */
	PG_TOC_BESIDE,
	PG_TOC_AFTER,  /* grants, too: an owner may have taken the right to write from himself */
	PG_TOC_STEPS
};

struct pg_toc_entry {
	int id;
	enum pg_toc_step step;
};

struct pg_toc {
	struct pg_toc_entry *entries;   /* in the dump's order */
	struct pg_toc_entry *by_id;
	size_t count, capacity;
	size_t bytes;                   /* so long is the head of the dump */
};

/* The beginning of a dump. 1: the whole head is in it and was read; 0: it goes on behind; -1: it is
 * not one that is known here. `toc` begins as zeros; may be called again with more bytes. */
MUST_USE int pg_toc_read(struct pg_toc *toc, const char *p, size_t n);
/* NULL: there is none with this number. */
const struct pg_toc_entry *pg_toc_find(const struct pg_toc *toc, int id);
void pg_toc_release(struct pg_toc *toc);

#endif
