/* on_storage.c: where backups lie, and whether all of it is there. */
#include "cgi/handle/on_storage.h"

#include <inttypes.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/page.h"
#include "cgi/page/show_storage.h"
#include "lib/store/copies.h"
#include "lib/store/findings.h"
#include "lib/store/jobs.h"
#include "lib/store/projects.h"
#include "lib/store/proofs.h"
#include "lib/store/settings.h"
#include "lib/store/wraps.h"

enum { FINDINGS_SHOWN = 200 };

int
on_storage_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct findings_storage *list;
	size_t count;

	if (findings_storages(&list, &count, rq->arena, rq->db, e) != 0)
		return -1;
	page_begin(&p, rq, "storages.cs", "Storage");
	for (size_t i = 0; i < count; i++)
		show_storage_row(node_add(p.root, "storages"), &list[i], rq->now);
	return page_send(rp, rq, &p, e);
}

static int
find(struct findings_storage *ret, const struct request *rq, struct err *e)
{
	return findings_storage(ret, rq->arena, rq->db, rq->args[0], e);
}

/* The newest job of a kind about a storage; *ret is NULL when there was none. */
static int
newest(struct job **ret, const struct request *rq, int64_t storage, enum job_kind kind,
    struct err *e)
{
	int64_t id;

	*ret = NULL;
	if (findings_newest_job(&id, rq->db, storage, kind, e) != 0)
		return -1;
	if (id == 0)
		return 0;
	*ret = arena_alloc(rq->arena, sizeof **ret);
	return jobs_by_id(*ret, rq->arena, rq->db, id, e);
}

int
on_storage_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct findings_storage s;
	struct storage_view view = { .storage = &s, .now = rq->now };
	struct finding *items;
	struct job *look, *test, *prove, *rewrap;
	struct storage *all;
	struct proof proof;
	char *recipient, *recovery;

	if (find(&s, rq, e) != 0 ||
	    settings_get(&recipient, rq->arena, rq->db, "age_recipient", e) != 0 ||
	    settings_get(&recovery, rq->arena, rq->db, "age_recovery", e) != 0 ||
	    findings_list(&items, &view.count, rq->arena, rq->db, s.storage.id, FINDINGS_SHOWN,
	        e) != 0 ||
	    storages_list(&all, &view.storage_count, rq->arena, rq->db, e) != 0 ||
	    copies_count(&view.counts, rq->db, s.storage.id, e) != 0 ||
	    newest(&look, rq, s.storage.id, JOB_RECONCILE, e) != 0 ||
	    newest(&test, rq, s.storage.id, JOB_CHECK, e) != 0 ||
	    newest(&prove, rq, s.storage.id, JOB_PROVE, e) != 0 ||
	    newest(&rewrap, rq, s.storage.id, JOB_REWRAP, e) != 0 ||
	    proofs_last(&proof, rq->arena, rq->db, s.storage.id, e) != 0)
		return -1;
	view.items = items;
	view.storages = all;
	view.job = look;
	view.test = test;
	view.prove = prove;
	view.rewrap = rewrap;
	view.proof = &proof;
	view.prove_minute = rq->conf->prove_minute;
	view.recipient = recipient;
	view.recovery = recovery;
	page_begin(&p, rq, "storage.cs", arena_printf(rq->arena, "Storage %s", s.storage.slug));
	page_crumb(&p, "Storage", "/storage");
	page_crumb(&p, s.storage.slug, NULL);
	if (envpage_worker(&p, rq, e) != 0)
		return -1;
	show_storage_page(&p, &view);
	return page_send(rp, rq, &p, e);
}

/* What can be asked of a storage. */
struct order {
	int (*ask)(int64_t *job, struct db *db, const struct job_request *rq, int64_t storage,
	    struct err *e);
	const char *action, *said;
};

