/* schedule_row.h: the columns of a schedule, shared by the files that read it; only for lib/store.
 */
#ifndef LIB_STORE_SCHEDULE_ROW_H
#define LIB_STORE_SCHEDULE_ROW_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/schedule.h"
#include "lib/store/sql.h"

#define SCHEDULE_COLUMNS \
	"s.id, s.revision, s.project, s.environment, s.uuid, s.name, s.cron, s.zone," \
	" s.kinds='all', s.spread_min, s.mode, s.keep, s.notify, s.enabled," \
	" s.off_at, coalesce((SELECT email FROM account WHERE id=s.off_by), 'system')," \
	" s.paused_until, s.created_at"

/* Each schedule with each environment where it holds. */
#define SCHEDULE_HOLDS \
	"SELECT s.id AS schedule, v.id AS environment FROM schedule s JOIN environment v ON" \
	" v.id=s.environment WHERE s.removed_at=0 UNION ALL" \
	" SELECT s.id, v.id FROM schedule s JOIN environment v ON v.project=s.project WHERE" \
	" s.removed_at=0 AND (s.kinds='all' OR v.kind='live') AND NOT EXISTS (SELECT 1 FROM" \
	" schedule n WHERE n.environment=v.id AND n.removed_at=0) UNION ALL" \
	" SELECT s.id, v.id FROM schedule s JOIN environment v WHERE s.project IS NULL AND" \
	" s.environment IS NULL AND s.removed_at=0 AND (s.kinds='all' OR v.kind='live') AND NOT" \
	" EXISTS (SELECT 1 FROM schedule n WHERE n.environment=v.id AND n.removed_at=0) AND NOT" \
	" EXISTS (SELECT 1 FROM schedule n WHERE n.project=v.project AND n.removed_at=0 AND" \
	" (n.kinds='all' OR v.kind='live'))"

/* From column *c on, which moves behind them; without the services. */
void schedule_row_read(struct schedule *s, struct sql *q, int *c, struct arena *a);
/* A row of one id, for sql_list(). */
void schedule_row_id(void *row, struct sql *q, struct arena *a);
/* Its services. */
MUST_USE int schedule_row_services(struct schedule *s, struct arena *a, struct db *db,
    struct err *e);

#endif
