/* backups.h: backups and their parts. */
#ifndef LIB_STORE_BACKUPS_H
#define LIB_STORE_BACKUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"

struct backup_request {
	struct job_request job;
	enum backup_kind kind;
	const char *note;
	const int64_t *services;
	size_t service_count;
	enum backup_mode mode;
	int64_t schedule;             /* which asks for it; 0: none */
	int64_t keep_until;           /* no policy deletes it before; 0: none */
	bool anew;                    /* files are stored anew, whatever older backups have */
};
/* Makes the backup (building), one part per service with its keys planned, and the queued job, in
 * one transaction. ERR_INPUT: no service, or one of another environment. ERR_CONFLICT: the
 * environment is paused. */
struct backup_ids {
	int64_t backup, job;
};
MUST_USE int backups_request(struct backup_ids *ret, struct db *db, const struct backup_request *rq,
    struct err *e);

MUST_USE int backups_by_id(struct backup *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* ERR_NOT_FOUND when none has this uuid. */
MUST_USE int backups_by_uuid(struct backup *ret, struct arena *a, struct db *db, const char *uuid,
    struct err *e);
MUST_USE int backups_parts(struct part **ret, size_t *count, struct arena *a, struct db *db,
    int64_t backup, struct err *e);

/* Newest first, keyset paging: `after` is the id of the last row of the page before (0: first
 * page). */
struct backup_filter {
	int64_t environment, service;   /* service 0: any; else only backups with a part of it */
	int64_t after;
	const char *note;               /* substring of the note; "" or NULL: any */
	int kind, state; /* an enum value, or -1 for any; trashed ones show only when asked for */
	int limit;
};
MUST_USE int backups_list(struct backup **ret, size_t *count, struct arena *a, struct db *db,
    const struct backup_filter *filter, struct err *e);

/* The newest one that can be restored now: ready, neither damaged nor missing, and with this
 * service in it (0: any). ERR_NOT_FOUND. */
MUST_USE int backups_latest(struct backup *ret, struct arena *a, struct db *db,
    int64_t environment, int64_t service, struct err *e);
/* The newest ready backup of an environment; ERR_NOT_FOUND when there is none. */
MUST_USE int backups_last_good(struct backup *ret, struct arena *a, struct db *db,
    int64_t environment, struct err *e);
/* Raw bytes of the newest good part of a service, 0 when there is none: the estimate for the next
 * one. */
MUST_USE int backups_estimate(int64_t *raw_bytes, int64_t *stored_bytes, struct db *db,
    int64_t service, struct err *e);

/* Whether a storage must hold backups: ready ones, such in the trash, or copies of them. */
MUST_USE int backups_in_storage(bool *ret, struct db *db, int64_t storage, struct err *e);

MUST_USE int backups_set_note(struct db *db, int64_t id, const char *note, struct err *e);
/* ERR_CONFLICT to mark one that is in the trash: it has to be put back first. */
MUST_USE int backups_set_keep(struct db *db, int64_t id, bool keep, struct err *e);
/* No rule deletes it before `until` (0: any more); a person may. ERR_CONFLICT unless it is being
 * made or ready. */
MUST_USE int backups_set_keep_until(struct db *db, int64_t id, int64_t until, struct err *e);
/* To the trash and back; what a rule took and is put back stays a week at least. ERR_CONFLICT:
 * still building ("backup b7 is still being created"), kept, in use by a queued or running job, or
 * the safety backup of a restore that may still be undone. */
MUST_USE int backups_trash(struct db *db, int64_t id, struct err *e);
MUST_USE int backups_untrash(struct db *db, int64_t id, struct err *e);
/* One trashed backup older than `before`, or where the policy trash-days says something than so
 * many days, to be deleted: 0 when none or while the trash rests (settings.h). `after`: of those
 * with a greater id only, so that one that cannot go keeps no other. After its objects are gone,
 * backups_set_deleted() makes it a tombstone. */
MUST_USE int backups_next_purge(int64_t *ret, struct db *db, int64_t before, int64_t after,
    struct err *e);
/* A trashed backup, or with `storage` (not 0) all that have a place there, is not purged before
 * then. */
MUST_USE int backups_put_off(struct db *db, int64_t backup, int64_t storage, int64_t until,
    struct err *e);
MUST_USE int backups_set_deleted(struct db *db, int64_t id, struct err *e);

/* -- the worker's side -- */

/* A job begins (again) to build: parts go back to building, numbers to zero. */
MUST_USE int backups_begin(struct db *db, const struct lease *l, struct err *e);
/* Which code the environment runs; "": nobody says. */
MUST_USE int backups_code(struct db *db, const struct lease *l, const char *code, struct err *e);
/* Who can open it and what signs it, before its first byte; "": no key is needed, nothing does. */
MUST_USE int backups_seal(struct db *db, const struct lease *l, const char *recipients,
    const char *signed_by, struct err *e);
/* What a part has become; called when its objects are published and proven. */
MUST_USE int backups_part_ready(struct db *db, const struct lease *l, const struct part *part,
    struct err *e);
/* The sidecar is published: the backup is ready and the job succeeded, in one transaction.
 * Totals are summed here from the parts; its health is good as of now, since every part was read
 * back. Copies follow into the further storages of the policy. */
MUST_USE int backups_finish(struct db *db, const struct lease *l, const char *sidecar_sha256,
    struct err *e);
/* What a verification found. */
MUST_USE int backups_set_health(struct db *db, int64_t id, enum backup_health health,
    struct err *e);

#endif
