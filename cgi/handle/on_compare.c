/* on_compare.c: what changed from one backup to another. */
#include "cgi/handle/on_compare.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/page/show_compare.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/compare.h"
#include "lib/store/restores.h"

enum { ROWS = 100, CANDIDATES = 50 };

/* The page before its tree. */
struct look {
	struct backup b, other;
	struct environment v;
	struct compare_view view;
	struct compare_page at;
	struct compare_totals totals;
	struct db *diff;              /* NULL: it is not here yet */
};

static void
look_release(struct look *k)
{
	db_closep(&k->diff);
}
#define CLEANUP_LOOK CLEANUP(look_release)

static void
read_place(struct look *k, const struct request *rq)
{
	enum compare_kind kind;

	k->at = (struct compare_page){ .kind = -1, .search = request_query(rq, "q"),
		.by_growth = strcmp(request_query(rq, "order"), "size") == 0,
		.after = request_query(rq, "after"), .limit = ROWS + 1 };
	if (compare_kind_parse(&kind, request_query(rq, "kind")))
		k->at.kind = (int)kind;
}

/* The one that is asked for, else the last before this one, else any. */
static int
read_other(struct look *k, const struct request *rq, struct err *e)
{
	const char *with = request_query(rq, "with");
	struct backup *candidates;
	int64_t id;

	if (compare_candidates(&candidates, &k->view.candidate_count, rq->arena, rq->db, &k->b,
	        CANDIDATES, e) != 0)
		return -1;
	k->view.candidates = candidates;
	if (*with != '\0') {
		if (!name_id_parse(&id, NAME_BACKUP, with))
			return err_set(e, ERR_NOT_FOUND, "there is no such backup");
		if (id == k->b.id)
			return err_set(e, ERR_INPUT,
			    "b%" PRId64 " is the same as itself: choose another backup", id);
		k->view.other = &k->other;
		return backups_by_id(&k->other, rq->arena, rq->db, id, e);
	}
	for (size_t i = 0; i < k->view.candidate_count && k->view.other == NULL; i++)
		if (candidates[i].environment == k->b.environment &&
		    candidates[i].created_at <= k->b.created_at)
			k->view.other = &candidates[i];
	if (k->view.other == NULL && k->view.candidate_count > 0)
		k->view.other = &candidates[0];
	return 0;
}

static void
put_in_order(struct compare_view *view)
{
	const struct backup *b = view->asked, *o = view->other;
	bool before = o->created_at != b->created_at ? o->created_at < b->created_at
	                                             : o->id < b->id;

	view->older = before ? o : b;
	view->newer = before ? b : o;
}

static int
read_tables(struct compare_part *p, const struct request *rq, struct err *e)
{
	struct table_count *before, *after;

	if (restores_part_tables(&before, &p->before_count, rq->arena, rq->db, p->older->id,
	        e) != 0 ||
	    restores_part_tables(&after, &p->after_count, rq->arena, rq->db, p->newer->id, e) != 0)
		return -1;
	p->before = before;
	p->after = after;
	return 0;
}

/* Those of the same service and of the same sort are one. */
static struct compare_part *
part_for(struct compare_part *all, size_t count, const struct part *newer)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].newer == NULL && all[i].older != NULL &&
		    strcmp(all[i].older->service_slug, newer->service_slug) == 0 &&
		    (all[i].older->manifest.key[0] == '\0') == (newer->manifest.key[0] == '\0'))
			return &all[i];
	return NULL;
}

static int
read_parts(struct look *k, const struct request *rq, struct err *e)
{
	struct part *older, *newer;
	size_t older_count, newer_count, count = 0;
	struct compare_part *all;

	if (backups_parts(&older, &older_count, rq->arena, rq->db, k->view.older->id, e) != 0 ||
	    backups_parts(&newer, &newer_count, rq->arena, rq->db, k->view.newer->id, e) != 0)
		return -1;
	all = arena_array(rq->arena, older_count + newer_count + 1, sizeof *all);
	for (size_t i = 0; i < older_count; i++)
		all[count++] = (struct compare_part){ .older = &older[i] };
	for (size_t i = 0; i < newer_count; i++) {
		struct compare_part *p = part_for(all, older_count, &newer[i]);

		if (p == NULL)
			p = &all[count++];
		p->newer = &newer[i];
		if (p->older != NULL && !show_compare_has_files(p) && read_tables(p, rq, e) != 0)
			return -1;
	}
	k->view.parts = all;
	k->view.part_count = count;
	return 0;
}

/* Whose files are shown: the wanted one, else the first. */
static int
choose_part(struct look *k, const char *wanted, struct err *e)
{
	for (size_t i = 0; i < k->view.part_count; i++) {
		const struct compare_part *p = &k->view.parts[i];

		if (p->older != NULL && p->newer != NULL && show_compare_has_files(p) &&
		    (k->view.part == NULL || strcmp(p->newer->service_slug, wanted) == 0))
			k->view.part = p;
	}
	if (*wanted != '\0' && (k->view.part == NULL ||
	                           strcmp(k->view.part->newer->service_slug, wanted) != 0))
		return err_set(e, ERR_NOT_FOUND, "the two have no files of that service in common");
	return 0;
}

