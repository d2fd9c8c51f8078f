/* on_copy.c: one backup in one storage. */
#include "cgi/handle/on_copy.h"

#include <inttypes.h>

#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "lib/model/name.h"
#include "lib/store/copies.h"
#include "lib/store/projects.h"

/* What the path names, and who asks. */
struct place {
	struct backup backup;
	struct environment environment;
	struct storage storage;
	struct job_request job;
};

static int
find(struct place *ret, const struct request *rq, struct err *e)
{
	if (find_backup(&ret->backup, &ret->environment, rq, e) != 0 ||
	    storages_by_slug(&ret->storage, rq->arena, rq->db, rq->args[1], e) != 0)
		return -1;
	ret->job = (struct job_request){ .environment = ret->environment.id, .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	return 0;
}

static int
trail(const struct request *rq, const struct place *at, const char *action, struct err *e)
{
	char id[NAME_ID_SIZE];
	struct event ev = { .action = action, .project = at->environment.project,
		.environment = at->environment.id, .target = id, .detail = at->storage.slug };

	name_id(id, NAME_BACKUP, at->backup.id);
	return trail_add(rq, &ev, e);
}

int
on_copy_make(struct reply *rp, struct request *rq, struct err *e)
{
	struct copy_ask ask = { .backup = 0 };
	struct place at;
	int64_t job;

	if (find(&at, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	ask.backup = at.backup.id;
	ask.storage = at.storage.id;
	if (job == 0 && (copies_request(&job, rq->db, &at.job, &ask, e) != 0 ||
	                    trail(rq, &at, "backup.copy", e) != 0))
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=copying", at.backup.id);
}

int
on_copy_verify(struct reply *rp, struct request *rq, struct err *e)
{
	struct copy_ask ask = { .backup = 0 };
	struct place at;
	int64_t job;

	if (find(&at, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	ask.backup = at.backup.id;
	ask.storage = at.storage.id;
	if (job == 0 && (copies_verify(&job, rq->db, &at.job, &ask, e) != 0 ||
	                    trail(rq, &at, "backup.verify", e) != 0))
		return -1;
	return reply_see_other(rp, "/j/j%" PRId64, job);
}

int
on_copy_remove(struct reply *rp, struct request *rq, struct err *e)
{
	struct place at;

	if (find(&at, rq, e) != 0 ||
	    copies_remove(rq->db, at.backup.id, at.storage.id, e) != 0 ||
	    trail(rq, &at, "backup.copy_removed", e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "?said=removing", at.backup.id);
}
