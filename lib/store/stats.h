/* stats.h: what the overview, the charts, the metrics and the badge are made of.
 *
 * Every function here is a fixed number of statements whatever the number of environments, and
 * each statement goes by an index: with 100,000 backups it reads no more of them than it shows.
 */
#ifndef LIB_STORE_STATS_H
#define LIB_STORE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/safety.h"
#include "lib/store/db.h"

/* Of one project or one environment; 0: of all. */
struct stats_query {
	int64_t project, environment;
	int64_t now;
};
struct stats_row {
	/* Without hooks and watchers. */
	struct environment environment;
	/* The newest good one: id, state, kind, health, suspicion, times and bytes; id 0: none. */
	struct backup good;
	struct safety_facts facts;
	struct safety safety;
};
struct stats_list {
	struct stats_row *rows;
	size_t count;
};
/* In the order of environments_list(). */
MUST_USE int stats_environments(struct stats_list *ret, struct arena *a, struct db *db,
    const struct stats_query *q, struct err *e);

/* The services of an environment that stand for themselves. */
struct stats_service {
	const char *slug, *name, *engine;
	bool known, media;            /* what this program can back up at all */
	bool covered;                 /* a running schedule takes it */
	int64_t good_at;              /* of its newest good part; 0: none */
};
MUST_USE int stats_services(struct stats_service **ret, size_t *count, struct arena *a,
    struct db *db, int64_t environment, struct err *e);

/* A day of an environment's calendar, as day_log has it. */
struct stats_day {
	int64_t environment, day;
	int64_t good, failed, missed;
	int64_t raw_bytes;
};
/* From that day on, by environment and day. environment 0: of all. */
MUST_USE int stats_days(struct stats_day **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int64_t from, struct err *e);

/* The newest good backups of an environment, newest first: for the line of its size. */
struct stats_size {
	int64_t id, at, raw_bytes, stored_bytes;
	bool suspicious;
};
MUST_USE int stats_sizes(struct stats_size **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, int limit, struct err *e);

struct stats_storage {
	struct storage storage;
	int64_t free_bytes, total_bytes, looked_at;   /* of its file system; 0: nobody has looked */
	int64_t largest;              /* stored bytes of the largest backup in it */
};
MUST_USE int stats_storages(struct stats_storage **ret, size_t *count, struct arena *a,
    struct db *db, struct err *e);
/* What the worker saw. Also notes what lies there as of that day. */
MUST_USE int stats_saw_storage(struct db *db, const struct stats_storage *seen, int64_t now,
    struct err *e);
struct stats_used {
	int64_t day, used_bytes;
};
/* What lay in a storage, by day, from that day on. */
MUST_USE int stats_used_days(struct stats_used **ret, size_t *count, struct arena *a,
    struct db *db, int64_t storage, int64_t from, struct err *e);

/* All jobs there ever were. */
struct stats_jobs {
	enum job_kind kind;
	enum job_state state;
	int64_t count;
};
MUST_USE int stats_job_counts(struct stats_jobs **ret, size_t *count, struct arena *a,
    struct db *db, struct err *e);

#endif
