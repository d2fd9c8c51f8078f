/* downloads.h: prepared downloads, their links, and what was delivered through them. */
#ifndef LIB_STORE_DOWNLOADS_H
#define LIB_STORE_DOWNLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/download.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

/* Of this part of files only these paths, one a line. One file alone comes as it is, under this
 * name; NULL: it is a folder, or several. */
struct download_choice {
	int64_t part;
	const char *paths, *name;
};
struct download_request {
	struct job_request job;
	int64_t backup;
	const int64_t *parts;
	size_t part_count;
	enum download_format format;
	int64_t valid_ms, max_uses;
	const struct download_choice *choice;   /* NULL: all of each part */
};
struct download_ids {
	int64_t download, job;   /* job 0: the files are ready already */
	bool reused;
};
/* How the name of a prepared file of this engine ends: "dump", "sqlite", "tar.zst". */
const char *downloads_ending(const char *engine, enum download_format format);
/* ERR_DENIED, with the sentence, when a policy forbids to prepare and to fetch downloads. */
MUST_USE int downloads_allowed(struct db *db, int64_t environment, struct err *e);
/* The same content in the same format that is ready (and lives), or in preparation for the same
 * person, is used again: nothing new is queued, the caller sends the mail for a ready one by
 * downloads_mail_again(). ERR_CONFLICT: the backup is not ready, or damaged. ERR_DENIED: as
 * above. ERR_INPUT: no part, or one of another backup. */
MUST_USE int downloads_request(struct download_ids *ret, struct db *db,
    const struct download_request *rq, struct err *e);

MUST_USE int downloads_by_id(struct download *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
MUST_USE int downloads_files(struct download_file **ret, size_t *count, struct arena *a,
    struct db *db, int64_t download, struct err *e);
MUST_USE int downloads_list(struct download **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int64_t after, struct err *e);   /* newest first, 50 rows */
/* Of one backup: newest first, 20 rows. */
MUST_USE int downloads_of_backup(struct download **ret, size_t *count, struct arena *a,
    struct db *db, int64_t backup, struct err *e);
MUST_USE int downloads_revoke(struct db *db, int64_t id, struct err *e);
/* Queue a job on a ready download that makes a fresh link and mails it to rq->requested_by; *ret is
 * the job. ERR_CONFLICT: it is not ready (any more). */
MUST_USE int downloads_mail_again(int64_t *ret, struct db *db, const struct job_request *rq,
    int64_t download, struct err *e);

/* -- links -- */

/* ERR_NOT_FOUND: no such token. ERR_GONE: expired or revoked; ret and download are filled all the
 * same. */
MUST_USE int links_find(struct link *ret, struct download *download, struct arena *a, struct db *db,
    const char *token_hash, struct err *e);
/* Takes download and recipient, and expires_at and max_uses unless they are 0: then the download's.
 * Sets id. */
MUST_USE int links_add(struct link *link, struct db *db, const char *token_hash, struct err *e);
struct link_state {
	int64_t uses, bytes, first_at;
};
MUST_USE int links_state(struct link_state *ret, struct db *db, int64_t link, int64_t file,
    struct err *e);
/* nginx sent `bytes` of a file. Each time the sum reaches the file's size, a use is counted; an
 * empty file counts one per delivery. *first tells that this was the first byte ever sent through
 * the link. */
struct delivery {
	int64_t link, file, bytes;
	const char *address;
};
MUST_USE int links_delivered(bool *first, struct db *db, const struct delivery *d, struct err *e);

/* -- the worker's side -- */

/* File by file, then the whole: ready, with its expiry from now. */
MUST_USE int downloads_file_ready(struct db *db, const struct lease *l,
    const struct download_file *file, struct err *e);
MUST_USE int downloads_finish(struct db *db, const struct lease *l, struct err *e);
/* One download whose files must go (expired, revoked or failed, and not removed yet): 0 when none.
 * Marks ready ones past their time as expired. `after`: of those with a greater id only. */
MUST_USE int downloads_next_removal(int64_t *ret, struct db *db, int64_t after, struct err *e);
MUST_USE int downloads_set_removed(struct db *db, int64_t id, struct err *e);
/* Whether the folder of this name belongs to a download that is preparing or ready. */
MUST_USE int downloads_needs_folder(bool *ret, struct db *db, const char *uuid, struct err *e);

#endif
