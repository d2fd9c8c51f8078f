/* retention.c: an environment's backups, judged by the rule that holds there. */
#include "lib/store/retention.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/fault.h"
#include "lib/model/name.h"
#include "lib/model/project.h"
#include "lib/model/retain_words.h"
#include "lib/model/zone.h"
#include "lib/store/enqueue.h"
#include "lib/store/events.h"
#include "lib/store/lease.h"
#include "lib/store/projects.h"
#include "lib/store/retention_keeps.h"
#include "lib/store/settings.h"
#include "lib/store/sql.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

int
retention_trash_ms(int64_t *ret, struct db *db, int64_t environment, int64_t unsaid,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct policy p;

	if (policies_get(&p, a, db, POLICY_TRASH_DAYS, environment, e) != 0)
		return -1;
	*ret = p.level == LEVEL_DEFAULT ? unsaid
	                                : policy_number(POLICY_TRASH_DAYS, p.value) * DAY;
	return 0;
}

/* -- the clock -- */

/* What the setting retention_clock holds: when it was last looked at, and of the last jump until
 * when all deleting rests and where the clock stood before. */
struct clock_note {
	int64_t seen, rests_until, before;
};

static int
read_clock(struct clock_note *ret, struct db *db, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct clock_note n = { 0, 0, 0 };
	char *text;

	if (settings_get(&text, a, db, "retention_clock", e) != 0)
		return -1;
	if (sscanf(text, "%" SCNd64 " %" SCNd64 " %" SCNd64, &n.seen, &n.rests_until,
	        &n.before) != 3)
		n = (struct clock_note){ 0, 0, 0 };
	*ret = n;
	return 0;
}

int
retention_clock(struct db *db, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct clock_note n;

	if (read_clock(&n, db, e) != 0)
		return -1;
	if (now >= n.seen && now - n.seen < MINUTE)
		return 0;
	if (retain_clock_jumped(n.seen, now)) {
		n.before = n.seen;
		n.rests_until = now + DAY;
	}
	return settings_set(db, "retention_clock",
	    arena_printf(a, "%" PRId64 " %" PRId64 " %" PRId64, now, n.rests_until, n.before), e);
}

/* What the evaluator takes for the last look: while it rests, the one before the jump. */
static int
last_look(int64_t *ret, struct db *db, int64_t now, struct err *e)
{
	struct clock_note n;

	if (read_clock(&n, db, e) != 0)
		return -1;
	*ret = now < n.rests_until && retain_clock_jumped(n.before, now) ? n.before : n.seen;
	return 0;
}

/* -- loading -- */

static int64_t
local_ms(void *zone, int64_t utc_ms)
{
	return zone_local(zone, utc_ms);
}

/* A zone that the system has lost since it was chosen counts as UTC. */
static int
load_zone(struct retention *r, struct arena *a, struct db *db, int64_t environment, struct err *e)
{
	struct policy p;
	struct zone *zone;
	struct err why;

	if (policies_get(&p, a, db, POLICY_ZONE, environment, e) != 0)
		return -1;
	r->zone = "UTC";
	if (strcmp(p.value, "UTC") == 0 || zone_load(&zone, a, ZONE_FOLDER, p.value, &why) != 0)
		return 0;
	r->zone = p.value;
	r->ask.zone = zone;
	r->ask.local_ms = local_ms;
	return 0;
}

static void
read_item(void *row, struct sql *q, struct arena *a)
{
	struct retain_item *it = row;
	int c = 0;

	it->id = sql_int(q, c++);
	it->environment = sql_int(q, c++);
	it->taken_at = sql_int(q, c++);
	if (!backup_kind_parse(&it->kind, sql_text(q, c++, a)))
		it->kind = BACKUP_UPLOADED;
	if (!backup_state_parse(&it->state, sql_text(q, c++, a)))
		it->state = BACKUP_BUILDING;
	if (!backup_health_parse(&it->health, sql_text(q, c++, a)))
		it->health = HEALTH_UNKNOWN;
	it->suspicious = sql_int(q, c++) != 0;
	it->pinned = sql_int(q, c++) != 0;
	it->in_use = sql_int(q, c++) != 0;
	it->keep_until = sql_int(q, c++);
	it->trashed_at = sql_int(q, c++);
	it->stored_bytes = sql_int(q, c++);
	it->schedule = sql_int(q, c++);
}

/* What queued or running jobs read or write, and what restores can be taken back with. */
#define IN_USE \
	" (SELECT j.backup FROM job j WHERE j.state IN ('queued', 'running') AND j.backup IS NOT" \
	" NULL UNION ALL SELECT r.safety_backup FROM restore r WHERE r.safety_backup IS NOT NULL" \
	" AND (r.state='pending' OR (r.state='done' AND r.undo_until>?2)))"

