/* compare.h: what changed in the files of a part from one backup to another, for pages.
 *
 * A job of the worker joins the lists of both parts (listing.h) into one more small database,
 * <run>/lists/<uuid of the older>_<uuid of the newer>.1.db: the differences alone, and how many
 * entries are the same. Like a list it is derived, never changed once published, and may be removed
 * at any time. Paths in it are as utf8_show_path() shows them.
 */
#ifndef LIB_STORE_COMPARE_H
#define LIB_STORE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "lib/store/listing.h"

/* The file for two parts, in the arena. */
char *compare_file(struct arena *a, const char *run, const char *older, const char *newer);
/* Both uuids, out of the name of such a file (without folder); false: it is none. */
MUST_USE bool compare_parts_of(const char *ret[2], struct arena *a, const char *name);

/* changed: type, size, content, mode, or where a link leads. touched: only the time of a file. That
 * of a folder says nothing: it is the time of the last coming or going in it. */
enum compare_kind { COMPARE_ADDED, COMPARE_REMOVED, COMPARE_CHANGED, COMPARE_TOUCHED,
	COMPARE_KINDS };
const char *compare_kind_name(enum compare_kind kind);      /* "added" */
MUST_USE bool compare_kind_parse(enum compare_kind *ret, const char *name);

/* Of what is on one side only, the other side is zero. */
struct compare_side {
	enum listing_type type;
	int64_t size;                 /* of files */
	unsigned mode;
};
struct compare_change {
	enum compare_kind kind;
	const char *path;             /* as shown; no two are the same */
	struct compare_side before, after;
	bool content;                 /* changed: what is in it, or where it leads */
};

/* -- the worker -- */

/* Makes the differences of two lists in the new file `path`; to be published afterwards. */
MUST_USE int compare_make(const char *path, const char *older, const char *newer, struct err *e);

/* -- the web -- */

/* ERR_NOT_FOUND: there is none now, or one that nobody can read: it is to be made anew. */
MUST_USE int compare_open(struct db **ret, const char *path, struct err *e);

struct compare_total {
	int64_t count, before, after; /* sizes in bytes */
};
struct compare_totals {
	struct compare_total of[COMPARE_KINDS];
	int64_t same;                 /* entries that are as they were */
};
MUST_USE int compare_read_totals(struct compare_totals *ret, struct db *diff, struct err *e);

struct compare_page {
	int kind;                     /* an enum value; -1: all but those only touched */
	const char *search;           /* in paths; "": none */
	bool by_growth;               /* what grew or shrank most first; else by path */
	const char *after;            /* path of the change before the first; "": from the start */
	int limit;
};
/* ERR_NOT_FOUND: page->after is none of them. */
MUST_USE int compare_changes(struct compare_change **ret, size_t *count, struct arena *a,
    struct db *diff, const struct compare_page *page, struct err *e);

/* -- the catalogue -- */

struct compare_pair {
	int64_t older, newer;         /* backups */
};
/* Ask for it, of two backups that are ready; the job that already does it, if there is one. */
MUST_USE int compare_request(int64_t *job, struct db *db, const struct job_request *rq,
    const struct compare_pair *pair, struct err *e);
/* The newest job that did or does it; 0: none. */
MUST_USE int compare_newest_job(int64_t *job, struct db *db, const struct compare_pair *pair,
    struct err *e);
/* What a backup can be compared with: ready ones of its environment, newest first, at most `limit`;
 * then the newest ready ones of other environments that have a service of the same name. */
MUST_USE int compare_candidates(struct backup **ret, size_t *count, struct arena *a, struct db *db,
    const struct backup *b, int limit, struct err *e);

#endif
