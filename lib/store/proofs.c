/* proofs.c: whether what lies in a storage is enough to come back from. */
#include "lib/store/proofs.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/model/calendar.h"
#include "lib/model/zoneset.h"
#include "lib/store/findings.h"
#include "lib/store/lease.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"

/* Each backup in each storage that holds it. */
#define PLACES \
	"(SELECT id AS backup, storage, state, health, finished_at FROM backup" \
	" UNION ALL SELECT backup, storage, state, health, finished_at FROM copy)"

/* -- asking -- */

int
proofs_request(int64_t *job, struct db *db, const struct job_request *rq, int64_t storage,
    struct err *e)
{
	return findings_request_kind(job, db, rq, storage, JOB_PROVE, e);
}

/* The last time at which the wall clock of the instance showed that minute of the day. */
static int
last_slot(int64_t *ret, struct db *db, int64_t now, int64_t minute, struct err *e)
{
	static const struct policy_place instance = { LEVEL_INSTANCE, 0 };
	CLEANUP_ARENA struct arena *a = arena_new();
	struct zoneset zones = { .arena = a };
	struct policy_pair pair;
	const struct zone *zone;
	int64_t day, at[2];

	if (policies_pair(&pair, a, db, POLICY_ZONE, &instance, e) != 0)
		return -1;
	zone = zoneset_any(&zones,
	    pair.own.value != NULL ? pair.own.value : pair.inherited.value);
	day = calendar_floor(zone_local(zone, now), CALENDAR_DAY);
	*ret = 0;
	/* An hour that the clock skips is passed over with its day. */
	for (int back = 0; back < 3 && *ret == 0; back++)
		if (zone_instants(at, zone, (day - back) * CALENDAR_DAY + minute *
		        CALENDAR_MINUTE) > 0 && at[0] <= now)
			*ret = at[0];
	return 0;
}

int
proofs_queue(int64_t *count, struct db *db, int64_t now, int64_t minute, struct err *e)
{
	static const char sql[] =
	    "SELECT s.id FROM storage s WHERE s.id>?1 AND s.removed_at=0 AND EXISTS (SELECT 1 FROM "
	    PLACES " o WHERE o.storage=s.id AND o.state='ready' AND o.finished_at<?2) AND NOT"
	    " EXISTS (SELECT 1 FROM job j WHERE j.storage=s.id AND j.kind='prove' AND (j.state IN"
	    " ('queued', 'running') OR j.created_at>=?2)) ORDER BY s.id LIMIT 1";
	const struct job_request rq = { .environment = 0 };
	int64_t storage = 0, slot, job;

	if (minute < 0)
		return 0;
	if (last_slot(&slot, db, now, minute, e) != 0)
		return -1;
	for (;;) {
		if (sql_get(&storage, db, sql, SQL_ARGS(sql_i(storage), sql_i(slot)), e) != 0)
			return -1;
		if (storage == 0)
			return 0;
		if (proofs_request(&job, db, &rq, storage, e) != 0)
			return -1;
		++*count;
	}
}

/* -- comparing -- */

/* What must be the same, a fact for each row, in one order on both sides: of a backup itself (fact
 * ''), of its parts, packs and counted tables. What people change later (notes, marks) is left
 * out, and so is what a catalogue notes for itself. */
#define COPY_IN(storage) " FROM copy y WHERE y.backup=b.id AND y.storage=" storage
#define HERE(storage) "(b.storage=" storage " OR EXISTS (SELECT 1" COPY_IN(storage) "))"
/* What is on its way, or copied there or away just now, counts as being made. */
#define FACTS(storage, since) \
	"SELECT b.uuid AS uuid, '' AS fact, b.id, CASE WHEN (b.state='ready' AND b.finished_at>=" \
	since ") OR EXISTS (SELECT 1" COPY_IN(storage) " AND (y.state<>'ready' OR y.finished_at>=" \
	since ")) THEN 'building' ELSE b.state END, coalesce((SELECT y.health" COPY_IN(storage) \
	"), b.health) IN ('damaged', 'missing')," \
	" b.sidecar_sha256, b.sidecar_key||' '||b.kind||' '||b.mode||' '||b.frozen_ms||' '||" \
	"b.created_at||' '||b.recipients||' '||b.signed_by||' '||b.code||' '||v.uuid FROM" \
	" backup b" \
	" JOIN environment v ON v.id=b.environment WHERE " HERE(storage) " UNION ALL" \
	" SELECT b.uuid, 'its part '||p.service_slug, b.id, b.state, 0, '', p.uuid||' '||" \
	"p.format||' '||p.data_key||' '||p.data_raw_bytes||' '||p.data_stored_bytes||' '||" \
	"p.data_raw_sha256||' '||p.data_stored_sha256||' '||p.manifest_key||' '||" \
	"p.manifest_raw_bytes||' '||p.manifest_stored_bytes||' '||p.manifest_raw_sha256||' '||" \
	"p.manifest_stored_sha256||' '||p.items||' '||p.taken_at||' '||max(p.whole_bytes," \
	" p.data_raw_bytes)||' '||p.data_front_sha256||' '||s.uuid FROM part p JOIN backup b ON" \
	" b.id=p.backup JOIN service s" \
	" ON s.id=p.service WHERE " HERE(storage) " AND b.state IN ('ready', 'trashed')" \
	" UNION ALL SELECT b.uuid, 'its pack '||k.key, b.id, b.state, 0, '', p.uuid||' '||" \
	"k.raw_bytes||' '||k.stored_bytes||' '||k.raw_sha256||' '||k.stored_sha256||' '||" \
	"k.front_sha256||' '||k.live_bytes FROM part_pack k JOIN part p ON p.id=k.part JOIN" \
	" backup b ON b.id=p.backup" \
	" WHERE " HERE(storage) " AND b.state IN ('ready', 'trashed') UNION ALL" \
	" SELECT b.uuid, 'its table '||p.service_slug||'.'||t.name, b.id, b.state, 0, '', t.rows" \
	" FROM part_table t JOIN part p ON p.id=t.part JOIN backup b ON b.id=p.backup WHERE" \
	" " HERE(storage) " AND b.state IN ('ready', 'trashed') ORDER BY 1, 2, 7"