static int
ask_for(struct reply *rp, const struct request *rq, const struct order *o, struct err *e)
{
	const struct job_request jr = { .key = find_key(rq),
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	struct findings_storage s;
	int64_t job;

	if (find(&s, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job == 0 && (o->ask(&job, rq->db, &jr, s.storage.id, e) != 0 ||
	                    trail_add(rq, &(struct event){ .action = o->action,
	                        .target = s.storage.slug }, e) != 0))
		return -1;
	return reply_see_other(rp, "/storage/%s?said=%s", s.storage.slug, o->said);
}

int
on_storage_check(struct reply *rp, struct request *rq, struct err *e)
{
	const struct order o = { findings_request, "storage.checked", "searching" };

	return ask_for(rp, rq, &o, e);
}

int
on_storage_test(struct reply *rp, struct request *rq, struct err *e)
{
	const struct order o = { findings_request_test, "storage.tested", "testing" };

	return ask_for(rp, rq, &o, e);
}

/* The key that the form shows is the one that somebody has compared. A test comes next, once there
 * is an environment that it can hang on. */
int
on_storage_trust(struct reply *rp, struct request *rq, struct err *e)
{
	const struct order o = { findings_request_test, "storage.tested", "testing" };
	const char *host_key = request_field(rq, "host_key");
	struct findings_storage s;
	struct err why;

	if (find(&s, rq, e) != 0 || storages_trust(rq->db, &s.storage, host_key, e) != 0 ||
	    trail_add(rq, &(struct event){ .action = "storage.trusted",
	        .target = s.storage.slug, .detail = host_key }, e) != 0)
		return -1;
	if (ask_for(rp, rq, &o, &why) == 0)
		return 0;
	if (why.kind == ERR_CONFLICT)
		return reply_see_other(rp, "/storage/%s?said=confirmed", s.storage.slug);
	*e = why;
	return -1;
}

int
on_storage_prove(struct reply *rp, struct request *rq, struct err *e)
{
	const struct order o = { proofs_request, "storage.proved", "proving" };

	return ask_for(rp, rq, &o, e);
}

int
on_storage_rewrap(struct reply *rp, struct request *rq, struct err *e)
{
	const struct order o = { wraps_request, "storage.rewrapped", "wrapping" };

	return ask_for(rp, rq, &o, e);
}

static int
set_encrypted(struct reply *rp, struct request *rq, bool on, struct err *e)
{
	struct findings_storage s;
	char *recipient;

	if (find(&s, rq, e) != 0 ||
	    settings_get(&recipient, rq->arena, rq->db, "age_recipient", e) != 0)
		return -1;
	if (on && *recipient == '\0')
		return err_set(e, ERR_CONFLICT,
		    "there are no keys yet; run on the server: lazarette admin keys");
	if (s.storage.encrypted != on &&
	    (storages_set_encrypted(rq->db, s.storage.id, on, e) != 0 ||
	        trail_add(rq, &(struct event){ .target = s.storage.slug,
	            .action = on ? "storage.encrypted" : "storage.plain" }, e) != 0))
		return -1;
	return reply_see_other(rp, "/storage/%s?said=%s", s.storage.slug,
	    on ? "encrypted" : "plain");
}

int
on_storage_encrypt(struct reply *rp, struct request *rq, struct err *e)
{
	return set_encrypted(rp, rq, true, e);
}

int
on_storage_plain(struct reply *rp, struct request *rq, struct err *e)
{
	return set_encrypted(rp, rq, false, e);
}

/* Pressed twice it goes on with what is left: each backup is moved by a job of its own. */
int
on_storage_move(struct reply *rp, struct request *rq, struct err *e)
{
	const struct job_request jr = {
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };
	struct findings_storage s;
	struct storage to;
	int64_t count;

	if (find(&s, rq, e) != 0 ||
	    storages_by_slug(&to, rq->arena, rq->db, rq->args[1], e) != 0 ||
	    copies_move(&count, rq->db, &jr, &(struct copy_move){ s.storage.id, to.id }, e) != 0 ||
	    trail_add(rq, &(struct event){ .action = "storage.moved", .target = s.storage.slug,
	        .detail = arena_printf(rq->arena, "%" PRId64 " backups to %s", count, to.slug) },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/storage/%s?said=moving", s.storage.slug);
}
