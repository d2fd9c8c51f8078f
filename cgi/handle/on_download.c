/* on_download.c: downloads and their life, and the files for people who are signed in. */
#include "cgi/handle/on_download.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_download.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"
#include "lib/util/hash.h"

enum { ROWS = 50 };

int
on_download_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	struct download *items;
	int64_t after;
	size_t count;

	if (!name_id_parse(&after, NAME_DOWNLOAD, request_query(rq, "after")))
		after = 0;
	if (find_environment(&v, rq, e) != 0 ||
	    downloads_list(&items, &count, rq->arena, rq->db, v.id, after, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v,
	        &(struct envpage){ "downloads.cs", "Downloads", "downloads", true }, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		show_download_row(node_add(p.root, "downloads"), &items[i], rq->now);
	node_setf(p.root, "base", "/p/%s/%s", v.project_slug, v.slug);
	if (count == ROWS)
		node_setf(p.root, "pager.older", "/p/%s/%s/downloads?after=%" PRId64,
		    v.project_slug, v.slug, items[count - 1].id);
	if (after != 0)
		node_setf(p.root, "pager.newer", "/p/%s/%s/downloads", v.project_slug, v.slug);
	return page_send(rp, rq, &p, e);
}

/* Everything the download's page and its fragment show. */
static int
gather(struct download_view *view, const struct request *rq, const struct download *d,
    struct err *e)
{
	struct job *job = arena_alloc(rq->arena, sizeof *job);
	struct download_file *files;

	view->download = d;
	view->now = rq->now;
	if (downloads_files(&files, &view->count, rq->arena, rq->db, d->id, e) != 0)
		return -1;
	view->files = files;
	if (d->job == 0)
		return 0;
	if (jobs_by_id(job, rq->arena, rq->db, d->job, e) != 0)
		return -1;
	view->job = job;
	return 0;
}

/* A name for what the fragment would show: it changes when anything in it does. */
static void
etag(char out[HASH_HEX_SIZE + 2], const struct download_view *view)
{
	const struct download *d = view->download;
	const struct job *job = view->job;
	char text[512], hex[HASH_HEX_SIZE];

	snprintf(text, sizeof text,
	    "%" PRId64 "|%d|%d|%" PRId64 "|%.16s|%.200s|%d|%" PRId64 "|%.100s", d->id,
	    (int)d->state, d->expires_at > view->now, d->uses, d->mail_state, d->mail_error,
	    job != NULL ? (int)job->state : -1, job != NULL ? job->bytes_done : 0,
	    job != NULL ? job->phase : "");
	hash_of(hex, text, strlen(text));
	snprintf(out, HASH_HEX_SIZE + 2, "\"%.32s\"", hex);
}

int
on_download_get(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct download d;
	struct environment v;
	struct download_view view = { .download = NULL };

	if (find_download(&d, &v, rq, e) != 0 || gather(&view, rq, &d, e) != 0)
		return -1;
	if (envpage_begin(&p, rq, &v, &(struct envpage){ "download.cs",
	    arena_printf(rq->arena, "Download d%" PRId64, d.id), "downloads", false }, e) != 0)
		return -1;
	page_crumb(&p, arena_printf(rq->arena, "d%" PRId64, d.id), NULL);
	show_download_page(&p, &view);
	return page_send(rp, rq, &p, e);
}

int
on_download_fragment(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct download d;
	struct environment v;
	struct download_view view = { .download = NULL };
	char tag[HASH_HEX_SIZE + 2];

	if (find_download(&d, &v, rq, e) != 0 || gather(&view, rq, &d, e) != 0)
		return -1;
	etag(tag, &view);
	reply_header(rp, "ETag", "%s", tag);
	if (strcmp(rq->none_match, tag) == 0) {
		rp->status = 304;
		return 0;
	}
	page_begin(&p, rq, "download_fragment.cs", "");
	show_download_page(&p, &view);
	return page_send(rp, rq, &p, e);
}

int
on_download_revoke(struct reply *rp, struct request *rq, struct err *e)
{
	struct download d;
	struct environment v;
	char id[NAME_ID_SIZE];

	if (find_download(&d, &v, rq, e) != 0)
		return -1;
	name_id(id, NAME_DOWNLOAD, d.id);
	if (downloads_revoke(rq->db, d.id, e) != 0 ||
	    trail_add(rq, &(struct event){ .action = "download.revoked", .project = v.project,
	    .environment = v.id, .target = id }, e) != 0)
		return -1;
	return reply_see_other(rp, "/d/%s?said=revoked", id);
}

int
on_download_file(struct reply *rp, struct request *rq, struct err *e)
{
	struct download d;
	struct environment v;
	struct download_file *files;
	int64_t wanted;
	size_t count;

	if (find_download(&d, &v, rq, e) != 0 || downloads_allowed(rq->db, v.id, e) != 0 ||
	    downloads_files(&files, &count, rq->arena, rq->db, d.id, e) != 0)
		return -1;
	if (!num_parse(&wanted, rq->args[1] + (*rq->args[1] == 'f'), 1, INT64_MAX))
		return err_set(e, ERR_NOT_FOUND, "there is no such file");
	if (d.state == DOWNLOAD_PREPARING)
		return err_set(e, ERR_CONFLICT, "download d%" PRId64 " is still being prepared",
		    d.id);
	if (d.state != DOWNLOAD_READY || d.expires_at <= rq->now)
		return err_set(e, ERR_GONE,
		    "The files of download d%" PRId64 " are no longer there. "
		    "Prepare it again from its backup.",
		    d.id);
	for (size_t i = 0; i < count; i++) {
		if (files[i].id != wanted)
			continue;
		if (trail_add(rq,
		        &(struct event){ .action = "download.fetched",
		            .project = v.project,
		            .environment = v.id,
		            .target = files[i].name },
		        e) != 0)
			return -1;
		return reply_file(rp, rq, files[i].path, files[i].name, "-");
	}
	return err_set(e, ERR_NOT_FOUND, "there is no such file");
}
