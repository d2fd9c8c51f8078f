/* restores.h: restores and their parts.
 *
 * A restore begins as a draft: what a person chose on the pages, and a job that looks at the
 * target. Confirming it makes the safety backup and the restore's own job. Nothing is confirmed
 * that the look has refused, or whose target has changed since.
 */
#ifndef LIB_STORE_RESTORES_H
#define LIB_STORE_RESTORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/db.h"
#include "lib/store/events.h"
#include "lib/store/jobs.h"

/* One part of the backup into one service. */
struct restore_choice {
	int64_t part, service;
	const char *choice;           /* paths or tables, one per line; "" or NULL: whole */
};
struct restore_draft {
	struct job_request job;       /* environment: the target */
	int64_t backup;
	enum restore_mode mode;
	bool owners;
	const struct restore_choice *choices;
	size_t choice_count;
};
struct restore_ids {
	int64_t restore, job;
};
/*
 * The draft and its preview job, in one transaction; the same key gives the same ids. ERR_INPUT:
 * nothing chosen, a part of another backup, a service of another environment or engine, two parts
 * into one service. ERR_CONFLICT: the backup is not ready, is damaged or missing, the target is
 * paused, or a new service would get a name that is too long or taken.
 */
MUST_USE int restores_draft(struct restore_ids *ret, struct db *db, const struct restore_draft *rq,
    struct err *e);
/* Look once more: the parts take the present revisions of their targets. For drafts only; while a
 * look is queued or running it gives that one. */
MUST_USE int restores_look_again(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t restore, struct err *e);

struct restore_confirm {
	struct job_request job;       /* environment: the target */
	int64_t restore;
	bool safety, hooks, real_data;
	/* Written with it, when it is confirmed by this call; its detail is what was decided. NULL:
	 * none. */
	const struct event *trail;
};
/*
 * From draft to pending: the safety backup (kind safety, of those of the target's services that
 * were there when it was looked at; none when none was) with its job, and the restore's job, which
 * waits for it and holds the target's services. One transaction; a restore that was confirmed
 * already gives the same job. ERR_CONFLICT, each with its sentence: the look has not ended or has
 * refused; the target changed since ("… Review again"); it is paused; a restore into one of its
 * services is queued or running ("r6 is being restored into shop/live; wait for it or cancel it");
 * live data would land in an environment that is not live without landing rules and without
 * real_data.
 */
MUST_USE int restores_confirm(int64_t *job, struct db *db, const struct restore_confirm *rq,
    struct err *e);
/* Whether live data would land here without landing rules: then only real_data lets it pass. */
MUST_USE int restores_needs_rules(bool *ret, struct db *db, int64_t restore, struct err *e);

/* ERR_CONFLICT: not done, the time for it has passed, the target is paused, a job works on it,
 * something else was restored over it since ("undo r8 first"), or a service of it was edited. Takes
 * the services of the target for itself; while an undo of it is queued or running it gives that
 * job. A restore of mode `new` has no undo: it is switched. */
MUST_USE int restores_undo(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t restore, struct err *e);
/* How an undo would go now: by the kept old, from the safety backup, or not any more. */
enum restore_way { WAY_NONE, WAY_SWAP, WAY_SAFETY };
MUST_USE int restores_way_back(enum restore_way *ret, struct db *db, const struct restore *r,
    struct err *e);

/*
 * Mode new: the two change places, `to` IN or OUT, any number of times. ERR_CONFLICT: not a new
 * service or not done; it is so already; it was removed; paused; a job works on one of the two;
 * something that came in later still keeps its own old ("take back r8 first"); the service was
 * edited since.
 */
MUST_USE int restores_switch(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t restore, enum restore_turn to, struct err *e);
/* Remove for good what of the two is not in use: queues the tidy job. ERR_CONFLICT as above. */
MUST_USE int restores_remove(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t restore, struct err *e);

/* Queue a test restore of a backup. ERR_CONFLICT when it is not ready. */
MUST_USE int restores_test(int64_t *job, struct db *db, const struct job_request *rq,
    int64_t backup, struct err *e);
/* What it found, on the backup's row. state: equal, differs or failed. */
MUST_USE int restores_set_tested(struct db *db, int64_t backup, const char *state, const char *text,
    struct err *e);

