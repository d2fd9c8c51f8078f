/* retention.h: an environment's backups, judged by the rule that holds there (retain.h).
 *
 * The worker deletes by this and the pages show this: there is one answer. What goes moves to the
 * trash; backups_next_purge() takes it from there when its days are over.
 */
#ifndef LIB_STORE_RETENTION_H
#define LIB_STORE_RETENTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/policy.h"
#include "lib/model/retain.h"
#include "lib/store/db.h"
#include "lib/store/jobs.h"
#include "lib/store/policies.h"

/* How long the trash keeps what lies in it: by the policy of the environment, or `unsaid` ms where
 * nobody set one. */
MUST_USE int retention_trash_ms(int64_t *ret, struct db *db, int64_t environment, int64_t unsaid,
    struct err *e);

struct retention_question {
	int64_t environment, now;
	const char *rule;             /* the line of one that is thought of; NULL: what holds */
	int64_t schedule;             /* one for which other keeps are thought of; 0: none */
	const char *keep;             /* these; "": it has none of its own */
	int64_t trash_unsaid_ms;      /* as above */
};

/* Everything in it lives in the arena; items by id, deleted backups not among them. */
struct retention {
	struct policy policy;         /* the line of the rule and where it comes from */
	struct retain_rule rule;
	const char *zone;             /* by whose days it is counted */
	bool paused;                  /* nothing goes as long as the environment is paused */
	struct retain_ask ask;
	struct retain_result result;
};
/* ERR_NOT_FOUND: no such environment; ERR_INPUT: no such rule, the sentence says why. */
MUST_USE int retention_judge(struct retention **ret, struct arena *a, struct db *db,
    const struct retention_question *q, struct err *e);

/* The place of a backup in the items; false when it is not among them. */
MUST_USE bool retention_find(size_t *ret, const struct retention *r, int64_t backup);
/* What retain_words_row() or retain_words_short() say of it; NULL when it is not among them. */
char *retention_row(struct arena *a, const struct retention *r, int64_t backup);
char *retention_short(struct arena *a, const struct retention *r, int64_t backup);

/* -- what a change of the rule would do -- */

/* The rule of one level becomes `rule`; NULL: it takes what it inherits. */
struct retention_change {
	struct policy_place at;
	const char *rule;
	int64_t now;
};
struct retention_share {
	int64_t environment;
	const char *project_slug, *environment_slug;
	const struct retention *judged;
};
/* A name tells lists of backups apart, against changes that nobody meant: each id is added in the
 * order of the list. */
enum { RETENTION_LIST_SIZE = 48 };
#define RETENTION_LIST_BEGIN UINT64_C(14695981039346656037)
uint64_t retention_list_add(uint64_t hash, int64_t id);
void retention_list_name(char name[RETENTION_LIST_SIZE], size_t count, uint64_t hash);
/* The environments for which this level decides, and what would go in all of them together. */
struct retention_impact {
	const struct retention_share *shares;
	size_t count, go_count;
	int64_t go_bytes;
	char list[RETENTION_LIST_SIZE];   /* names the list of those that go */
};
MUST_USE int retention_impact(struct retention_impact *ret, struct arena *a, struct db *db,
    const struct retention_change *c, struct err *e);

/* What would go if a schedule had these keeps ("": none of its own), in all environments that it
 * has made backups of. */
struct retention_schedule_change {
	int64_t schedule;
	const char *keep;
	int64_t now;
};
MUST_USE int retention_schedule_impact(struct retention_impact *ret, struct arena *a,
    struct db *db, const struct retention_schedule_change *c, struct err *e);

/* -- the worker's side -- */

/*
 * Note that the clock stands at `now`. When it has jumped since the last note
 * (retain_clock_jumped()), retention_judge() answers "stopped" for a day from then on, so that
 * somebody can see it before anything goes.
 */
MUST_USE int retention_clock(struct db *db, int64_t now, struct err *e);

/* The next environment with an id above `after` that is to be looked at: a day has passed, or a
 * backup of it became ready since. 0 when there is none. Paused ones are left alone. */
MUST_USE int retention_due(int64_t *ret, struct db *db, int64_t now, int64_t after,
    struct err *e);
/* It was looked at; go: and something is to go, so the job `prune` is queued, unless one is queued
 * or running. */
MUST_USE int retention_looked(struct db *db, int64_t environment, int64_t now, bool go,
    struct err *e);

/* Another number than before: somebody else has written to the catalogue since, so what was judged
 * may not hold any more. What this connection writes itself does not count. */
MUST_USE int retention_stamp(int64_t *ret, struct db *db, struct err *e);

/* One backup goes to the trash by the rule, with a line in the trail, under the lease of a prune
 * job. *gone is false when it may not go any more: pinned, in use, put away meanwhile. */
struct retention_go {
	int64_t backup, now;
	const char *why;              /* "older than 30 days" */
};
MUST_USE int retention_trash(bool *gone, struct db *db, const struct lease *l,
    const struct retention_go *go, struct err *e);

#endif
