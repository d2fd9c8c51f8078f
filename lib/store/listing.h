/* listing.h: the files of one part, as a small database of its own that pages read.
 *
 * The web part holds no keys and opens nothing in a storage, so a job of the worker turns a part's
 * manifest into one file, <run>/lists/<uuid of the part>.1.db (the number is the format's). It is
 * derived and may be removed at any time: who finds none asks for it again. Once published it is
 * never changed. Paths in it are as utf8_show_path() shows them.
 */
#ifndef LIB_STORE_LISTING_H
#define LIB_STORE_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* The folder of the lists, for its owner only, and the file of a part, in the arena. */
char *listing_folder(struct arena *a, const char *run);
char *listing_file(struct arena *a, const char *run, const char *part_uuid);
/* The part's uuid, out of the name of such a file (without folder); NULL: it is none. */
char *listing_part_of(struct arena *a, const char *name);

enum listing_type { LISTING_FOLDER, LISTING_FILE, LISTING_LINK, LISTING_TYPES };
struct listing_entry {
	int64_t id;                   /* the same each time the list is made from this manifest */
	enum listing_type type;
	const char *path;             /* to be added: as on disk; listed: as it is shown */
	const char *name;             /* listed: the last part of it */
	int64_t size;                 /* of files */
	int64_t mtime;                /* milliseconds */
	unsigned mode;
	const char *sha256;           /* of files; else "" */
	const char *target;           /* of a link, and of a further name of a file; else "" */
	const char *pack;             /* of files with own content: where it lies; else "" */
	int64_t frame_offset, at;     /* in the pack; in the frame that begins there */
	bool plain;                   /* listed: the path is shown as it is on disk */
};

/* -- the worker -- */

/* Begins an empty list in the file `path`, in the one transaction that listing_finish() ends. */
MUST_USE int listing_make(struct db **ret, const char *path, struct err *e);
MUST_USE int listing_add(struct db *list, const struct listing_entry *entry, struct err *e);
/* Then it is whole, and is to be closed before it is published. */
MUST_USE int listing_finish(struct db *list, struct err *e);

/* -- the web -- */

/* ERR_NOT_FOUND: there is none now, or one that nobody can read: it is to be made anew. */
MUST_USE int listing_open(struct db **ret, const char *path, struct err *e);

/* Names: folders first, A to Z; sizes: folders first, then the largest; times: the newest first. */
enum listing_order { LISTING_BY_NAME, LISTING_BY_SIZE, LISTING_BY_TIME, LISTING_ORDERS };
const char *listing_order_name(enum listing_order order);
MUST_USE bool listing_order_parse(enum listing_order *ret, const char *name);

struct listing_page {
	const char *folder;           /* as shown; "" is the top */
	const char *search;           /* in names, here and below, then ordered by path; "": none */
	enum listing_order order;
	int64_t after;                /* id of the entry before the first; 0: from the start */
	int limit;
};
/* ERR_NOT_FOUND: the part has no such folder. */
MUST_USE int listing_entries(struct listing_entry **ret, size_t *count, struct arena *a,
    struct db *list, const struct listing_page *page, struct err *e);
MUST_USE int listing_by_id(struct listing_entry *ret, struct arena *a, struct db *list, int64_t id,
    struct err *e);

/* The entry with this path, as it is on disk. ERR_NOT_FOUND: the part has none. */
MUST_USE int listing_by_path(struct listing_entry *ret, struct arena *a, struct db *list,
    const char *path, struct err *e);

/* -- the queue, in the catalogue -- */

/* Ask for the lists of a backup that is ready; the job that already does it, if there is one. */
MUST_USE int listing_request(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t backup, struct err *e);
/* The newest job that did or does it; 0: none. */
MUST_USE int listing_newest_job(int64_t *job, struct db *db, int64_t backup, struct err *e);
/* Whether lists of this part are of use: its backup is there, and was not deleted for good. */
MUST_USE int listing_wanted(bool *ret, struct db *db, const char *part_uuid, struct err *e);

#endif
