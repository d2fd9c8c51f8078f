/* ledger.h: the files of a service's last backup, as a local file to look them up in.
 *
 * One record for each line of the manifest that has content, in the manifest's order, and two
 * orders more: by inode and by SHA-256. It says nothing that the manifest does not say, names the
 * manifest it was made from and ends with a checksum: one that is missing, of another manifest or
 * damaged is made again. The file is of this machine only: numbers are as the processor has them.
 */
#ifndef WORKER_ARCHIVE_LEDGER_H
#define WORKER_ARCHIVE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/manifest.h"

struct ledger_record {
	int64_t inode, size, mtime_s, ctime_s;   /* inode 0: nothing tells that it is the same */
	uint32_t mtime_ns, ctime_ns;
	unsigned char sha256[32];
	uint64_t path;                /* a hash of it */
	int64_t frame_offset;
	uint32_t frame, at;
	uint32_t pack;                /* which of the names */
	uint32_t head;                /* bytes of its header in a tar */
};

struct ledger;
/* Maps it. ERR_NOT_FOUND: there is none; ERR_DAMAGED: not of this manifest, or not as it was
 * written. Lookups may come from any thread. */
MUST_USE int ledger_open(struct ledger **ret, const char *path, const char *manifest_sha256,
    struct err *e);
void ledger_closep(struct ledger **l);
#define CLEANUP_LEDGER CLEANUP(ledger_closep)

size_t ledger_count(const struct ledger *l);
const struct ledger_record *ledger_at(const struct ledger *l, size_t i);
size_t ledger_number(const struct ledger *l, const struct ledger_record *r);
size_t ledger_packs(const struct ledger *l);
const char *ledger_pack(const struct ledger *l, size_t i);
/* Records before this one are not looked at any more: their memory may go. */
void ledger_passed(const struct ledger *l, size_t i);

uint64_t ledger_path(const char *path);
/* Same inode, size, times; of several, the one with this path, if any. NULL: new or changed. */
const struct ledger_record *ledger_find(const struct ledger *l, const struct stat *st,
    uint64_t path);
/* Whether a file of that inode had this size, whenever it was changed. */
bool ledger_had(const struct ledger *l, const struct stat *st);
/* Records [*from, *to) of the order by hash have this content. */
void ledger_find_content(size_t *from, size_t *to, const struct ledger *l, const char *sha256,
    int64_t size);
const struct ledger_record *ledger_by_hash(const struct ledger *l, size_t i);
/* What a record says, into an entry: size, hash and place. */
void ledger_fill(struct entry *entry, const struct ledger *l, const struct ledger_record *r);

/* A new one: written beside `path`, which is replaced when it is finished. Not synced, for it can
 * be made again. */
struct ledger_writer;
MUST_USE int ledger_write_new(struct ledger_writer **ret, const char *path, struct err *e);
void ledger_write_freep(struct ledger_writer **w);   /* removes what was not finished */
#define CLEANUP_LEDGER_WRITER CLEANUP(ledger_write_freep)
/* For each line with a pack, in order. */
MUST_USE int ledger_write_add(struct ledger_writer *w, const struct entry *entry, struct err *e);
MUST_USE int ledger_write_copy(struct ledger_writer *w, const struct ledger *from,
    const struct ledger_record *r, struct err *e);
MUST_USE int ledger_write_finish(struct ledger_writer *w, const char *manifest_sha256,
    struct err *e);

#endif
