/* do_compare.c: the lists of two backups become what changed from one to the other. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fault.h"
#include "lib/base/fd.h"
#include "lib/store/backups.h"
#include "lib/store/compare.h"
#include "worker/job/act.h"
#include "worker/job/lists.h"

/* The older backup as a plan of its own under the same lease, for its lists; only its storage is
 * opened anew, and to be closed. */
static int
resolve_older(struct plan *older, const struct plan *p, struct err *e)
{
	int64_t id = p->job.compared;

	*older = *p;
	older->dest = NULL;
	older->keys = NULL;
	older->places = NULL;
	older->place_count = older->place = 0;
	older->unread = NULL;
	if (backups_by_id(&older->backup, p->arena, p->db, id, e) != 0 ||
	    backups_parts(&older->parts, &older->part_count, p->arena, p->db, id, e) != 0)
		return -1;
	return plan_nearest(older, e);
}

static int
check_ready(const struct backup *b, struct err *e)
{
	if (b->state == BACKUP_READY)
		return 0;
	return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is %s: there is nothing to compare",
	    b->id, backup_state_name(b->state));
}

/* Readable under its name only when it is whole. */
static int
make(struct plan *p, const char *temporary, const char *parts[2], struct err *e)
{
	struct arena *a = p->arena;
	CLEANUP_FD int fd = -1;

	/* What a worker left that died under this number. */
	unlink(temporary);
	if (compare_make(temporary, listing_file(a, p->conf->run, parts[0]),
	        listing_file(a, p->conf->run, parts[1]), e) != 0 ||
	    plan_still_ours(p, e) != 0)
		return -1;
	fd = open(temporary, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open '%s'", temporary);
	FAULT("compare.before_publish");
	return fd_publish(fd, AT_FDCWD, temporary,
	    compare_file(a, p->conf->run, parts[0], parts[1]), e);
}

static int
compare(struct plan *p, const struct part *older, const struct part *newer, struct err *e)
{
	const char *parts[2] = { older->uuid, newer->uuid };
	const char *temporary = arena_printf(p->arena, "%s/.%" PRId64 "-%" PRId64 ".%s.tmp",
	    listing_folder(p->arena, p->conf->run), p->lease.job, p->lease.fence, newer->uuid);

	report_phase(p->report, "%s: comparing", newer->service_slug);
	if (make(p, temporary, parts, e) == 0)
		return 0;
	unlink(temporary);
	return err_in(e, "%s", newer->service_slug);
}

/* Parts of files of the same name; those of one backup alone have nothing to be compared with. */
static int
compare_all(struct plan *p, const struct plan *older, struct err *e)
{
	for (size_t i = 0; i < p->part_count; i++)
		for (size_t k = 0; k < older->part_count; k++) {
			const struct part *o = &older->parts[k], *n = &p->parts[i];

			if (o->manifest.key[0] != '\0' && n->manifest.key[0] != '\0' &&
			    strcmp(o->service_slug, n->service_slug) == 0 &&
			    compare(p, o, n, e) != 0)
				return -1;
		}
	return 0;
}

static int
work(struct plan *p, struct err *e)
{
	struct plan older;
	int rc = -1;

	if (resolve_older(&older, p, e) == 0 && check_ready(&older.backup, e) == 0 &&
	    check_ready(&p->backup, e) == 0) {
		report_expect(p->report, lists_bytes(&older) + lists_bytes(p));
		rc = lists_make(&older, e) != 0
		    ? err_in(e, "b%" PRId64, older.backup.id)
		    : lists_make(p, e) != 0 ? err_in(e, "b%" PRId64, p->backup.id)
		                            : compare_all(p, &older, e);
	}
	dest_closep(&older.dest);
	return rc;
}

static int
finish(struct plan *p, struct err *e)
{
	return jobs_succeed(p->db, &p->lease, report_warnings(p->report), e);
}

/* The sweep removes what a killed one left. */
static int
clear(struct plan *p UNUSED, struct err *e UNUSED)
{
	return 0;
}

const struct act do_compare = { work, finish, clear };
