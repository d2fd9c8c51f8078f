/* stats.c: how safe every environment is, in a handful of statements. */
#include "lib/store/stats.h"

#include <string.h>

#include "lib/model/policy.h"
#include "lib/store/backup_plan.h"
#include "lib/store/newest.h"
#include "lib/store/sql.h"

#define HOUR INT64_C(3600000)

/* The newest backup of an environment of which that is true. One that was uploaded says nothing
 * about how often the environment is backed up. */
#define NEWEST(more) \
	"(SELECT x.id FROM backup x WHERE x.environment=v.id AND x.state='ready' AND" \
	" x.kind<>'uploaded'" more " ORDER BY x.finished_at DESC LIMIT 1)"
#define SET_AT(level, owner) \
	"(SELECT value FROM policy WHERE level='" level "' AND owner=" owner " AND key='rpo-hours')"

static const char sql_environments[] =
    "SELECT v.id, v.project, v.uuid, v.slug, v.name, v.kind, v.paused, v.created_at, p.slug,"
    " p.name, g.id, g.kind, g.health, g.suspicion, g.started_at, g.finished_at, g.verified_at,"
    " g.raw_bytes, g.stored_bytes, g.warnings, t.started_at, t.finished_at, v.resumed_at,"
    " v.paused_at, (SELECT count(*) FROM service x WHERE x.environment=v.id AND x.removed_at=0"
    " AND NOT EXISTS (SELECT 1 FROM restore_part r WHERE r.made=x.id)),"
    " coalesce(" SET_AT("environment", "v.id") ", " SET_AT("project", "v.project") ", "
    SET_AT("instance", "0") ", '0') FROM environment v JOIN project p ON p.id=v.project LEFT JOIN"
    " backup g ON g.id=" NEWEST("") " LEFT JOIN backup t ON t.id=" NEWEST(" AND x.suspicion=''"
    " AND x.health NOT IN ('damaged', 'missing')")
    " WHERE (?1=0 OR v.project=?1) AND (?2=0 OR v.id=?2) ORDER BY CASE v.kind WHEN 'live' THEN 0"
    " WHEN 'staging' THEN 1 ELSE 2 END, lower(p.name), lower(v.name), v.id";

static int
read_who(struct environment *v, struct sql *q, struct arena *a)
{
	int c = 0;

	v->id = sql_int(q, c++);
	v->project = sql_int(q, c++);
	v->uuid = sql_text(q, c++, a);
	v->slug = sql_text(q, c++, a);
	v->name = sql_text(q, c++, a);
	if (!environment_kind_parse(&v->kind, sql_text(q, c++, a)))
		v->kind = ENV_LIVE;
	v->paused = sql_int(q, c++) != 0;
	v->created_at = sql_int(q, c++);
	v->project_slug = sql_text(q, c++, a);
	v->project_name = sql_text(q, c++, a);
	v->hook_before = v->hook_after = v->watchers = "";
	return c;
}

static int
read_good(struct backup *b, struct sql *q, struct arena *a, int c)
{
	b->id = sql_int(q, c++);
	b->state = BACKUP_READY;
	if (!backup_kind_parse(&b->kind, sql_text(q, c++, a)))
		b->kind = BACKUP_ON_DEMAND;
	if (!backup_health_parse(&b->health, sql_text(q, c++, a)))
		b->health = HEALTH_UNKNOWN;
	b->suspicion = sql_text(q, c++, a);
	b->started_at = sql_int(q, c++);
	b->finished_at = sql_int(q, c++);
	b->verified_at = sql_int(q, c++);
	b->raw_bytes = sql_int(q, c++);
	b->stored_bytes = sql_int(q, c++);
	b->warnings = sql_int(q, c++);
	return c;
}

