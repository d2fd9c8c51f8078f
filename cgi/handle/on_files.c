/* on_files.c: looking into a backup: its files, folder by folder, and its tables. */
#include "cgi/handle/on_files.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/ticks.h"
#include "cgi/page/show_files.h"
#include "lib/base/num.h"
#include "lib/store/backups.h"
#include "lib/store/listing.h"
#include "lib/store/restores.h"
#include "lib/util/url.h"

enum { ROWS = 100 };

/* The page before its tree. */
struct look {
	struct backup b;
	struct environment v;
	struct files_view view;
	struct listing_page at;
	struct db *list;              /* NULL: it is not here yet */
};

static void
look_release(struct look *k)
{
	db_closep(&k->list);
}
#define CLEANUP_LOOK CLEANUP(look_release)

static void
read_place(struct look *k, const struct request *rq)
{
	k->at = (struct listing_page){ .folder = request_query(rq, "path"),
		.search = request_query(rq, "q"), .limit = ROWS + 1 };
	if (!listing_order_parse(&k->at.order, request_query(rq, "order")))
		k->at.order = LISTING_BY_NAME;
	if (!num_parse(&k->at.after, request_query(rq, "after"), 1, INT64_MAX))
		k->at.after = 0;
}

/* The parts, the part of files that is wanted, and the tables of the databases. */
static int
read_parts(struct look *k, const struct request *rq, struct err *e)
{
	const char *wanted = request_query(rq, "part");
	struct files_database *databases;
	struct part *parts;

	if (backups_parts(&parts, &k->view.part_count, rq->arena, rq->db, k->b.id, e) != 0)
		return -1;
	databases = arena_array(rq->arena, k->view.part_count + 1, sizeof *databases);
	for (size_t i = 0; i < k->view.part_count; i++) {
		struct files_database *d = &databases[k->view.database_count];
		struct table_count *tables;

		if (parts[i].manifest.key[0] != '\0') {
			if (k->view.part == NULL || strcmp(parts[i].service_slug, wanted) == 0)
				k->view.part = &parts[i];
			continue;
		}
		if (restores_part_tables(&tables, &d->count, rq->arena, rq->db, parts[i].id,
		        e) != 0)
			return -1;
		d->part = &parts[i];
		d->tables = tables;
		k->view.database_count++;
	}
	k->view.parts = parts;
	k->view.databases = databases;
	if (*wanted != '\0' && (k->view.part == NULL ||
	                           strcmp(k->view.part->service_slug, wanted) != 0))
		return err_set(e, ERR_NOT_FOUND, "backup b%" PRId64 " has no files of that service",
		    k->b.id);
	return 0;
}

/* Nobody has asked for the list, or it was removed after its week: it is read now. */
static int
ask_for_list(int64_t *job, const struct request *rq, const struct backup *b, struct err *e)
{
	const struct job_request jr = { .environment = b->environment,
		.requested_by = rq->session != NULL ? rq->session->account.id : 0 };

	return listing_request(job, rq->db, &jr, b->id, e);
}

static int
find_reader(struct look *k, const struct request *rq, struct err *e)
{
	struct job *job = NULL;
	int64_t id;

	if (listing_newest_job(&id, rq->db, k->b.id, e) != 0 || find_maker(&job, rq, id, e) != 0)
		return -1;
	if (job == NULL) {
		job = arena_alloc(rq->arena, sizeof *job);
		if (ask_for_list(&id, rq, &k->b, e) != 0 ||
		    jobs_by_id(job, rq->arena, rq->db, id, e) != 0)
			return -1;
	}
	k->view.job = job;
	return 0;
}

static int
read_entries(struct look *k, const struct request *rq, struct err *e)
{
	struct listing_entry *entries;
	size_t count;

	if (listing_entries(&entries, &count, rq->arena, k->list, &k->at, e) != 0)
		return -1;
	k->view.entries = entries;
	k->view.more = count > ROWS;
	k->view.count = k->view.more ? ROWS : count;
	return 0;
}

static int
look(struct look *k, const struct request *rq, struct err *e)
{
	memset(k, 0, sizeof *k);
	k->view = (struct files_view){ .backup = &k->b, .at = &k->at, .now = rq->now };
	read_place(k, rq);
	if (find_backup(&k->b, &k->v, rq, e) != 0 || read_parts(k, rq, e) != 0)
		return -1;
	if (k->b.state != BACKUP_READY)
		k->view.part = NULL;
	if (k->view.part == NULL)
		return 0;
	if (listing_open(&k->list, listing_file(rq->arena, rq->conf->run, k->view.part->uuid),
	        e) == 0)
		return read_entries(k, rq, e);
	return e->kind == ERR_NOT_FOUND ? find_reader(k, rq, e) : -1;
}

static int
begin(struct page *p, const struct request *rq, const struct look *k, struct err *e)
{
	const char *id = arena_printf(rq->arena, "b%" PRId64, k->b.id);

	if (envpage_begin(p, rq, &k->v, &(struct envpage){ "files.cs",
	        arena_printf(rq->arena, "Files of backup %s", id), "backups", false }, e) != 0)
		return -1;
	page_crumb(p, id, arena_printf(rq->arena, "/b/%s", id));
	page_crumb(p, "Files", NULL);
	if (k->view.job != NULL && !job_ended(k->view.job->state))
		node_set(p->root, "page.refresh", "3");
	show_files_page(p, rq->arena, &k->view);
	return 0;
}

int
on_files_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	CLEANUP_LOOK struct look k = { .list = NULL };

	if (look(&k, rq, e) != 0 || begin(&p, rq, &k, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

int
on_files_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	CLEANUP_LOOK struct look k = { .list = NULL };

	if (look(&k, rq, e) != 0)
		return -1;
	page_begin(&p, rq, "files_fragment.cs", "");
	show_files_page(&p, rq->arena, &k.view);
	return page_send(rp, rq, &p, e);
}

int
on_files_read(struct reply *rp, struct request *rq, struct err *e)
{
	struct backup b;
	struct environment v;
	int64_t job;

	if (find_backup(&b, &v, rq, e) != 0 || ask_for_list(&job, rq, &b, e) != 0)
		return -1;
	return reply_see_other(rp, "/b/b%" PRId64 "/files", b.id);
}

int
on_files_restore(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	CLEANUP_LOOK struct look k = { .list = NULL };
	struct ticks t;

	if (look(&k, rq, e) != 0)
		return -1;
	if (k.list == NULL)
		return reply_see_other(rp, "/b/b%" PRId64 "/files", k.b.id);
	if (ticks_read(&t, rq, k.list, &rq->query, e) != 0)
		return -1;
	if (t.count > 0)
		return reply_see_other(rp,
		    "/b/b%" PRId64 "/restore?part=%" PRId64 "&only-%" PRId64 "=1&choice-%" PRId64
		    "=%s", k.b.id, k.view.part->id, k.view.part->id, k.view.part->id,
		    url_encode(rq->arena, t.paths));
	if (begin(&p, rq, &k, e) != 0)
		return -1;
	page_errors(&p, rp, &(struct field_error){ "entries",
	    "Tick the files and folders that are to come back" }, 1);
	return page_send(rp, rq, &p, e);
}