static int
ask(int64_t *job, const struct request *rq, const struct compare_view *view, struct err *e)
{
	const struct job_request jr = { .environment = view->newer->environment,
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };

	return compare_request(job, rq->db, &jr,
	    &(struct compare_pair){ view->older->id, view->newer->id }, e);
}

/* Nobody has asked for it, or it was removed after its week: then it is made now. */
static int
find_job_of(struct look *k, const struct request *rq, struct err *e)
{
	const struct compare_pair pair = { k->view.older->id, k->view.newer->id };
	struct job *job = NULL;
	int64_t id;

	if (compare_newest_job(&id, rq->db, &pair, e) != 0 || find_maker(&job, rq, id, e) != 0)
		return -1;
	if (job == NULL) {
		job = arena_alloc(rq->arena, sizeof *job);
		if (ask(&id, rq, &k->view, e) != 0 ||
		    jobs_by_id(job, rq->arena, rq->db, id, e) != 0)
			return -1;
	}
	k->view.job = job;
	return 0;
}

static int
read_changes(struct look *k, const struct request *rq, struct err *e)
{
	struct compare_change *changes;
	size_t count;

	if (compare_read_totals(&k->totals, k->diff, e) != 0 ||
	    compare_changes(&changes, &count, rq->arena, k->diff, &k->at, e) != 0)
		return -1;
	k->view.totals = &k->totals;
	k->view.changes = changes;
	k->view.more = count > ROWS;
	k->view.count = k->view.more ? ROWS : count;
	return 0;
}

static int
look(struct look *k, const struct request *rq, struct err *e)
{
	const char *path;

	memset(k, 0, sizeof *k);
	k->view = (struct compare_view){ .asked = &k->b, .at = &k->at, .now = rq->now };
	read_place(k, rq);
	if (find_backup(&k->b, &k->v, rq, e) != 0 || read_other(k, rq, e) != 0)
		return -1;
	if (k->view.other == NULL)
		return 0;
	put_in_order(&k->view);
	if (k->view.older->state != BACKUP_READY || k->view.newer->state != BACKUP_READY)
		return 0;
	if (read_parts(k, rq, e) != 0 || choose_part(k, request_query(rq, "part"), e) != 0)
		return -1;
	if (k->view.part == NULL)
		return 0;
	path = compare_file(rq->arena, rq->conf->run, k->view.part->older->uuid,
	    k->view.part->newer->uuid);
	if (compare_open(&k->diff, path, e) == 0)
		return read_changes(k, rq, e);
	return e->kind == ERR_NOT_FOUND ? find_job_of(k, rq, e) : -1;
}

static const char *
title(const struct request *rq, const struct compare_view *view)
{
	if (view->other == NULL)
		return arena_printf(rq->arena, "Compare backup b%" PRId64, view->asked->id);
	return arena_printf(rq->arena, "What changed from b%" PRId64 " to b%" PRId64,
	    view->older->id, view->newer->id);
}

int
on_compare_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	CLEANUP_LOOK struct look k = { .diff = NULL };
	const char *id;

	if (look(&k, rq, e) != 0 ||
	    envpage_begin(&p, rq, &k.v, &(struct envpage){ "compare.cs", title(rq, &k.view),
	        "backups", false }, e) != 0)
		return -1;
	id = arena_printf(rq->arena, "b%" PRId64, k.b.id);
	page_crumb(&p, id, arena_printf(rq->arena, "/b/%s", id));
	page_crumb(&p, "Compare", NULL);
	if (k.view.job != NULL && !job_ended(k.view.job->state))
		node_set(p.root, "page.refresh", "3");
	show_compare_page(&p, rq->arena, &k.view);
	return page_send(rp, rq, &p, e);
}

int
on_compare_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	CLEANUP_LOOK struct look k = { .diff = NULL };

	if (look(&k, rq, e) != 0)
		return -1;
	page_begin(&p, rq, "compare_fragment.cs", "");
	show_compare_page(&p, rq->arena, &k.view);
	return page_send(rp, rq, &p, e);
}

int
on_compare_again(struct reply *rp, struct request *rq, struct err *e)
{
	struct look k = { .diff = NULL };
	int64_t job;

	k.view.asked = &k.b;
	if (find_backup(&k.b, &k.v, rq, e) != 0 || read_other(&k, rq, e) != 0)
		return -1;
	if (k.view.other == NULL)
		return err_set(e, ERR_CONFLICT, "there is no other backup to compare it with");
	put_in_order(&k.view);
	if (ask(&job, rq, &k.view, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "/compare?with=b%" PRId64, k.b.id,
	    k.view.other->id);
}