static void
read_environment(void *row, struct sql *q, struct arena *a)
{
	struct stats_row *r = row;
	struct safety_facts *f = &r->facts;
	int c = read_good(&r->good, q, a, read_who(&r->environment, q, a));

	f->created_at = r->environment.created_at;
	f->paused = r->environment.paused;
	f->good = r->good.id;
	f->good_at = r->good.finished_at;
	f->health = r->good.health;
	f->suspicious = *r->good.suspicion != '\0';
	f->odd = f->suspicious ? f->good : 0;
	f->odd_at = f->suspicious ? f->good_at : 0;
	f->trusted_at = sql_int(q, c++);
	f->trusted_end = sql_int(q, c++);
	f->resumed_at = sql_int(q, c++);
	f->paused_at = sql_int(q, c++);
	f->services = sql_int(q, c++);
	f->rpo_ms = policy_number(POLICY_RPO_HOURS, sql_text(q, c++, a)) * HOUR;
	f->uncovered = f->alarm = f->oldest = f->odd_of = f->ended_of = "";
}

/* -- what stands in other tables, row by row beside the environments -- */

/* The rows by environment: a list of what is to be added to each. */
struct table {
	struct stats_row *rows;
	size_t count;
	size_t *at;                   /* index of an environment's id, plus one; 0: not of these */
	int64_t most;                 /* the highest id */
	int64_t now;
	struct arena *arena;
};

static void
index_rows(struct table *t, struct arena *a)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].environment.id > t->most)
			t->most = t->rows[i].environment.id;
	t->at = arena_array(a, (size_t)t->most + 1, sizeof *t->at);
	for (size_t i = 0; i < t->count; i++)
		t->at[t->rows[i].environment.id] = i + 1;
}

static struct safety_facts *
facts_of(const struct table *t, int64_t environment)
{
	if (environment < 1 || environment > t->most || t->at[environment] == 0)
		return NULL;
	return &t->rows[t->at[environment] - 1].facts;
}

typedef void adder(const struct table *t, struct safety_facts *f, struct sql *q);

