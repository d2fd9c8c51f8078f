/* on_health.c: does the process answer, and is the instance fit for work? */
#include "cgi/handle/on_health.h"

#include <string.h>

#include "lib/base/log.h"
#include "lib/store/db.h"
#include "lib/store/settings.h"

enum { SILENT_MS = 60 * 1000 };

int
on_health(struct reply *rp, struct request *rq, struct err *e)
{
	(void)rq;
	(void)e;
	return reply_text(rp, "ok\n", 3);
}

/* What keeps it from work, a constant line; NULL when nothing does. The log has the words. */
static const char *
obstacle(const struct request *rq, struct err *why)
{
	CLEANUP_DB struct db *db = NULL;
	int64_t seen;

	/* Opened anew: what a newer worker has migrated meanwhile is not ours any more. */
	if (db_open(&db, rq->conf->catalog, why) != 0)
		return "the catalogue is missing or of another version\n";
	if (db_check_writable(db, why) != 0)
		return "the catalogue cannot be written\n";
	if (settings_worker_seen(&seen, db, why) != 0)
		return "the catalogue cannot be read\n";
	err_set(why, ERR_BUSY, "no worker has reported for a minute");
	return rq->now - seen <= SILENT_MS ? NULL : "no worker has reported for a minute\n";
}

int
on_health_ready(struct reply *rp, struct request *rq, struct err *e)
{
	struct err why;
	const char *text = obstacle(rq, &why);

	(void)e;
	if (text == NULL)
		return reply_text(rp, "ready\n", 6);
	log_line(LOG_WARN, "web.not_ready", "%s", why.text);
	rp->status = 503;
	return reply_text(rp, text, strlen(text));
}
