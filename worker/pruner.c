/* pruner.c: looks which environments have backups that may go, and queues the jobs for it. */
#include "worker/pruner.h"

#include "lib/base/arena.h"
#include "lib/store/retention.h"

/* The supervisor has other things to do in its turn. */
enum { AT_ONCE = 20 };

static int
look(struct db *db, const struct conf *conf, int64_t environment, int64_t now, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	const struct retention_question q = { .environment = environment, .now = now,
		.trash_unsaid_ms = conf->trash_ms };
	struct retention *r;

	if (retention_judge(&r, a, db, &q, e) != 0)
		return -1;
	return retention_looked(db, environment, now, r->result.go_count > 0, e);
}

int
pruner_step(struct db *db, const struct conf *conf, int64_t now, struct err *e)
{
	int64_t id = 0;
	struct err why;
	int rc = 0;

	if (retention_clock(db, now, e) != 0)
		return -1;
	/* One that cannot be judged keeps no other, and is looked at again tomorrow. */
	for (int i = 0; i < AT_ONCE; i++) {
		if (retention_due(&id, db, now, id, e) != 0)
			return -1;
		if (id == 0)
			break;
		if (look(db, conf, id, now, &why) == 0)
			continue;
		rc = -1;
		*e = why;
		if (why.kind != ERR_BUSY && why.kind != ERR_FULL &&
		    retention_looked(db, id, now, false, &why) != 0)
			return -1;
	}
	return rc;
}
