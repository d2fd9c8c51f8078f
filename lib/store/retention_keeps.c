/* retention_keeps.c: the schedules of an environment as retain.h asks of them. */
#include "lib/store/retention_keeps.h"

#include "lib/model/cron.h"
#include "lib/model/cron_read.h"
#include "lib/model/zone.h"
#include "lib/store/sql.h"

struct pace {
	int64_t schedule, next;
	const char *keep, *cron, *name;
};

static void
read_pace(void *row, struct sql *q, struct arena *a)
{
	struct pace *p = row;

	p->schedule = sql_int(q, 0);
	p->keep = sql_text(q, 1, a);
	p->cron = sql_text(q, 2, a);
	p->next = sql_int(q, 3);
	p->name = sql_text(q, 4, a);
}

/* How far two runs are from each other is the same in any zone, but for an hour. */
static int64_t
every(const struct pace *p, const struct zone *utc)
{
	struct cron_run runs[2];
	struct cron cron;
	struct err why;

	if (p->next == 0 || cron_read(&cron, p->cron, 0, &why) != 0 ||
	    cron_list(runs, 2, &cron, utc, p->next) != 2)
		return 0;
	return runs[1].at - runs[0].at;
}

/* Checked when they were set; of what nobody understands nothing goes. */
static const struct retain_rule *
read_keeps(struct arena *a, const char *text)
{
	struct retain_rule *rule = arena_alloc(a, sizeof *rule);
	struct err why;

	if (retain_rule_parse_keeps(rule, text, &why) != 0)
		*rule = (struct retain_rule){ .forever = true };
	return rule;
}

int
retention_keeps_load(struct retain_ask *ask, struct arena *a, struct db *db,
    const struct retention_question *q, struct err *e)
{
	static const char sql[] =
	    "SELECT s.id, CASE WHEN s.id=?3 THEN ?4 WHEN s.removed_at=0 THEN s.keep ELSE '' END,"
	    " s.cron, coalesce((SELECT x.next_at FROM schedule_state x WHERE x.schedule=s.id AND"
	    " x.environment=?1 AND x.next_at>?2 AND s.enabled=1 AND s.removed_at=0 AND"
	    " s.paused_until<=?2), 0), s.name FROM schedule s WHERE s.id IN (SELECT schedule FROM"
	    " schedule_state WHERE environment=?1 UNION SELECT schedule FROM backup WHERE"
	    " environment=?1 AND schedule IS NOT NULL) ORDER BY s.id";
	const struct zone *utc = zone_utc(a);
	struct retain_keeps *keeps;
	struct pace *paces;
	size_t count;

	paces = sql_list(&count,
	    &(struct sql_query){ db, a, sql,
	        SQL_ARGS(sql_i(ask->environment), sql_i(ask->now), sql_i(q->schedule),
	            sql_t(q->keep)),
	        sizeof *paces, read_pace },
	    e);
	if (paces == NULL)
		return -1;
	keeps = arena_array(a, count + 1, sizeof *keeps);
	for (size_t i = 0; i < count; i++) {
		const struct pace *p = &paces[i];
		int64_t between = every(p, utc), next = between > 0 ? p->next : 0;

		if (*p->keep != '\0') {
			keeps[ask->keeps_count++] = (struct retain_keeps){ p->schedule,
				p->name, read_keeps(a, p->keep), next, between };
		} else if (next > 0 && (ask->next_run == 0 || next < ask->next_run)) {
			ask->next_run = next;
			ask->every_ms = between;
		}
	}
	ask->keeps = keeps;
	return 0;
}
