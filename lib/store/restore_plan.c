/* restore_plan.c: asking for a restore, its undo or a test; what is refused, and why. */
#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/base/rand.h"
#include "lib/model/project.h"
#include "lib/store/backup_plan.h"
#include "lib/store/backups.h"
#include "lib/store/enqueue.h"
#include "lib/store/projects.h"
#include "lib/store/restore_ask.h"
#include "lib/store/restores.h"
#include "lib/store/sql.h"

enum { DAY_DIGITS = 8, TIME_DIGITS = 6 };

/* -- the draft -- */

/* What a draft chooses from. */
struct plan {
	struct backup backup;
	struct part *parts;
	size_t part_count;
	struct environment target;
};

static int
find_plan(struct plan *ret, struct arena *a, struct db *db, const struct restore_draft *rq,
    struct err *e)
{
	if (environments_by_id(&ret->target, a, db, rq->job.environment, e) != 0 ||
	    backups_by_id(&ret->backup, a, db, rq->backup, e) != 0 ||
	    backups_parts(&ret->parts, &ret->part_count, a, db, rq->backup, e) != 0 ||
	    backup_plan_usable(&ret->backup, e) != 0)
		return -1;
	return restore_ask_paused(&ret->target, e);
}

/* The service of the target that a part goes into. */
static int
find_service(struct service *ret, struct arena *a, struct db *db, int64_t id,
    const struct environment *v, struct err *e)
{
	struct service s = { .environment = 0 };

	if (services_by_id(&s, a, db, id, e) != 0 && e->kind != ERR_NOT_FOUND)
		return -1;
	if (s.environment != v->id || s.removed_at > 0)
		return err_set(e, ERR_INPUT, "a service was chosen that does not belong to %s/%s",
		    v->project_slug, v->slug);
	if (s.made_by != 0)
		return err_set(e, ERR_INPUT,
		    "%s is what lies beside another service, by restore r%" PRId64 "; restore into"
		    " that service", s.name, s.made_by);
	*ret = s;
	return 0;
}

static const struct part *
find_part(const struct plan *plan, int64_t id)
{
	for (size_t i = 0; i < plan->part_count; i++)
		if (plan->parts[i].id == id)
			return &plan->parts[i];
	return NULL;
}

/* The row of one choice, once it makes sense; its tag holds its number, so that comes second. The
 * second stands before it because a catalogue that was built anew counts from the beginning, while
 * what restores of the old one have kept still lies beside the targets. */
static int
add_part(struct db *db, int64_t restore, const struct plan *plan, const struct restore_choice *c,
    struct err *e)
{
	static const char sql_taken[] =
	    "SELECT count(*) FROM restore_part WHERE restore=?1 AND service=?2";
	static const char sql_add[] =
	    "INSERT INTO restore_part (restore, part, service, revision, choice, tag) VALUES (?1,"
	    " ?2, ?3, ?4, ?5, '') RETURNING id";
	static const char sql_tag[] = "UPDATE restore_part SET tag=?2 WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct part *from = find_part(plan, c->part);
	char now[CLOCK_ISO_SIZE];
	struct service into = { .id = 0 };
	enum engine engine;
	int64_t taken, id;

	if (from == NULL || !engine_parse(&engine, from->engine))
		return err_set(e, ERR_INPUT,
		    "a part was chosen that backup b%" PRId64 " does not have", plan->backup.id);
	if (find_service(&into, a, db, c->service, &plan->target, e) != 0)
		return -1;
	if (engine != into.engine)
		return err_set(e, ERR_INPUT,
		    "%s holds %s and cannot go into %s, which holds %s; choose a service of the"
		    " same kind",
		    from->service_name, engine_title(engine), into.name,
		    engine_title(into.engine));
	if (sql_get(&taken, db, sql_taken, SQL_ARGS(sql_i(restore), sql_i(into.id)), e) != 0)
		return -1;
	if (taken > 0)
		return err_set(e, ERR_INPUT,
		    "two parts were to go into %s; choose a service of its own for each",
		    into.name);
	clock_compact(now, clock_now());
	if (sql_get(&id, db, sql_add,
	        SQL_ARGS(sql_i(restore), sql_i(from->id), sql_i(into.id), sql_i(into.revision),
	            sql_t(c->choice ? c->choice : "")),
	        e) != 0)
		return -1;
	return sql_run(NULL, db, sql_tag,
	    SQL_ARGS(sql_i(id),
	        sql_t(arena_printf(a, "%.*s%.*sr%" PRId64 "p%" PRId64, DAY_DIGITS, now,
	            TIME_DIGITS, now + DAY_DIGITS + 1, restore, id))),
	    e);
}