/* Column 0 is the environment. */
static int
add(const struct table *t, struct db *db, const char *text, adder *fn, struct err *e)
{
	CLEANUP_SQL struct sql *q = NULL;
	struct safety_facts *f;
	int rc;

	if (sql_open(&q, db, text, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		if ((f = facts_of(t, sql_int(q, 0))) != NULL)
			fn(t, f, q);
	return rc;
}

static void
add_schedule(const struct table *t, struct safety_facts *f, struct sql *q)
{
	bool enabled = sql_int(q, 1) != 0;
	int64_t until = sql_int(q, 2), handled = sql_int(q, 3), next = sql_int(q, 4);

	f->schedules++;
	if (!enabled)
		return;
	if (until > t->now) {
		if (f->resumes_at == 0 || until < f->resumes_at)
			f->resumes_at = until;
		return;
	}
	f->schedules_on++;
	if (next > 0 && (f->next_at == 0 || next < f->next_at)) {
		f->next_at = next;
		f->interval_ms = next - handled;
	}
}

/* What the newest backups of one service say; 0: there is none. */
struct own {
	const char *name;
	int64_t created_at, interval_ms;
	int64_t trusted, trusted_end; /* began, ended */
	bool good;                    /* there is one, doubtful or not */
	int64_t odd, odd_at;          /* its newest good one, if that is doubtful */
	int64_t ended, ended_at;
	bool failed;
};

/* One that has no backup at all has been waiting for it since it was made, as an environment has.
 */
static void
add_age(struct safety_facts *f, const struct own *o)
{
	int64_t since = o->trusted > 0 || o->good ? o->trusted : o->created_at;

	if (f->good == 0 || since >= f->trusted_at)
		return;
	f->trusted_at = since;
	f->trusted_end = o->trusted_end;
	f->oldest = o->name;
}

/* A service is as safe as its own newest backups say, and an environment as its worst service: a
 * backup of the media does not make up for one of the database. */
static void
add_worst(struct safety_facts *f, const struct own *o)
{
	add_age(f, o);
	if (o->odd != 0 && f->odd == 0) {
		f->suspicious = true;
		f->odd = o->odd;
		f->odd_at = o->odd_at;
		f->odd_of = o->name;
	}
	if (o->failed && o->interval_ms > 0 && (f->silent_interval_ms == 0 ||
	        o->ended_at + o->interval_ms < f->silent_after + f->silent_interval_ms)) {
		f->silent_after = o->ended_at;
		f->silent_interval_ms = o->interval_ms;
	}
	f->newest = o->ended > f->newest ? o->ended : f->newest;
	if (o->ended == 0 || (f->ended_failed && !o->failed) ||
	    (f->ended_failed == o->failed && o->ended <= f->ended))
		return;
	f->ended = o->ended;
	f->ended_at = o->ended_at;
	f->ended_failed = o->failed;
	f->ended_of = o->name;
}

static void
read_own(struct own *o, struct sql *q, struct arena *a, int c)
{
	o->created_at = sql_int(q, c++);
	o->interval_ms = sql_int(q, c++);
	o->trusted = sql_int(q, c++);
	o->trusted_end = sql_int(q, c++);
	o->good = sql_int(q, c++) != 0;
	o->odd = sql_int(q, c++);
	o->odd_at = sql_int(q, c++);
	o->ended = sql_int(q, c++);
	o->ended_at = sql_int(q, c++);
	o->failed = strcmp(sql_text(q, c, a), "failed") == 0;
}

static void
add_service(const struct table *t, struct safety_facts *f, struct sql *q)
{
	struct own own = { .name = sql_text(q, 1, t->arena) };
	enum engine engine;
	/* One that this program does not know is never backed up, whatever the schedules say. */
	bool known = engine_parse(&engine, sql_text(q, 2, t->arena)), covered = sql_int(q, 3) != 0;

	if (!covered || !known)
		f->uncovered = f->uncovered_count++ == 0
		    ? own.name : arena_printf(t->arena, "%s, %s", f->uncovered, own.name);
	read_own(&own, q, t->arena, 4);
	if (known && (covered || f->schedules_on == 0))
		add_worst(f, &own);
}

static void
add_unmet(const struct table *t, struct safety_facts *f, struct sql *q)
{
	int64_t due = sql_int(q, 1);

	(void)t;
	if (due > 0 && (f->unmet_at == 0 || due < f->unmet_at))
		f->unmet_at = due;
}

static void
add_coming(const struct table *t, struct safety_facts *f, struct sql *q)
{
	enum job_kind kind;

	if (job_kind_parse(&kind, sql_text(q, 2, t->arena)) && kind == JOB_BACKUP)
		f->coming = sql_int(q, 1);
}

static void
add_alarm(const struct table *t, struct safety_facts *f, struct sql *q)
{
	if (*f->alarm != '\0')
		return;
	f->alarm = sql_text(q, 1, t->arena);
	f->alarm_at = sql_int(q, 2);
}

/* Of x, a service: the running schedules that take it. */
#define TAKEN_BY \
	" FROM schedule_state c JOIN schedule s ON s.id=c.schedule WHERE" \
	" c.environment=x.environment AND s.enabled=1 AND s.removed_at=0 AND (NOT EXISTS (SELECT" \
	" 1 FROM schedule_service y WHERE y.schedule=s.id) OR EXISTS (SELECT 1 FROM" \
	" schedule_service y WHERE y.schedule=s.id AND y.service=x.id))"
#define COVERED "EXISTS (SELECT 1" TAKEN_BY ")"
/* Those that stand for themselves. */
#define NOT_BESIDE \
	"x.removed_at=0 AND NOT EXISTS (SELECT 1 FROM restore_part r WHERE r.made=x.id)"

static const char sql_services[] =
    "SELECT u.place, u.name, u.engine, u.covered, u.created_at, u.interval, u.trusted,"
    " u.trusted_end, u.good, d.id, d.finished_at, n.id, n.finished_at, n.state FROM"
    " (SELECT x.environment AS place, x.id AS service, x.name, x.engine, x.created_at, " COVERED
    " AS covered, (SELECT min(c.next_at-c.handled_at)" TAKEN_BY " AND c.next_at>0) AS interval, "
    NEWEST_PART("x.id", "b.started_at", NEWEST_TRUSTED) " AS trusted, "
    NEWEST_PART("x.id", "b.finished_at", NEWEST_TRUSTED) " AS trusted_end, "
    NEWEST_PART("x.id", "b.id", NEWEST_GOOD) " AS good, "
    NEWEST_PART("x.id", "b.id", "b.state IN ('ready', 'failed')") " AS ended FROM service x WHERE "
    NOT_BESIDE ") u LEFT JOIN backup n ON n.id=u.ended LEFT JOIN backup d ON d.id=u.good AND"
    " d.suspicion<>'' ORDER BY u.place, u.service";
/* A run that was refused because of a pause is owed by nobody. The first run of each schedule
 * that came due after the newest good backup of the service that was backed up longest ago of those
 * it takes; a new service owes nothing for the time before it. */
static const char sql_unmet[] =
    "SELECT c.environment, (SELECT min(r.due_at) FROM schedule_run r WHERE r.environment="
    "c.environment AND r.schedule=c.schedule AND coalesce(r.error, '') NOT LIKE '%"
    BACKUP_PLAN_PAUSED "' AND"
    " r.due_at>(SELECT min(max(x.created_at, coalesce("
    NEWEST_PART("x.id", "b.finished_at", NEWEST_GOOD) ", 0))) FROM service x WHERE"
    " x.environment=c.environment AND " NOT_BESIDE " AND (NOT EXISTS"
    " (SELECT 1 FROM schedule_service y WHERE y.schedule=c.schedule) OR EXISTS (SELECT 1 FROM"
    " schedule_service y WHERE y.schedule=c.schedule AND y.service=x.id))))"
    " FROM schedule_state c JOIN schedule s ON s.id=c.schedule WHERE s.enabled=1 AND"
    " s.removed_at=0";
static const char sql_schedules[] =
    "SELECT c.environment, s.enabled, s.paused_until, c.handled_at, c.next_at FROM schedule_state"
    " c JOIN schedule s ON s.id=c.schedule WHERE s.removed_at=0";
/* By the two short indexes of unfinished jobs, whatever SQLite knows of the others. */
static const char sql_coming[] =
    "SELECT environment, backup, kind FROM job INDEXED BY job_queue WHERE state='queued' UNION ALL"
    " SELECT environment, backup, kind FROM job INDEXED BY job_leases WHERE state='running'";
static const char sql_alarms[] =
    "SELECT environment, text, opened_at FROM alarm WHERE closed_at=0 AND kind IN ('missing',"
    " 'unread', 'test', 'rto', 'held') AND environment IS NOT NULL ORDER BY opened_at, id";

int
stats_environments(struct stats_list *ret, struct arena *a, struct db *db,
    const struct stats_query *q, struct err *e)
{
	struct table t = { .now = q->now, .arena = a };
	void *rows = sql_list(&t.count,
	    &(struct sql_query){ db, a, sql_environments,
	        SQL_ARGS(sql_i(q->project), sql_i(q->environment)), sizeof *ret->rows,
	        read_environment },
	    e);

	if (rows == NULL)
		return -1;
	t.rows = rows;
	index_rows(&t, a);
	if (add(&t, db, sql_schedules, add_schedule, e) != 0 ||
	    add(&t, db, sql_services, add_service, e) != 0 ||
	    add(&t, db, sql_unmet, add_unmet, e) != 0 ||
	    add(&t, db, sql_coming, add_coming, e) != 0 ||
	    add(&t, db, sql_alarms, add_alarm, e) != 0)
		return -1;
	for (size_t i = 0; i < t.count; i++)
		t.rows[i].safety = safety_of(&t.rows[i].facts, q->now);
	*ret = (struct stats_list){ t.rows, t.count };
	return 0;
}

static void
read_service(void *row, struct sql *q, struct arena *a)
{
	struct stats_service *s = row;
	enum engine engine;

	s->slug = sql_text(q, 0, a);
	s->name = sql_text(q, 1, a);
	s->engine = sql_text(q, 2, a);
	s->known = engine_parse(&engine, s->engine);
	s->media = s->known && engine_is_media(engine);
	s->covered = sql_int(q, 3) != 0;
	s->good_at = sql_int(q, 4);
}

int
stats_services(struct stats_service **ret, size_t *count, struct arena *a, struct db *db,
    int64_t environment, struct err *e)
{
	static const char sql[] =
	    "SELECT x.slug, x.name, x.engine, " COVERED ", "
	    NEWEST_PART("x.id", "y.finished_at", NEWEST_TRUSTED) " FROM service x WHERE"
	    " x.environment=?1 AND " NOT_BESIDE " ORDER BY x.id";
	void *rows = sql_list(count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(environment)), sizeof **ret,
	        read_service }, e);

	if (rows == NULL)
		return -1;
	*ret = rows;
	return 0;
}
