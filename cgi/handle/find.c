/* find.c: from the words of a path to the things they name. */
#include "cgi/handle/find.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/accounts.h"
#include "lib/store/backups.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/store/listing.h"
#include "lib/store/projects.h"
#include "lib/store/restores.h"

/* Longer than a double click over a slow line, too short to go back and type another password. */
enum { KEY_MAX = 100, REPEAT_MS = 10 * 1000, JUST_NOW_MS = 60 * 1000 };

int
find_project(struct project *ret, const struct request *rq, struct err *e)
{
	return projects_by_slug(ret, rq->arena, rq->db, rq->args[0], e);
}

int
find_environment(struct environment *ret, const struct request *rq, struct err *e)
{
	return environments_by_slug(ret, rq->arena, rq->db, rq->args[0], rq->args[1], e);
}

int
find_service(struct service *ret, const struct request *rq, const struct environment *v,
    struct err *e)
{
	return services_by_slug(ret, rq->arena, rq->db, v, rq->args[2], e);
}

/* The number in the first brace of the route. */
static int
number(int64_t *ret, const struct request *rq, enum name_kind kind, struct err *e)
{
	static const char *const words[] = {
		['b'] = "backup", ['j'] = "job", ['d'] = "download", ['r'] = "restore"
	};

	if (!name_id_parse(ret, kind, rq->args[0]))
		return err_set(e, ERR_NOT_FOUND, "there is no such %s", words[kind]);
	return 0;
}

int
find_backup(struct backup *ret, struct environment *v, const struct request *rq, struct err *e)
{
	int64_t id;

	if (number(&id, rq, NAME_BACKUP, e) != 0 ||
	    backups_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	return environments_by_id(v, rq->arena, rq->db, ret->environment, e);
}

int
find_download(struct download *ret, struct environment *v, const struct request *rq, struct err *e)
{
	int64_t id;

	if (number(&id, rq, NAME_DOWNLOAD, e) != 0 ||
	    downloads_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	return environments_by_id(v, rq->arena, rq->db, ret->environment, e);
}

int
find_job(struct job *ret, struct environment *v, const struct request *rq, struct err *e)
{
	int64_t id;

	if (number(&id, rq, NAME_JOB, e) != 0 || jobs_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	return environments_by_id(v, rq->arena, rq->db, ret->environment, e);
}

int
find_restore(struct restore *ret, struct environment *v, const struct request *rq, struct err *e)
{
	int64_t id;

	if (number(&id, rq, NAME_RESTORE, e) != 0 ||
	    restores_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	return environments_by_id(v, rq->arena, rq->db, ret->environment, e);
}

bool
find_may_restore(const struct request *rq, enum environment_kind kind)
{
	return rq->session != NULL &&
	    role_has(rq->session->account.role,
	        kind == ENV_LIVE ? RIGHT_RESTORE_LIVE : RIGHT_RESTORE);
}

int
find_check_restore(const struct request *rq, const struct environment *v, struct err *e)
{
	if (find_may_restore(rq, v->kind))
		return 0;
	return err_set(e, ERR_DENIED,
	    "Your role may not restore into %s/%s, as it is %s. %s may; ask one of them.",
	    v->project_slug, v->slug, environment_kind_name(v->kind),
	    v->kind == ENV_LIVE ? "Administrators" : "Operators and administrators");
}

const char *
find_key(const struct request *rq)
{
	const char *key = request_field(rq, "key");

	if (*key == '\0' || strlen(key) > KEY_MAX)
		return NULL;
	return arena_printf(rq->arena, "%s %s", key, rq->path);
}

/*
 * A brake on whoever tries many tokens. A known one is always served: 256 bits are not found by
 * trying, and somebody behind the same address must not be able to lock others out of their files.
 */
int
find_maker(struct job **ret, const struct request *rq, int64_t newest, struct err *e)
{
	struct job *job;

	*ret = NULL;
	if (newest == 0)
		return 0;
	job = arena_alloc(rq->arena, sizeof *job);
	if (jobs_by_id(job, rq->arena, rq->db, newest, e) != 0)
		return -1;
	if (job->state != JOB_SUCCEEDED) {
		*ret = job;
		return 0;
	}
	if (rq->now - job->finished_at < JUST_NOW_MS)
		return err_set(e, ERR_INTERNAL, "j%" PRId64 " has ended, and what it made is not in"
		    " '%s'", newest, listing_folder(rq->arena, rq->conf->run));
	return 0;
}

int
find_no_link(const struct request *rq, struct err *e)
{
	const char *name = arena_printf(rq->arena, "link:%s", rq->address);
	char text[NUM_TEXT];
	int64_t wait;

	if (throttle_wait(&wait, rq->db, name, e) != 0)
		return -1;
	if (wait > 0) {
		num_duration(text, wait);
		return err_set(e, ERR_TOO_MANY,
		    "Too many unknown links were tried from here. Wait %s.", text);
	}
	if (throttle_failed(rq->db, name, e) != 0)
		return -1;
	return err_set(e, ERR_NOT_FOUND, "There is no such link, or it is no longer valid. Check "
	    "that the address is complete.");
}

int
find_earlier(int64_t *job, const struct request *rq, struct err *e)
{
	const char *key = find_key(rq);

	*job = 0;
	if (key == NULL)
		return 0;
	if (jobs_by_key(job, rq->db, key, e) == 0)
		return 0;
	*job = 0;
	return e->kind == ERR_NOT_FOUND ? 0 : -1;
}

bool
find_repeated(const struct request *rq, int64_t made_at)
{
	return made_at > rq->now - REPEAT_MS;
}