static int
add_draft(struct restore_ids *ret, struct db *db, const struct restore_draft *rq,
    const struct plan *plan, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO restore (uuid, backup, environment, mode, state, requested_by,"
	    " created_at, owners) VALUES (?1, ?2, ?3, ?4, 'draft', ?5, ?6, ?7) RETURNING id";
	char uuid[UUID_SIZE];

	rand_uuid(uuid);
	if (sql_get(&ret->restore, db, sql,
	        SQL_ARGS(sql_t(uuid), sql_i(rq->backup), sql_i(plan->target.id),
	            sql_t(restore_mode_name(rq->mode)), sql_id(rq->job.requested_by),
	            sql_i(clock_now()), sql_i(rq->owners)),
	        e) != 0)
		return -1;
	for (size_t i = 0; i < rq->choice_count; i++)
		if (add_part(db, ret->restore, plan, &rq->choices[i], e) != 0)
			return -1;
	if (restore_ask_names(db, ret->restore, e) != 0)
		return -1;
	/* A look only reads, so it waits for nobody who has the services. */
	return enqueue_add(&ret->job, db, &rq->job,
	    &(struct enqueue_work){ .kind = JOB_PREVIEW, .backup = rq->backup,
	        .restore = ret->restore },
	    e);
}

/* What was chosen of a part cannot stand in a service's place. */
static int
refuse_choices(const struct restore_draft *rq, struct err *e)
{
	if (rq->choice_count == 0)
		return err_set(e, ERR_INPUT, "Choose at least one thing to restore");
	for (size_t i = 0; rq->mode == RESTORE_NEW && i < rq->choice_count; i++)
		if (rq->choices[i].choice != NULL && *rq->choices[i].choice != '\0')
			return err_set(e, ERR_INPUT,
			    "a new service holds the whole of a part; restore single tables or"
			    " paths by replacing or adding");
	return 0;
}

int
restores_draft(struct restore_ids *ret, struct db *db, const struct restore_draft *rq,
    struct err *e)
{
	static const char sql_of_job[] = "SELECT restore FROM job WHERE id=?1";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore_ids ids = { 0, 0 };
	struct plan plan;

	if (sql_begin(&t, db, e) != 0 ||
	    enqueue_known(&ids.job, db, rq->job.key, JOB_PREVIEW, e) != 0)
		return -1;
	if (ids.job != 0) {
		if (sql_get(&ids.restore, db, sql_of_job, SQL_ARGS(sql_i(ids.job)), e) != 0)
			return -1;
	} else {
		if (refuse_choices(rq, e) != 0)
			return -1;
		if (find_plan(&plan, a, db, rq, e) != 0 ||
		    add_draft(&ids, db, rq, &plan, e) != 0)
			return -1;
	}
	if (sql_commit(&t, e) != 0)
		return -1;
	*ret = ids;
	return 0;
}

/* Forget what was seen: what counts now are the services as they are now. */
static int
look_again(int64_t *job, struct db *db, const struct job_request *rq, const struct restore *r,
    struct err *e)
{
	static const char sql_parts[] =
	    "UPDATE restore_part SET refusal='', revision=(SELECT s.revision FROM service s WHERE"
	    " s.id=restore_part.service) WHERE restore=?1";
	static const char sql_draft[] =
	    "UPDATE restore SET preview='looking', preview_text='', previewed_at=0 WHERE id=?1";

	if (sql_run(NULL, db, sql_parts, SQL_ARGS(sql_i(r->id)), e) != 0 ||
	    sql_run(NULL, db, sql_draft, SQL_ARGS(sql_i(r->id)), e) != 0)
		return -1;
	return enqueue_add(job, db, rq,
	    &(struct enqueue_work){ .kind = JOB_PREVIEW, .backup = r->backup, .restore = r->id },
	    e);
}

int
restores_look_again(int64_t *job, struct db *db, const struct job_request *rq, int64_t restore,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore r;
	int64_t known;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&known, db, rq->key, JOB_PREVIEW, e) != 0 ||
	    restore_ask_find(&r, a, db, rq, restore, e) != 0)
		return -1;
	if (known == 0 && r.state != RESTORE_DRAFT)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " was confirmed already", r.id);
	/* One look at a time: it may have begun with the old settings, so its revisions stay. */
	if ((known == 0 && restore_ask_unfinished(&known, db, r.id, JOB_PREVIEW, e) != 0) ||
	    (known == 0 && look_again(&known, db, rq, &r, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}

/* -- confirming -- */

static int
refuse_unseen(const struct restore *r, struct err *e)
{
	if (r->preview == PREVIEW_OK)
		return 0;
	if (r->preview == PREVIEW_REFUSED)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " cannot be restored: %s", r->id,
		    r->preview_text);
	return err_set(e, ERR_CONFLICT,
	    "the look at %s/%s has not ended yet; wait for it, then confirm", r->project_slug,
	    r->environment_slug);
}

/* Everything that may have come between the look and the button. */
static int
check_confirm(struct db *db, const struct restore *r, const struct restore_confirm *rq,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct environment v;
	struct backup b;
	bool bare;

	if (refuse_unseen(r, e) != 0 || environments_by_id(&v, a, db, r->environment, e) != 0 ||
	    restore_ask_paused(&v, e) != 0 || backups_by_id(&b, a, db, r->backup, e) != 0 ||
	    backup_plan_usable(&b, e) != 0 ||
	    restore_ask_changed(db, r, "you looked at it. Review again", e) != 0 ||
	    restore_ask_names(db, r->id, e) != 0 ||
	    restore_ask_other(db, r, e) != 0 || restore_ask_halfway(db, r, e) != 0 ||
	    restores_needs_rules(&bare, db, r->id, e) != 0)
		return -1;
	if (bare && !rq->real_data)
		return err_set(e, ERR_CONFLICT,
		    "live data would land in %s/%s, where a service has no landing rules; add them"
		    " in its settings, or have an administrator let real data in",
		    r->project_slug, r->environment_slug);
	return 0;
}

/* What is not there cannot be saved; when nothing is there, no backup is made and *ret stays. */
static int
add_safety(struct backup_ids *ret, struct arena *a, struct db *db,
    const struct restore_confirm *rq, const struct restore_part *parts, size_t n,
    struct err *e)
{
	int64_t *services = arena_array(a, n + 1, sizeof *services);
	struct backup_request safety = {
		.job = { rq->job.environment, rq->job.requested_by, NULL, false },
		.kind = BACKUP_SAFETY,
		.note = arena_printf(a, "Before restore r%" PRId64, rq->restore),
		.services = services,
	};

	for (size_t i = 0; i < n; i++)
		if (!restore_part_is_absent(&parts[i]))
			services[safety.service_count++] = parts[i].service;
	return safety.service_count == 0 ? 0 : backup_plan_add(ret, db, &safety, e);
}

/* Who decided what, for good: as it came out, not as the form had it. */
static int
note(struct arena *a, struct db *db, const struct restore *r, const struct restore_confirm *rq,
    const struct backup_ids *safety, bool real_data, struct err *e)
{
	bool unsafe = r->mode != RESTORE_NEW && safety->backup == 0;
	struct event ev;

	if (rq->trail == NULL)
		return 0;
	ev = *rq->trail;
	ev.detail = arena_printf(a, "backup b%" PRId64 " of %s/%s, mode %s%s%s", r->backup,
	    r->source_project_slug, r->source_environment_slug, restore_mode_name(r->mode),
	    unsafe ? ", without a safety backup" : "", real_data ? ", real data signed off" : "");
	return events_add(db, &ev, e);
}

static int
confirm(int64_t *job, struct db *db, const struct restore *r, const struct restore_confirm *rq,
    struct err *e)
{
	static const char sql[] =
	    "UPDATE restore SET state='pending', confirmed_at=?2, requested_by=?3, safety=?4,"
	    " hooks=?5, real_data=?6, safety_backup=?7 WHERE id=?1 AND state='draft'";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct backup_ids safety = { 0, 0 };
	struct restore_part *parts;
	size_t n;
	bool bare;

	if (check_confirm(db, r, rq, e) != 0 ||
	    restores_needs_rules(&bare, db, r->id, e) != 0 ||
	    restores_parts(&parts, &n, a, db, r->id, e) != 0)
		return -1;
	/* Nothing of the target is touched by what is built beside it. */
	if (rq->safety && r->mode != RESTORE_NEW &&
	    add_safety(&safety, a, db, rq, parts, n, e) != 0)
		return -1;
	if (sql_run(NULL, db, sql,
	        SQL_ARGS(sql_i(r->id), sql_i(clock_now()), sql_id(rq->job.requested_by),
	            sql_i(safety.backup != 0), sql_i(rq->hooks), sql_i(bare && rq->real_data),
	            sql_id(safety.backup)),
	        e) != 0 ||
	    enqueue_add(job, db, &rq->job,
	        &(struct enqueue_work){ .kind = JOB_RESTORE, .backup = r->backup,
	            .restore = r->id, .after = safety.job },
	        e) != 0 ||
	    note(a, db, r, rq, &safety, bare && rq->real_data, e) != 0)
		return -1;
	return restore_ask_take(db, *job, parts, n, e);
}

int
restores_confirm(int64_t *job, struct db *db, const struct restore_confirm *rq, struct err *e)
{
	static const char sql_made[] =
	    "SELECT min(id) FROM job WHERE restore=?1 AND kind='restore'";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore r;
	int64_t known;

	if (sql_begin(&t, db, e) != 0 ||
	    enqueue_known(&known, db, rq->job.key, JOB_RESTORE, e) != 0 ||
	    restore_ask_find(&r, a, db, &rq->job, rq->restore, e) != 0 ||
	    (r.state != RESTORE_DRAFT &&
	        sql_get(&known, db, sql_made, SQL_ARGS(sql_i(r.id)), e) != 0) ||
	    (known == 0 && confirm(&known, db, &r, rq, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}

/* -- undoing -- */

static int
refuse_unfit(struct db *db, const struct restore *r, struct err *e)
{
	enum restore_way way;

	if (r->state == RESTORE_DRAFT || r->state == RESTORE_PENDING)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " has not been restored yet", r->id);
	if (r->state == RESTORE_FAILED)
		return err_set(e, ERR_CONFLICT,
		    "r%" PRId64 " has failed, so there is nothing to undo", r->id);
	if (r->state == RESTORE_UNDONE)
		return err_set(e, ERR_CONFLICT, "r%" PRId64 " was undone already", r->id);
	if (r->mode == RESTORE_NEW)
		return err_set(e, ERR_CONFLICT,
		    "r%" PRId64 " made a new service: switch back, there is nothing to undo",
		    r->id);
	if (restores_way_back(&way, db, r, e) != 0)
		return -1;
	return way != WAY_NONE ? 0 : err_set(e, ERR_CONFLICT,
	    "the time to undo r%" PRId64 " has passed: what it replaced is not kept any more;"
	    " restore an older backup instead", r->id);
}

static int
undo(int64_t *job, struct db *db, const struct job_request *rq, const struct restore *r,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct environment v;
	struct restore_part *parts;
	enum restore_way way;
	size_t n;

	if (refuse_unfit(db, r, e) != 0 || environments_by_id(&v, a, db, r->environment, e) != 0 ||
	    restore_ask_paused(&v, e) != 0 || restore_ask_other(db, r, e) != 0 ||
	    restore_ask_halfway(db, r, e) != 0 || restore_ask_running(db, r, e) != 0 ||
	    restore_ask_later(db, r, e) != 0 ||
	    restores_way_back(&way, db, r, e) != 0 ||
	    restore_ask_changed(db, r, "the restore, so an undo might go elsewhere. Restore the"
	        " backup that you want through its own page", e) != 0 ||
	    restores_parts(&parts, &n, a, db, r->id, e) != 0 ||
	    enqueue_add(job, db, rq,
	        &(struct enqueue_work){ .kind = JOB_UNDO, .restore = r->id,
	            .backup = way == WAY_SAFETY ? r->safety_backup : 0 },
	        e) != 0)
		return -1;
	return restore_ask_take(db, *job, parts, n, e);
}

int
restores_undo(int64_t *job, struct db *db, const struct job_request *rq, int64_t restore,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TXN struct sql_txn t = { NULL };
	struct restore r;
	int64_t known;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&known, db, rq->key, JOB_UNDO, e) != 0 ||
	    restore_ask_find(&r, a, db, rq, restore, e) != 0 ||
	    (known == 0 && restore_ask_unfinished(&known, db, r.id, JOB_UNDO, e) != 0) ||
	    (known == 0 && undo(&known, db, rq, &r, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}

/* -- testing a backup -- */

static int
add_test(int64_t *job, struct db *db, const struct job_request *rq, int64_t backup, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct backup b;

	if (backups_by_id(&b, a, db, backup, e) != 0)
		return -1;
	if (b.environment != rq->environment)
		return err_set(e, ERR_NOT_FOUND, "there is no backup b%" PRId64 " here", b.id);
	if (backup_plan_usable(&b, e) != 0)
		return -1;
	/* It lands in a scratch target of its own, so it needs no service for itself. What nobody
	 * asked for waits for the backups. */
	return enqueue_add(job, db, rq,
	    &(struct enqueue_work){ .kind = JOB_TEST, .backup = backup,
	        .background = rq->requested_by == 0 }, e);
}

int
restores_test(int64_t *job, struct db *db, const struct job_request *rq, int64_t backup,
    struct err *e)
{
	CLEANUP_TXN struct sql_txn t = { NULL };
	int64_t known;

	if (sql_begin(&t, db, e) != 0 || enqueue_known(&known, db, rq->key, JOB_TEST, e) != 0 ||
	    (known == 0 && add_test(&known, db, rq, backup, e) != 0) || sql_commit(&t, e) != 0)
		return -1;
	*job = known;
	return 0;
}
