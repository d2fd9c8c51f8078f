/* reuse.h: what the last backup of a service has in storage, so that it is not stored again.
 *
 * A file that is the same by inode, size, mtime and ctime is neither opened nor stored; one that
 * had to be read and whose content is there already is not stored. The new manifest points to the
 * older packs for them: in the order of the old manifest, so that a reader goes through each pack
 * once. Packs that are mostly dead, gone, or too many are not pointed to: what lives in them is
 * stored anew.
 */
#ifndef WORKER_ARCHIVE_REUSE_H
#define WORKER_ARCHIVE_REUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "worker/archive/frame.h"
#include "worker/archive/ledger.h"
#include "worker/dest/dest.h"

struct reuse;
struct reuse_spec {
	struct dest *dest;
	const struct part *base;      /* the last backup's part, with its packs */
	const char *ledger;           /* where its ledger is, or will be made from its manifest */
	const char *scratch;          /* a folder for what does not fit into memory */
	int64_t pack_size;            /* what fills half of it is never one pack too many; 0: it may
	                                 be */
};
/* ERR_DAMAGED, ERR_NOT_FOUND: the old manifest is not as it was; everything must be stored. What
 * the spec names must outlive it. */
MUST_USE int reuse_open(struct reuse **ret, const struct reuse_spec *spec, struct err *e);
void reuse_closep(struct reuse **r);
#define CLEANUP_REUSE CLEANUP(reuse_closep)

/* -- one thread -- */

/* The record of a file that has not changed, or NULL. *same: under the same path; then its line is
 * the old one, and reuse_keep() is all that must be said of it. */
const struct ledger_record *reuse_find(bool *same, struct reuse *r, const struct stat *st,
    const char *path);
void reuse_keep(struct reuse *r, const struct ledger_record *record);
/* Whether a file of that inode had this size: it may have been touched or renamed only. */
bool reuse_maybe(const struct reuse *r, const struct stat *st);

/* -- any thread -- */

/* A record with this content in a pack that may be pointed to, or NULL. */
const struct ledger_record *reuse_content(const struct reuse *r, const char *sha256, int64_t size);
/* Its size, hash and place. */
void reuse_fill(struct entry *entry, const struct reuse *r, const struct ledger_record *record);

/* -- another one -- */

/* A line of an entry that is filled by reuse_fill(), or that has no content (record NULL). */
MUST_USE int reuse_line(struct reuse *r, const struct ledger_record *record,
    const struct entry *entry, struct err *e);

/* -- when all are done -- */

struct reuse_totals {
	int64_t entries, files, file_bytes;   /* kept by reuse_keep(); lines are the caller's */
	int64_t whole_bytes;          /* in a tar, lines included; without its end */
};
/* The rest of the new manifest, and of its ledger unless that is NULL. */
MUST_USE int reuse_write(struct reuse_totals *ret, struct reuse *r, struct frame_writer *manifest,
    struct ledger_writer *ledger, struct err *e);
/* The packs that were pointed to. */
void reuse_packs(struct part_pack **ret, size_t *count, const struct reuse *r, struct arena *a);

#endif