enum { COLUMN_UUID, COLUMN_FACT, COLUMN_ID, COLUMN_STATE, COLUMN_BAD, COLUMN_SIDECAR,
	COLUMN_VALUE };

/* One of the two catalogues, row by row. */
struct side {
	struct sql *q;
	struct arena *arena;          /* of the present row */
	bool there;
	const char *uuid, *fact, *state, *sidecar, *value;
	int64_t id;
	bool bad;
};

static void
side_close(struct side *s)
{
	sql_closep(&s->q);
	arena_freep(&s->arena);
}

static int
step(struct side *s, struct err *e)
{
	int rc = sql_row(s->q, e);

	if (rc < 0)
		return -1;
	s->there = rc == 1;
	if (!s->there)
		return 0;
	arena_free(s->arena);
	s->arena = arena_new();
	s->uuid = sql_text(s->q, COLUMN_UUID, s->arena);
	s->fact = sql_text(s->q, COLUMN_FACT, s->arena);
	s->id = sql_int(s->q, COLUMN_ID);
	s->state = sql_text(s->q, COLUMN_STATE, s->arena);
	s->bad = sql_int(s->q, COLUMN_BAD) != 0;
	s->sidecar = sql_text(s->q, COLUMN_SIDECAR, s->arena);
	s->value = sql_text(s->q, COLUMN_VALUE, s->arena);
	return 0;
}

struct comparison {
	struct side live, rebuilt;
	struct proofs_difference *items;
	size_t count, capacity;
	struct arena *arena;
	const char *done;             /* a backup of which nothing more is told */
};

static void
leave(struct comparison *c, const char *uuid)
{
	if (strcmp(c->done, uuid) != 0)
		c->done = arena_dup(c->arena, uuid);
}

static void
tell(struct comparison *c, const struct side *s, const char *what, const char *more)
{
	c->items = arena_grow(c->arena, c->items, c->count, &c->capacity, sizeof *c->items);
	leave(c, s->uuid);
	c->items[c->count++] = (struct proofs_difference){ c->done,
		arena_printf(c->arena, "b%" PRId64 " %s%s", s->id, what, more) };
}

/* The live catalogue has it, the storage does not say so. */
static void
only_live(struct comparison *c, const struct side *s)
{
	if (*s->fact != '\0')
		tell(c, s, "would come back without ", s->fact);
	else if (strcmp(s->state, "ready") == 0 && !s->bad)
		tell(c, s, "cannot be rebuilt: its description is not there", "");
	else
		leave(c, s->uuid);
}

static void
only_rebuilt(struct comparison *c, const struct side *s)
{
	tell(c, s, *s->fact == '\0' ? "lies there, and the catalogue does not know it"
	                            : "would come back with something more: ", s->fact);
}

static void
both(struct comparison *c)
{
	const struct side *l = &c->live, *r = &c->rebuilt;

	if (*l->fact != '\0') {
		if (strcmp(l->value, r->value) != 0)
			tell(c, l, "would come back otherwise: ", l->fact);
	} else if (strcmp(l->state, "ready") != 0 && strcmp(l->state, "trashed") != 0) {
		if (strcmp(l->state, "building") != 0)
			tell(c, l, "still lies there, though here it is ", l->state);
		leave(c, l->uuid);
	} else if (strcmp(l->sidecar, r->sidecar) != 0) {
		tell(c, l, "has another description there than the one that was written", "");
	} else if (strcmp(l->value, r->value) != 0 || l->id != r->id) {
		tell(c, l, "would come back otherwise", "");
	} else if (r->bad && !l->bad) {
		tell(c, l, "has a description, and something that it names is missing or"
		    " has another size", "");
	}
}

