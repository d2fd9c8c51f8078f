/* on_download_new.c: asking for files to be prepared for download. */
#include "cgi/handle/on_download_new.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/ticks.h"
#include "cgi/handle/trail.h"
#include "cgi/page/complaints.h"
#include "cgi/page/show_backup.h"
#include "cgi/page/show_download.h"
#include "lib/base/num.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/downloads.h"
#include "lib/store/jobs.h"

enum { USES_MAX = 20, HOURS_MAX = 168, HOUR_MS = 3600 * 1000 };

/* One post of the form "prepare download", with what is wrong in it. */
struct form {
	struct backup b;
	struct environment v;
	struct download_form f;
	int64_t *parts;               /* ids of the chosen ones */
	size_t chosen;
	const struct part *part;      /* of which only `ticks` are wanted; NULL: all is whole */
	struct ticks ticks;
	struct complaints wrong;
};

/* Files that were ticked on the page of them; `part` says whose they are. */
static int
read_ticks(struct form *form, const struct request *rq, struct err *e)
{
	bool sent = rq->method == METHOD_POST;
	const char *slug = sent ? request_field(rq, "part") : request_query(rq, "part");
	const char *entry = sent ? request_field(rq, "entry") : request_query(rq, "entry");

	if (*entry == '\0')
		return 0;
	for (size_t i = 0; i < form->f.count; i++)
		if (strcmp(form->f.parts[i].service_slug, slug) == 0)
			form->part = &form->f.parts[i];
	if (form->part == NULL)
		return err_set(e, ERR_NOT_FOUND, "backup b%" PRId64 " has no files of that service",
		    form->b.id);
	if (ticks_read_part(&form->ticks, rq, form->part, sent ? &rq->form : &rq->query, e) != 0)
		return -1;
	form->f.part = form->part;
	form->f.entries = form->ticks.entries;
	form->f.entry_count = form->ticks.count;
	return 0;
}

/* Which parts are ticked: in a new form all of them, or the one whose files were ticked. */
static void
read_parts(struct form *form, struct request *rq)
{
	const struct part *parts = form->f.parts;
	size_t count = form->f.count;
	bool *on = arena_array(rq->arena, count + 1, sizeof *on);
	bool sent = rq->method == METHOD_POST;
	const char **words = NULL;
	size_t word_count = sent ? request_fields(&words, rq, "parts") : 0;

	form->parts = arena_array(rq->arena, count + 1, sizeof *form->parts);
	for (size_t i = 0; i < count; i++) {
		on[i] = !sent && (form->part == NULL || form->part == &parts[i]);
		/* People and scripts may name the service, forms name the part. */
		for (size_t w = 0; w < word_count; w++) {
			int64_t id;

			if (strcmp(words[w], parts[i].service_slug) == 0 ||
			    (num_parse(&id, words[w], 1, INT64_MAX) && id == parts[i].id))
				on[i] = true;
		}
		if (on[i])
			form->parts[form->chosen++] = parts[i].id;
	}
	form->f.on = on;
}

static void
read_options(struct form *form, const struct request *rq)
{
	const char *format = request_field(rq, "format"), *valid = request_field(rq, "valid"),
	    *uses = request_field(rq, "uses");
	int64_t hours;

	form->f.format = FORMAT_TAR_ZST;
	form->f.valid_ms = rq->conf->download_valid_ms;
	form->f.max_uses = rq->conf->download_uses;
	if (*format != '\0' && !download_format_parse(&form->f.format, format))
		complaints_add(&form->wrong, "format", "Choose one of the formats in the list");
	if (*valid != '\0') {
		if (num_parse(&hours, valid, 1, HOURS_MAX))
			form->f.valid_ms = hours * HOUR_MS;
		else
			complaints_add(&form->wrong, "valid",
			    "The links are valid for 1 hour to 7 days");
	}
	if (*uses != '\0' && !num_parse(&form->f.max_uses, uses, 1, USES_MAX))
		complaints_add(&form->wrong, "uses", "Allow 1 to 20 downloads");
}

static int
read_form(struct form *form, struct request *rq, struct err *e)
{
	struct part *parts;
	size_t count;

	memset(form, 0, sizeof *form);
	if (find_backup(&form->b, &form->v, rq, e) != 0 ||
	    downloads_allowed(rq->db, form->v.id, e) != 0)
		return -1;
	if (form->b.state == BACKUP_BUILDING)
		return err_set(e, ERR_CONFLICT, "backup b%" PRId64 " is still being created",
		    form->b.id);
	if (form->b.state != BACKUP_READY)
		return err_set(e, ERR_CONFLICT,
		    "backup b%" PRId64 " is %s, so nothing of it can be downloaded", form->b.id,
		    form->b.state == BACKUP_TRASHED ? "in the trash"
		                                    : backup_state_name(form->b.state));
	if (backup_is_lost(&form->b))
		return err_set(e, ERR_CONFLICT, "the stored bytes of backup b%" PRId64 " are %s, so"
		    " nothing of it can be downloaded", form->b.id,
		    form->b.health == HEALTH_DAMAGED ? "damaged" : "missing");
	if (backups_parts(&parts, &count, rq->arena, rq->db, form->b.id, e) != 0)
		return -1;
	form->f.backup = &form->b;
	form->f.email = rq->session != NULL ? rq->session->account.email : "";
	form->f.parts = parts;
	form->f.count = count;
	if (read_ticks(form, rq, e) != 0)
		return -1;
	read_parts(form, rq);
	read_options(form, rq);
	if (form->chosen == 0)
		complaints_add(&form->wrong, "parts", "Choose at least one thing to download");
	return 0;
}