MUST_USE int restores_by_id(struct restore *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
MUST_USE int restores_parts(struct restore_part **ret, size_t *count, struct arena *a,
    struct db *db, int64_t restore, struct err *e);
/* Into one environment (0: any) or from one backup (0: any), newest first, without drafts; keyset
 * paging as jobs_list(). */
struct restore_filter {
	int64_t environment, backup, after;
	int limit;
};
MUST_USE int restores_list(struct restore **ret, size_t *count, struct arena *a, struct db *db,
    const struct restore_filter *filter, struct err *e);

/* Rows per table, by name: of a part as it was dumped, of a target as it was looked at. */
MUST_USE int restores_part_tables(struct table_count **ret, size_t *count, struct arena *a,
    struct db *db, int64_t part, struct err *e);
MUST_USE int restores_target_tables(struct table_count **ret, size_t *count, struct arena *a,
    struct db *db, int64_t restore_part, struct err *e);
/* Milliseconds that the last (at most five) restores into this service took, the median; 0 when
 * there was none. */
MUST_USE int restores_expected_ms(int64_t *ret, struct db *db, int64_t service, struct err *e);

/* -- the worker's side; all under the lease of the job -- */

/* What a look at one target found; tables may be empty. */
MUST_USE int restores_looked(struct db *db, const struct lease *l, const struct restore_part *part,
    const struct table_count *tables, size_t table_count, struct err *e);
/* Which code the target runs; "": nobody says. */
MUST_USE int restores_code(struct db *db, const struct lease *l, const char *code, struct err *e);
/* The look has ended: ok, or refused with why; the job succeeds. */
MUST_USE int restores_previewed(struct db *db, const struct lease *l, enum restore_preview preview,
    const char *text, struct err *e);
/* The restore begins (again): started_at, unless it stands. */
MUST_USE int restores_begin(struct db *db, const struct lease *l, struct err *e);
/* state, mark, kept_bytes, duration_ms and tag of one part; unless it is gone, the restore is not
 * tidied any more. */
MUST_USE int restores_part_moved(struct db *db, const struct lease *l,
    const struct restore_part *part, struct err *e);
/* The hook "before" is about to run (true), or "after" has run (false). */
MUST_USE int restores_hook_due(struct db *db, const struct lease *l, bool due, struct err *e);
/* Done, and the job succeeded, in one transaction. undo_until: until when the old is kept. */
MUST_USE int restores_finish(struct db *db, const struct lease *l, int64_t warnings,
    int64_t undo_until, struct err *e);
/* The service of what is not in use, made or, from its second time on, led to where that is now.
 * Sets part->made. `made` has the id of the one whose secret it gets, unless its sealed is NULL. */
MUST_USE int restores_made(struct db *db, const struct lease *l, struct restore_part *part,
    struct service *made, struct err *e);
/* Switched as it was wanted, and the job succeeded. */
MUST_USE int restores_switched(struct db *db, const struct lease *l, int64_t warnings,
    struct err *e);
/* Undone, and the job succeeded. */
MUST_USE int restores_undone(struct db *db, const struct lease *l, struct err *e);
/* Nothing is left beside the target: parts gone, tidied_at, and the tidy job succeeded. When the
 * old is still to be kept (restores_way_back() says WAY_SWAP), the tidy job is there for the hook
 * alone: it drops nothing and ends with jobs_succeed(). */
MUST_USE int restores_tidied(struct db *db, const struct lease *l, struct err *e);
/* What an addition that failed halfway has moved aside is kept until then, and the tidy job
 * succeeded: it is not tidied again before. */
MUST_USE int restores_kept(struct db *db, const struct lease *l, int64_t until, int64_t warnings,
    struct err *e);
/* Queue a tidy job for each restore that needs one (failed or undone and not tidied; done and its
 * time for the undo has passed; a hook is due); a draft older than a day is removed here. Not while
 * a job of it is queued or running, nor soon after a tidy job that failed: a minute, then 2, 4 and
 * so on up to an hour. *count is how many were queued. */
MUST_USE int restores_queue_tidy(int64_t *count, struct db *db, struct err *e);

/* Rows per table of a part that is being built; replaces what stood there. */
MUST_USE int restores_set_part_tables(struct db *db, const struct lease *l, int64_t part,
    const struct table_count *tables, size_t count, struct err *e);

#endif