static void
comparison_close(struct comparison *c)
{
	side_close(&c->live);
	side_close(&c->rebuilt);
}

static int
compare(struct comparison *c, struct err *e)
{
	struct side *l = &c->live, *r = &c->rebuilt;

	if (step(l, e) != 0 || step(r, e) != 0)
		return -1;
	while (l->there || r->there) {
		int order = !l->there ? 1 : !r->there ? -1 : strcmp(l->uuid, r->uuid);

		if (order == 0)
			order = strcmp(l->fact, r->fact);
		if (strcmp((order <= 0 ? l : r)->uuid, c->done) == 0)
			;
		else if (order < 0)
			only_live(c, l);
		else if (order > 0)
			only_rebuilt(c, r);
		else
			both(c);
		if ((order <= 0 && step(l, e) != 0) || (order >= 0 && step(r, e) != 0))
			return -1;
	}
	return 0;
}

int
proofs_compare(struct proofs_difference **ret, size_t *count, struct arena *a,
    const struct proofs_pair *pair, struct err *e)
{
	static const char sql_live[] = FACTS("?1", "?2");
	static const char sql_rebuilt[] =
	    FACTS("(SELECT max(id) FROM storage WHERE ?1>0)", "?2");
	CLEANUP(comparison_close) struct comparison c = { .arena = a, .done = "" };

	if (sql_open(&c.live.q, pair->live, sql_live,
	        SQL_ARGS(sql_i(pair->storage), sql_i(pair->since)), e) != 0 ||
	    sql_open(&c.rebuilt.q, pair->rebuilt, sql_rebuilt,
	        SQL_ARGS(sql_i(pair->storage), sql_i(INT64_MAX)), e) != 0 ||
	    compare(&c, e) != 0)
		return -1;
	*ret = c.items;
	*count = c.count;
	return 0;
}

int
proofs_foreign(int64_t *count, struct db *db, int64_t storage, const char *key_id, struct err *e)
{
	return sql_get(count, db, "SELECT count(*) FROM backup WHERE storage=?1 AND state IN"
	    " ('ready', 'trashed') AND signed_by NOT IN ('', ?2)",
	    SQL_ARGS(sql_i(storage), sql_t(key_id)), e);
}

int
proofs_sample(int64_t *backup, struct db *db, int64_t storage, int64_t max_bytes, struct err *e)
{
	static const char sql[] =
	    "SELECT id FROM (SELECT b.id AS id, b.stored_bytes+b.raw_bytes AS bytes FROM " PLACES
	    " o JOIN backup b ON b.id=o.backup WHERE o.storage=?1 AND o.state='ready' AND"
	    " b.state='ready' AND o.health NOT IN ('damaged', 'missing')) AS all_of_it"
	    " ORDER BY bytes>?2, CASE WHEN bytes>?2 THEN bytes ELSE random() END LIMIT 1";

	return sql_get(backup, db, sql, SQL_ARGS(sql_i(storage), sql_i(max_bytes)), e);
}

/* -- what came of it -- */

int
proofs_write(struct db *db, const struct lease *l, const struct proof *p, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO proof (storage, at, backups, rebuild_ms, differences, sample, sample_ms,"
	    " way, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (storage) DO"
	    " UPDATE SET at=excluded.at, backups=excluded.backups, rebuild_ms=excluded.rebuild_ms,"
	    " differences=excluded.differences, sample=excluded.sample,"
	    " sample_ms=excluded.sample_ms, way=excluded.way, text=excluded.text";
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0 ||
	    sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(p->storage), sql_i(clock_now()), sql_i(p->backups),
	            sql_i(p->rebuild_ms), sql_i(p->differences), sql_id(p->sample),
	            sql_i(p->sample_ms), sql_t(p->way), sql_t(p->text)), e) != 0)
		return -1;
	return sql_commit(&t, e);
}

static void
read_proof(void *row, struct sql *q, struct arena *a)
{
	struct proof *p = row;
	int c = 0;

	p->storage = sql_int(q, c++);
	p->at = sql_int(q, c++);
	p->backups = sql_int(q, c++);
	p->rebuild_ms = sql_int(q, c++);
	p->differences = sql_int(q, c++);
	p->sample = sql_int(q, c++);
	p->sample_ms = sql_int(q, c++);
	p->way = sql_text(q, c++, a);
	p->text = sql_text(q, c++, a);
}

int
proofs_last(struct proof *ret, struct arena *a, struct db *db, int64_t storage, struct err *e)
{
	static const char sql[] =
	    "SELECT storage, at, backups, rebuild_ms, differences, sample, sample_ms, way, text"
	    " FROM proof WHERE storage=?1";
	struct proof found = { .storage = storage, .way = "", .text = "" };

	if (sql_first(&found,
	        &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(storage)), sizeof found,
	            read_proof }, e) < 0)
		return -1;
	*ret = found;
	return 0;
}