/* What is whole in a copy is no loss. */
static int
load_items(struct retain_item **ret, struct arena *a, struct db *db, const struct retain_ask *ask,
    struct err *e)
{
	static const char sql[] =
	    "SELECT b.id, b.environment, CASE b.started_at WHEN 0 THEN b.created_at ELSE"
	    " b.started_at END, b.kind, b.state, CASE WHEN b.health IN ('damaged', 'missing')"
	    " AND EXISTS (SELECT 1 FROM copy c WHERE c.backup=b.id AND c.state='ready' AND c.health"
	    " IN ('unknown', 'good')) THEN 'good' ELSE b.health END, b.suspicion<>'', b.keep,"
	    " b.id IN"
	    IN_USE ", b.keep_until, b.trashed_at, b.stored_bytes, b.schedule FROM"
	    " backup b WHERE b.environment=?1 AND b.state<>'deleted' ORDER BY b.id";
	size_t count;

	*ret = sql_list(&count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(ask->environment), sql_i(ask->now)),
	        sizeof **ret, read_item },
	    e);
	return *ret == NULL ? -1 : (int)count;
}

struct piece {
	int64_t backup;
	struct retain_part part;
};

static void
read_piece(void *row, struct sql *q, struct arena *a)
{
	struct piece *p = row;

	p->backup = sql_int(q, 0);
	p->part.service = sql_int(q, 1);
	p->part.name = sql_text(q, 2, a);
	p->part.good = sql_int(q, 3) != 0;
}

/* Each item gets its parts; both lists are in the order of the backups. The objects of a backup
 * that failed are removed, also of those parts that went well. */
static int
load_parts(struct retain_item *items, size_t count, struct arena *a, struct db *db,
    const struct retain_ask *ask, struct err *e)
{
	static const char sql[] =
	    "SELECT p.backup, p.service, p.service_name, p.state='ready' AND b.state<>'failed' FROM"
	    " backup b JOIN part p ON p.backup=b.id WHERE b.environment=?1 AND b.state<>'deleted'"
	    " ORDER BY b.id, p.id";
	struct retain_part *parts;
	struct piece *pieces;
	size_t n, at = 0;

	pieces = sql_list(&n, &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(ask->environment)),
	    sizeof *pieces, read_piece }, e);
	if (pieces == NULL)
		return -1;
	parts = arena_array(a, n + 1, sizeof *parts);
	for (size_t i = 0; i < n; i++)
		parts[i] = pieces[i].part;
	for (size_t i = 0; i < count; i++) {
		while (at < n && pieces[at].backup < items[i].id)
			at++;
		items[i].parts = &parts[at];
		for (; at < n && pieces[at].backup == items[i].id; at++)
			items[i].part_count++;
	}
	return 0;
}

/* -- judging -- */

static int
load_rule(struct retention *r, struct arena *a, struct db *db, const struct retention_question *q,
    struct err *e)
{
	if (policies_get(&r->policy, a, db, POLICY_RETENTION, q->environment, e) != 0 ||
	    retain_rule_parse(&r->rule, q->rule != NULL ? q->rule : r->policy.value, e) != 0)
		return -1;
	/* The control of the tests: the last good backup is as good as any other. */
	if (FAULT_CONTROL("no_last_good"))
		r->rule.min_good = 0;
	return 0;
}

int
retention_judge(struct retention **ret, struct arena *a, struct db *db,
    const struct retention_question *q, struct err *e)
{
	struct retention *r = arena_alloc(a, sizeof *r);
	struct retain_item *items;
	struct environment v;
	int count;

	memset(r, 0, sizeof *r);
	r->ask = (struct retain_ask){ .rule = &r->rule, .environment = q->environment,
		.now = q->now };
	if (environments_by_id(&v, a, db, q->environment, e) != 0 ||
	    load_rule(r, a, db, q, e) != 0 || load_zone(r, a, db, q->environment, e) != 0 ||
	    last_look(&r->ask.last_now, db, q->now, e) != 0 ||
	    retention_keeps_load(&r->ask, a, db, q, e) != 0 ||
	    retention_trash_ms(&r->ask.trash_ms, db, q->environment, q->trash_unsaid_ms,
	        e) != 0 ||
	    (count = load_items(&items, a, db, &r->ask, e)) < 0 ||
	    load_parts(items, (size_t)count, a, db, &r->ask, e) != 0)
		return -1;
	r->paused = v.paused;
	r->ask.items = items;
	r->ask.count = (size_t)count;
	retain_judge(&r->result, a, &r->ask);
	*ret = r;
	return 0;
}

