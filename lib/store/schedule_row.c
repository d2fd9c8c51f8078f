/* schedule_row.c: the columns of a schedule. */
#include "lib/store/schedule_row.h"

void
schedule_row_read(struct schedule *s, struct sql *q, int *c, struct arena *a)
{
	s->id = sql_int(q, (*c)++);
	s->revision = sql_int(q, (*c)++);
	s->project = sql_int(q, (*c)++);
	s->environment = sql_int(q, (*c)++);
	s->uuid = sql_text(q, (*c)++, a);
	s->name = sql_text(q, (*c)++, a);
	s->cron = sql_text(q, (*c)++, a);
	s->zone = sql_text(q, (*c)++, a);
	s->all_kinds = sql_int(q, (*c)++) != 0;
	s->spread_min = (int)sql_int(q, (*c)++);
	if (!backup_mode_parse(&s->mode, sql_text(q, (*c)++, a)))
		s->mode = MODE_LIVE;
	s->keep = sql_text(q, (*c)++, a);
	if (!schedule_notify_parse(&s->notify, sql_text(q, (*c)++, a)))
		s->notify = NOTIFY_CHANNELS;
	s->enabled = sql_int(q, (*c)++) != 0;
	s->off_at = sql_int(q, (*c)++);
	s->off_name = sql_text(q, (*c)++, a);
	s->paused_until = sql_int(q, (*c)++);
	s->created_at = sql_int(q, (*c)++);
}

void
schedule_row_id(void *row, struct sql *q, struct arena *a)
{
	(void)a;
	*(int64_t *)row = sql_int(q, 0);
}

int
schedule_row_services(struct schedule *s, struct arena *a, struct db *db, struct err *e)
{
	static const char sql[] =
	    "SELECT service FROM schedule_service WHERE schedule=?1 ORDER BY service";
	void *rows = sql_list(&s->service_count,
	    &(struct sql_query){ db, a, sql, SQL_ARGS(sql_i(s->id)), sizeof(int64_t),
	        schedule_row_id },
	    e);

	if (rows == NULL)
		return -1;
	s->services = rows;
	return 0;
}