static int
send_form(struct reply *rp, const struct request *rq, const struct form *form, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	const struct environment *v = &form->v;

	if (envpage_begin(&p, rq, v,
	        &(struct envpage){ "download_new.cs",
	            arena_printf(rq->arena, "Prepare a download of b%" PRId64, form->b.id),
	            "downloads", false },
	        e) != 0)
		return -1;
	page_crumb(&p, arena_printf(rq->arena, "b%" PRId64, form->b.id),
	    arena_printf(rq->arena, "/b/b%" PRId64, form->b.id));
	page_crumb(&p, "Prepare download", NULL);
	show_backup_short(node_at(p.root, "backup"), &form->b, rq->now);
	show_download_form(&p, &form->f, rq->now);
	if (form->wrong.count > 0)
		page_errors(&p, rp, form->wrong.items, form->wrong.count);
	return page_send(rp, rq, &p, e);
}

/* Its list was removed meanwhile: it is read again, and the ticks are to be set again. */
static int
back_to_files(struct reply *rp, const struct form *form)
{
	return reply_see_other(rp, "/b/b%" PRId64 "/files?part=%s", form->b.id,
	    form->part->service_slug);
}

int
on_download_new_form(struct reply *rp, struct request *rq, struct err *e)
{
	struct form form;

	if (read_form(&form, rq, e) != 0)
		return -1;
	if (form.part != NULL && form.ticks.count == 0)
		return back_to_files(rp, &form);
	return send_form(rp, rq, &form, e);
}

/* Is anything of it wanted at all? */
static bool
is_chosen(const struct form *form)
{
	for (size_t i = 0; form->part != NULL && i < form->chosen; i++)
		if (form->parts[i] == form->part->id)
			return true;
	return false;
}

/* Ask for it; the files that are ready already only need a mail with a fresh link. */
static int
request_download(struct download_ids *ids, const struct request *rq, const struct form *form,
    struct err *e)
{
	const struct download_choice choice = { form->part != NULL ? form->part->id : 0,
		form->ticks.paths, form->ticks.file_name };
	struct download_request dr = {
		.job = { .environment = form->v.id,
		    .key = find_key(rq),
		    .mail_when_done = true,
		    .requested_by = rq->session != NULL ? rq->session->account.id : 0 },
		.backup = form->b.id,
		.parts = form->parts,
		.part_count = form->chosen,
		.format = form->f.format,
		.valid_ms = form->f.valid_ms,
		.max_uses = form->f.max_uses,
		.choice = is_chosen(form) ? &choice : NULL,
	};
	char id[NAME_ID_SIZE];

	if (downloads_request(ids, rq->db, &dr, e) != 0)
		return -1;
	if (ids->job == 0 &&
	    downloads_mail_again(&ids->job, rq->db, &dr.job, ids->download, e) != 0)
		return -1;
	name_id(id, NAME_DOWNLOAD, ids->download);
	return trail_add(rq,
	    &(struct event){ .action = ids->reused ? "download.mailed" : "download.requested",
	        .project = form->v.project,
	        .environment = form->v.id,
	        .target = id,
	        .detail = form->f.email },
	    e);
}

int
on_download_new_create(struct reply *rp, struct request *rq, struct err *e)
{
	struct form form;
	struct download_ids ids;
	struct job earlier;
	int64_t job;

	if (read_form(&form, rq, e) != 0 || find_earlier(&job, rq, e) != 0)
		return -1;
	if (job != 0) {
		if (jobs_by_id(&earlier, rq->arena, rq->db, job, e) != 0)
			return -1;
		return reply_see_other(rp, "/d/d%" PRId64, earlier.download);
	}
	if (form.part != NULL && form.ticks.count == 0)
		return back_to_files(rp, &form);
	if (form.wrong.count > 0)
		return send_form(rp, rq, &form, e);
	if (request_download(&ids, rq, &form, e) != 0)
		return -1;
	return reply_see_other(rp, "/d/d%" PRId64 "%s", ids.download,
	    ids.reused ? "?said=mailed" : "");
}