static int
by_id(const void *key, const void *item)
{
	int64_t id = *(const int64_t *)key, there = ((const struct retain_item *)item)->id;

	return (id > there) - (id < there);
}

bool
retention_find(size_t *ret, const struct retention *r, int64_t backup)
{
	const struct retain_item *found =
	    bsearch(&backup, r->ask.items, r->ask.count, sizeof *found, by_id);

	if (found == NULL)
		return false;
	*ret = (size_t)(found - r->ask.items);
	return true;
}

char *
retention_row(struct arena *a, const struct retention *r, int64_t backup)
{
	size_t i;

	return retention_find(&i, r, backup)
	    ? retain_words_row(a, &r->ask, i, &r->result.verdicts[i])
	    : NULL;
}

char *
retention_short(struct arena *a, const struct retention *r, int64_t backup)
{
	size_t i;

	return retention_find(&i, r, backup)
	    ? retain_words_short(a, &r->ask, i, &r->result.verdicts[i])
	    : NULL;
}

/* -- what a change would do -- */

static void
read_share(void *row, struct sql *q, struct arena *a)
{
	struct retention_share *s = row;

	s->environment = sql_int(q, 0);
	s->project_slug = sql_text(q, 1, a);
	s->environment_slug = sql_text(q, 2, a);
}

/* Those at or below the level for which nothing nearer decides. */
static struct retention_share *
list_shares(size_t *count, struct arena *a, struct db *db, const struct policy_place *at,
    struct err *e)
{
	static const char sql[] =
	    "SELECT v.id, p.slug, v.slug FROM environment v JOIN project p ON p.id=v.project WHERE"
	    " (?1='environment' AND v.id=?2) OR (NOT EXISTS (SELECT 1 FROM policy x WHERE"
	    " x.key='retention' AND x.level='environment' AND x.owner=v.id) AND ((?1='project' AND"
	    " v.project=?2) OR (?1='instance' AND NOT EXISTS (SELECT 1 FROM policy x WHERE"
	    " x.key='retention' AND x.level='project' AND x.owner=v.project)))) ORDER BY p.slug,"
	    " v.slug, v.id";

	return sql_list(count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_t(policy_level_name(at->level)), sql_i(at->owner)),
	        sizeof(struct retention_share), read_share },
	    e);
}

/* FNV-1a */
uint64_t
retention_list_add(uint64_t hash, int64_t id)
{
	for (int i = 0; i < 8; i++)
		hash = (hash ^ ((uint64_t)id >> (8 * i) & 0xff)) * UINT64_C(1099511628211);
	return hash;
}

void
retention_list_name(char name[RETENTION_LIST_SIZE], size_t count, uint64_t hash)
{
	snprintf(name, RETENTION_LIST_SIZE, "%zu-%016" PRIx64, count, hash);
}

static uint64_t
add_up(struct retention_impact *sum, const struct retention *r, uint64_t hash)
{
	sum->go_count += r->result.go_count;
	sum->go_bytes += r->result.go_bytes;
	for (size_t i = 0; i < r->ask.count; i++)
		if (r->result.verdicts[i].go)
			hash = retention_list_add(hash, r->ask.items[i].id);
	return hash;
}

struct shares {
	struct retention_share *list;
	size_t count;
};

/* Judge all shares by the same thought and add up what goes. */
static int
judge_shares(struct retention_impact *ret, struct arena *a, struct db *db,
    const struct retention_question *thought, const struct shares *all, struct err *e)
{
	struct retention_impact sum = { .shares = all->list, .count = all->count };
	struct retention_question q = *thought;
	uint64_t hash = RETENTION_LIST_BEGIN;

	for (size_t i = 0; i < all->count; i++) {
		struct retention *judged;

		q.environment = all->list[i].environment;
		if (retention_judge(&judged, a, db, &q, e) != 0)
			return -1;
		all->list[i].judged = judged;
		hash = add_up(&sum, judged, hash);
	}
	retention_list_name(sum.list, sum.go_count, hash);
	*ret = sum;
	return 0;
}

int
retention_impact(struct retention_impact *ret, struct arena *a, struct db *db,
    const struct retention_change *c, struct err *e)
{
	struct retention_question q = { .now = c->now, .rule = c->rule };
	struct retention_share *shares;
	struct policy_pair pair;
	size_t count;

	if (policies_pair(&pair, a, db, POLICY_RETENTION, &c->at, e) != 0)
		return -1;
	if (q.rule == NULL)
		q.rule = pair.inherited.value;
	shares = list_shares(&count, a, db, &c->at, e);
	return shares == NULL ? -1
	                      : judge_shares(ret, a, db, &q, &(struct shares){ shares, count }, e);
}

