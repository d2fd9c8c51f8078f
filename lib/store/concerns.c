/* concerns.c: what is wrong with backups that are there, and how soon an environment is back. */
#include "lib/store/concerns.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/model/policy.h"
#include "lib/store/newest.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"
#include "lib/store/stats.h"
#include "lib/store/verifies.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 3600 * 1000 };

struct list {
	struct alarm *items;
	size_t count, capacity;
	struct arena *arena;
	struct db *db;
	int64_t now;
};

static void
add(struct list *to, const struct alarm *what)
{
	to->items =
	    arena_grow(to->arena, to->items, to->count, &to->capacity, sizeof *to->items);
	to->items[to->count++] = *what;
}

bool
concerns_owns(const struct alarm *alarm)
{
	static const char *const kinds[] = { "missing", "suspicious", "unread", "test",
		"rto", "proof" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(alarm->kind, kinds[i]) == 0)
			return true;
	return false;
}

/* -- single backups -- */

/* Behind the first ones of an environment only a number. */
struct flood {
	int64_t environment, count;
};

static void
end_flood(struct list *to, const struct flood *f)
{
	if (f->count > CONCERNS_EACH)
		add(to, &(struct alarm){ .kind = "missing", .environment = f->environment,
		    .subject = "more",
		    .text = arena_printf(to->arena,
		        "%" PRId64 " more backups are damaged or missing in storage",
		        f->count - CONCERNS_EACH) });
}

static int
list_unwell(struct list *to, struct err *e)
{
	static const char sql[] =
	    "SELECT b.environment, b.id, b.health, s.slug FROM backup b JOIN storage s ON"
	    " s.id=b.storage WHERE b.state='ready' AND b.health IN ('damaged', 'missing') ORDER"
	    " BY b.environment, b.id";
	CLEANUP_SQL struct sql *q = NULL;
	struct flood flood = { 0, 0 };
	int rc;

	if (sql_open(&q, to->db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		int64_t id = sql_int(q, 1);

		if (sql_int(q, 0) != flood.environment) {
			end_flood(to, &flood);
			flood = (struct flood){ sql_int(q, 0), 0 };
		}
		if (++flood.count > CONCERNS_EACH)
			continue;
		add(to, &(struct alarm){ .kind = "missing", .environment = flood.environment,
		    .subject = arena_printf(to->arena, "b%" PRId64, id),
		    .text = arena_printf(to->arena, "Backup b%" PRId64 " is %s in storage %s", id,
		        sql_text(q, 2, to->arena), sql_text(q, 3, to->arena)) });
	}
	end_flood(to, &flood);
	return rc;
}

static int
list_unknown(struct list *to, struct err *e)
{
	static const char sql[] =
	    "SELECT s.slug, count(*) FROM finding f JOIN storage s ON s.id=f.storage WHERE"
	    " f.kind='unknown' GROUP BY s.id, s.slug ORDER BY s.id";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, to->db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		const char *slug = sql_text(q, 0, to->arena);

		add(to, &(struct alarm){ .kind = "missing", .subject = slug,
		    .text = arena_printf(to->arena, "Storage %s holds %" PRId64 " %s that the"
		        " catalogue does not know", slug, sql_int(q, 1),
		        sql_int(q, 1) == 1 ? "file" : "files") });
	}
	return rc;
}

/* -- the newest of each environment -- */

