/* days.c: what each day brought to an environment. */
#include "lib/store/days.h"

#include "lib/model/calendar.h"
#include "lib/model/zoneset.h"
#include "lib/store/policies.h"
#include "lib/store/sql.h"

int
days_zone(struct zone **ret, struct arena *a, struct db *db, int64_t environment, struct err *e)
{
	struct zoneset set = { .arena = a };
	struct policy p;

	if (policies_get(&p, a, db, POLICY_ZONE, environment, e) != 0)
		return -1;
	*ret = zoneset_any(&set, p.value);
	return 0;
}

int
days_add(struct db *db, const struct day_note *note, struct err *e)
{
	static const char sql[] =
	    "INSERT INTO day_log (environment, day, good, failed, missed, raw_bytes) VALUES (?1,"
	    " ?2, ?3, ?4, ?5, ?6) ON CONFLICT (environment, day) DO UPDATE SET"
	    " missed=CASE good WHEN 0 THEN missed+excluded.missed ELSE missed END,"
	    " good=good+excluded.good, failed=failed+excluded.failed,"
	    " raw_bytes=CASE excluded.good WHEN 0 THEN raw_bytes ELSE excluded.raw_bytes END";
	CLEANUP_ARENA struct arena *a = arena_new();
	struct zone *zone;

	if (days_zone(&zone, a, db, note->environment, e) != 0)
		return -1;
	return sql_run(NULL, db, sql,
	    SQL_ARGS(sql_i(note->environment),
	        sql_i(calendar_floor(zone_local(zone, note->at), CALENDAR_DAY)),
	        sql_i(note->good), sql_i(note->failed), sql_i(note->missed),
	        sql_i(note->raw_bytes)),
	    e);
}