int
retention_schedule_impact(struct retention_impact *ret, struct arena *a, struct db *db,
    const struct retention_schedule_change *c, struct err *e)
{
	static const char sql[] =
	    "SELECT v.id, p.slug, v.slug FROM environment v JOIN project p ON p.id=v.project WHERE"
	    " v.id IN (SELECT environment FROM backup WHERE schedule=?1) ORDER BY p.slug, v.slug,"
	    " v.id";
	const struct retention_question q = { .now = c->now, .schedule = c->schedule,
		.keep = c->keep };
	struct shares all;

	all.list = sql_list(&all.count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(c->schedule)), sizeof *all.list,
	        read_share },
	    e);
	return all.list == NULL ? -1 : judge_shares(ret, a, db, &q, &all, e);
}

/* -- the worker's side -- */

int
retention_due(int64_t *ret, struct db *db, int64_t now, int64_t after, struct err *e)
{
	/* One that was looked at in the future was so by a wrong clock. */
	static const char sql[] =
	    "SELECT v.id FROM environment v WHERE v.id>?2 AND v.paused=0 AND (v.pruned_at<=?1-?3 OR"
	    " v.pruned_at>?1 OR EXISTS (SELECT 1 FROM backup b WHERE b.environment=v.id AND"
	    " b.state='ready' AND b.finished_at>v.pruned_at AND b.finished_at<=?1)) ORDER BY v.id"
	    " LIMIT 1";

	return sql_get(ret, db, sql, SQL_ARGS(sql_i(now), sql_i(after), sql_i(DAY)), e);
}

int
retention_looked(struct db *db, int64_t environment, int64_t now, bool go, struct err *e)
{
	static const char sql[] = "UPDATE environment SET pruned_at=?2 WHERE id=?1";
	static const char sql_there[] = "SELECT id FROM job WHERE environment=?1 AND kind='prune'"
	                                " AND state IN ('queued', 'running') LIMIT 1";
	CLEANUP_TXN struct sql_txn t = { NULL };
	const struct job_request rq = { .environment = environment };
	int64_t job;

	if (sql_begin(&t, db, e) != 0 ||
	    sql_run(NULL, db, sql, SQL_ARGS(sql_i(environment), sql_i(now)), e) != 0 ||
	    sql_get(&job, db, sql_there, SQL_ARGS(sql_i(environment)), e) != 0)
		return -1;
	if (go && job == 0 &&
	    enqueue_add(&job, db, &rq,
	        &(struct enqueue_work){ .kind = JOB_PRUNE, .background = true }, e) != 0)
		return -1;
	return sql_commit(&t, e);
}

int
retention_stamp(int64_t *ret, struct db *db, struct err *e)
{
	return sql_get(ret, db, "PRAGMA data_version", SQL_NO_ARGS, e);
}

/* The line in the trail. */
static int
note_trashed(struct db *db, const struct lease *l, const struct retention_go *go, struct err *e)
{
	static const char sql[] = "SELECT environment FROM job WHERE id=?1";
	static const char sql_project[] = "SELECT project FROM environment WHERE id=?1";
	struct event ev = { .actor = "system", .action = "backup.pruned", .detail = go->why };
	char id[NAME_ID_SIZE];

	name_id(id, NAME_BACKUP, go->backup);
	ev.target = id;
	if (sql_get(&ev.environment, db, sql, SQL_ARGS(sql_i(l->job)), e) != 0 ||
	    sql_get(&ev.project, db, sql_project, SQL_ARGS(sql_i(ev.environment)), e) != 0)
		return -1;
	return events_add(db, &ev, e);
}

int
retention_trash(bool *gone, struct db *db, const struct lease *l, const struct retention_go *go,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE backup SET before_trash=state, state='trashed', trashed_at=?2, trashed_why=?3"
	    " WHERE id=?1 AND state IN ('ready', 'failed') AND keep=0 AND keep_until<=?2 AND"
	    " environment=(SELECT environment FROM job WHERE id=?4) AND id NOT IN" IN_USE;
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct lease_work work;
	int64_t changes;

	if (sql_begin(&t, db, e) != 0 || lease_check(&work, db, l, e) != 0)
		return -1;
	if (work.kind != JOB_PRUNE)
		return err_set(e, ERR_INTERNAL, "job j%" PRId64 " does not prune", l->job);
	if (sql_run(&changes, db, sql,
	        SQL_ARGS(sql_i(go->backup), sql_i(go->now), sql_t(go->why), sql_i(l->job)),
	        e) != 0)
		return -1;
	if (changes == 1 && note_trashed(db, l, go, e) != 0)
		return -1;
	if (sql_commit(&t, e) != 0)
		return -1;
	*gone = changes == 1;
	return 0;
}