static int
list_suspicious(struct list *to, struct err *e)
{
	/* The index backup_suspicious names the few that are. One of them matters as long as it is
	 * the newest of any of its services. */
	static const char sql[] =
	    "SELECT b.environment, b.id, b.suspicion FROM backup b WHERE b.state='ready' AND"
	    " b.suspicion<>'' AND EXISTS (SELECT 1 FROM part p JOIN service x ON x.id=p.service"
	    " WHERE p.backup=b.id AND x.removed_at=0 AND p.id="
	    NEWEST_PART("p.service", "y.id", NEWEST_GOOD) ") ORDER BY b.environment, b.id DESC";
	CLEANUP_SQL struct sql *q = NULL;
	int64_t environment, last = 0;
	int rc;

	if (sql_open(&q, to->db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		environment = sql_int(q, 0);
		if (environment != last)
			add(to, &(struct alarm){ .kind = "suspicious", .environment = environment,
			    .subject = "",
			    .text = arena_printf(to->arena, "Backup b%" PRId64 " is suspicious: %s",
			        sql_int(q, 1), sql_text(q, 2, to->arena)) });
		last = environment;
	}
	return rc;
}

static int
list_unread(struct list *to, struct err *e)
{
	struct verifies_late *late;
	size_t n;

	if (verifies_late(&late, &n, to->arena, to->db, to->now, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		add(to, &(struct alarm){ .kind = "unread", .environment = late[i].environment,
		    .subject = "",
		    .text = late[i].count == 1
		        ? arena_printf(to->arena, "Backup b%" PRId64 " was not verified in time",
		              late[i].first)
		        : arena_printf(to->arena, "%" PRId64 " backups were not verified in time,"
		              " b%" PRId64 " first of all", late[i].count, late[i].first) });
	return 0;
}

static int
list_tests(struct list *to, struct err *e)
{
	/* Of each service its own last test, also of a backup that is gone by now; a backup of
	 * several is told once, by the first of those that were not tested since. */
	static const char sql[] =
	    "SELECT b.environment, b.id, b.test_state, b.test_text, x.slug, min(x.id) FROM backup b"
	    " JOIN part p ON p.backup=b.id JOIN service x ON x.id=p.service WHERE b.tested_at>0 AND"
	    " b.state='ready' AND b.test_state<>'equal' AND x.removed_at=0 AND NOT EXISTS (SELECT 1"
	    " FROM backup n JOIN part y ON y.backup=n.id WHERE n.environment=b.environment AND"
	    " n.tested_at>0 AND y.service=p.service AND n.tested_at>="
	    "b.tested_at AND (n.tested_at>b.tested_at OR n.id>b.id)) GROUP BY b.id ORDER BY"
	    " b.environment, b.id";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, to->db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		add(to, &(struct alarm){ .kind = "test", .environment = sql_int(q, 0),
		    .subject = sql_text(q, 4, to->arena),
		    .text = arena_printf(to->arena, "The test restore of b%" PRId64 " %s: %s",
		        sql_int(q, 1),
		        strcmp(sql_text(q, 2, to->arena), "differs") == 0 ? "differs" : "failed",
		        sql_text(q, 3, to->arena)) });
	return rc;
}

/* A storage that backups would not come back from as they should. */
static int
list_proofs(struct list *to, struct err *e)
{
	static const char sql[] =
	    "SELECT s.slug, x.text FROM proof x JOIN storage s ON s.id=x.storage WHERE x.text<>''"
	    " AND s.removed_at=0 ORDER BY s.id";
	CLEANUP_SQL struct sql *q = NULL;
	int rc;

	if (sql_open(&q, to->db, sql, SQL_NO_ARGS, e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1) {
		const char *slug = sql_text(q, 0, to->arena);

		add(to, &(struct alarm){ .kind = "proof", .subject = slug,
		    .text = arena_printf(to->arena,
		        "Recovery from the storage %s is not proved: %s", slug,
		        sql_text(q, 1, to->arena)) });
	}
	return rc;
}

/* -- promises -- */

int
concerns_forecast(struct forecast *ret, struct db *db, int64_t environment, struct err *e)
{
	/* Of a restore only one that brought back all its backup had; a test always does. The index
	 * restore_page leaves drafts out. */
	static const char sql[] =
	    "SELECT ms FROM (SELECT r.finished_at-r.started_at AS ms, r.finished_at AS at FROM"
	    " restore r WHERE r.environment=?1 AND r.state<>'draft' AND r.state IN ('done',"
	    " 'undone') AND r.started_at>0 AND (SELECT count(*) FROM restore_part x WHERE"
	    " x.restore=r.id AND x.choice='')=(SELECT count(*) FROM part p WHERE"
	    " p.backup=r.backup) UNION ALL SELECT j.finished_at-j.started_at, j.finished_at FROM"
	    " job j WHERE j.environment=?1 AND j.kind='test' AND j.state='succeeded') AS past"
	    " ORDER BY at DESC LIMIT ?2";
	CLEANUP_SQL struct sql *q = NULL;
	int64_t ms[FORECAST_PAST];
	size_t n = 0;
	int rc;

	if (sql_open(&q, db, sql, SQL_ARGS(sql_i(environment), sql_i(FORECAST_PAST)), e) != 0)
		return -1;
	while ((rc = sql_row(q, e)) == 1)
		ms[n++] = sql_int(q, 0);
	if (rc != 0)
		return -1;
	*ret = forecast_of(ms, n);
	return 0;
}

int
concerns_age(char **ret, bool *broken, struct arena *a, struct db *db, int64_t environment,
    int64_t now, struct err *e)
{
	const struct stats_query q = { .environment = environment, .now = now };
	const struct safety_facts *f;
	struct stats_list list;
	int64_t hours;
	bool one;

	*ret = NULL;
	*broken = false;
	if (policies_number(&hours, db, POLICY_RPO_HOURS, environment, e) != 0)
		return -1;
	if (hours == 0)
		return 0;
	if (stats_environments(&list, a, db, &q, e) != 0)
		return -1;
	if (list.count == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such environment");
	f = &list.rows[0].facts;
	one = *f->oldest != '\0';
	*broken = f->trusted_end < now - hours * HOUR_MS;
	if (f->trusted_end == 0)
		*ret = arena_printf(a,
		    "%s no good backup; one of at most %" PRId64 " h is wished.",
		    one ? "A service has" : "There is", hours);
	else
		*ret = arena_printf(a,
		    "%s newest good backup is %" PRId64 " h old; at most %" PRId64
		    " h are wished.", one ? "A service's" : "The",
		    (now - f->trusted_end) / HOUR_MS, hours);
	return 0;
}

static int
add_promise(struct list *to, int64_t environment, struct err *e)
{
	char takes[NUM_TEXT], wished[NUM_TEXT];
	struct forecast f;
	int64_t minutes;

	if (policies_number(&minutes, to->db, POLICY_RTO_MINUTES, environment, e) != 0)
		return -1;
	if (minutes == 0)
		return 0;
	if (concerns_forecast(&f, to->db, environment, e) != 0)
		return -1;
	if (f.count == 0 || f.median_ms <= minutes * MINUTE_MS)
		return 0;
	num_duration(takes, f.median_ms);
	num_duration(wished, minutes * MINUTE_MS);
	add(to, &(struct alarm){ .kind = "rto", .environment = environment, .subject = "rto",
	    .text = arena_printf(to->arena,
	        "A restore takes about %s; at most %s are wished", takes, wished) });
	return 0;
}

static void
read_id(void *row, struct sql *q, struct arena *a UNUSED)
{
	*(int64_t *)row = sql_int(q, 0);
}

/* Only where somebody made a promise: mostly nowhere. */
static int
list_promises(struct list *to, struct err *e)
{
	static const char sql[] =
	    "SELECT v.id FROM environment v WHERE v.paused=0 AND EXISTS (SELECT 1 FROM policy x"
	    " WHERE x.key='rto-minutes' AND ((x.level='environment' AND"
	    " x.owner=v.id) OR (x.level='project' AND x.owner=v.project) OR"
	    " x.level='instance')) ORDER BY v.id";
	int64_t *ids;
	size_t n;

	ids = sql_list(&n,
	    &(struct sql_query){ to->db, to->arena, sql, SQL_NO_ARGS, sizeof *ids, read_id }, e);
	if (ids == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_promise(to, ids[i], e) != 0)
			return -1;
	return 0;
}

int
concerns_list(struct alarm **ret, size_t *count, struct arena *a, struct db *db, int64_t now,
    struct err *e)
{
	struct list list = { .arena = a, .db = db, .now = now };

	if (list_unwell(&list, e) != 0 || list_unknown(&list, e) != 0 ||
	    list_suspicious(&list, e) != 0 || list_unread(&list, e) != 0 ||
	    list_tests(&list, e) != 0 || list_proofs(&list, e) != 0 ||
	    list_promises(&list, e) != 0)
		return -1;
	*ret = list.items;
	*count = list.count;
	return 0;
}
