/* on_backups.c: the list of an environment's backups, and deleting several at once. */
#include "cgi/handle/on_backups.h"

#include <inttypes.h>
#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/schedpage.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_backups.h"
#include "cgi/page/show_csv.h"
#include "lib/model/name.h"
#include "lib/store/backups.h"
#include "lib/store/concerns.h"
#include "lib/store/projects.h"
#include "lib/store/retention.h"

enum { PAGE_ROWS = 50, CSV_ROWS = 1000, DAY_MS = 24 * 3600 * 1000 };

/* The filter as the address has it; a word that is not known filters nothing. */
static void
read_filter(struct backup_filter *f, const struct request *rq)
{
	const char *after = request_query(rq, "after");
	enum backup_kind kind;
	enum backup_state state;

	f->kind = backup_kind_parse(&kind, request_query(rq, "kind")) ? (int)kind : -1;
	f->state = backup_state_parse(&state, request_query(rq, "state")) && state != BACKUP_DELETED
	    ? (int)state
	    : -1;
	f->note = request_query(rq, "q");
	f->limit = PAGE_ROWS + 1;
	if (!name_id_parse(&f->after, NAME_BACKUP, after))
		f->after = 0;
}

/* Environment, services and filter of the address. */
static int
read_list(struct backups_view *view, struct environment *v, struct backup_filter *filter,
    const struct request *rq, struct err *e)
{
	const char *wanted = request_query(rq, "service");
	struct service *services;

	if (find_environment(v, rq, e) != 0 ||
	    services_list(&services, &view->service_count, rq->arena, rq->db, v->id, e) != 0)
		return -1;
	read_filter(filter, rq);
	filter->environment = v->id;
	view->environment = v;
	view->filter = filter;
	view->services = services;
	view->service_slug = "";
	for (size_t i = 0; i < view->service_count; i++) {
		if (strcmp(services[i].slug, wanted) == 0) {
			filter->service = services[i].id;
			view->service_slug = services[i].slug;
		}
	}
	return 0;
}

/* The rows into the page; `view` comes with environment, filter, base and service_slug. */
static int
fill(struct page *p, struct backups_view *view, const struct request *rq, struct err *e)
{
	const struct retention_question q = { .environment = view->environment->id,
		.now = rq->now, .trash_unsaid_ms = rq->conf->trash_ms };
	struct retention *retention;
	struct forecast past;
	struct backup *items;
	size_t count;

	if (backups_list(&items, &count, rq->arena, rq->db, view->filter, e) != 0 ||
	    retention_judge(&retention, rq->arena, rq->db, &q, e) != 0 ||
	    concerns_forecast(&past, rq->db, view->environment->id, e) != 0)
		return -1;
	/* All of them come back into this environment, or are told by it. */
	node_set(p->root, "forecast", forecast_words(rq->arena, &past));
	view->retention = retention;
	view->arena = rq->arena;
	view->more = count > PAGE_ROWS;
	view->items = items;
	view->count = view->more ? PAGE_ROWS : count;
	view->now = rq->now;
	show_backups_list(p, rq->arena, view);
	return 0;
}

/* A word of the address that filters nothing, as it is not known, is told. */
static void
tell_unknown(struct page *p, const struct request *rq, const struct backup_filter *f)
{
	const struct { const char *word, *text; bool known; } words[] = {
		{ "kind", "Unknown kind; showing all.", f->kind >= 0 },
		{ "state", "Unknown status; showing all.", f->state >= 0 },
		{ "service", "Unknown service; showing all.", f->service != 0 },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!words[i].known && *request_query(rq, words[i].word) != '\0')
			node_set(node_add(p->root, "unknown"), "text", words[i].text);
	}
}

int
on_backups_list(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	struct backup_filter filter = { 0 };
	struct backups_view view = { .service_slug = "" };

	if (read_list(&view, &v, &filter, rq, e) != 0)
		return -1;
	view.base = arena_printf(rq->arena, "/p/%s/%s/backups", v.project_slug, v.slug);
	if (envpage_begin(&p, rq, &v, &(struct envpage){ "backups.cs", "Backups",
	        "backups", true }, e) != 0)
		return -1;
	if (node_get(p.root, "env.bad") != NULL)
		node_setf(p.root, "page.mark", "\xe2\x9c\x97 %s",
		    node_get(p.root, "env.state.word"));
	tell_unknown(&p, rq, &filter);
	if (schedpage_next(&p, rq, &v, e) != 0 || fill(&p, &view, rq, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

/* So many rows, from where the filter stands on; each turn gives its memory back. Returns 1 when
 * there may be more of them. */
static int
add_rows(struct reply *rp, const struct request *rq, struct backup_filter *filter,
    const struct retention *retention, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct backup *items;
	size_t count;

	if (backups_list(&items, &count, a, rq->db, filter, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!show_csv_room(rp))
			return 0;
		show_csv_backup(rp, a, &items[i], retention);
		filter->after = items[i].id;
	}
	return count == CSV_ROWS;
}

int
on_backups_csv(struct reply *rp, struct request *rq, struct err *e)
{
	struct environment v;
	struct backup_filter filter = { 0 };
	struct backups_view view;
	struct retention_question q = { .now = rq->now, .trash_unsaid_ms = rq->conf->trash_ms };
	struct retention *retention;
	int more = 1;

	if (read_list(&view, &v, &filter, rq, e) != 0)
		return -1;
	q.environment = v.id;
	if (retention_judge(&retention, rq->arena, rq->db, &q, e) != 0)
		return -1;
	show_csv_begin(rp, arena_printf(rq->arena, "%s-%s-backups", v.project_slug, v.slug),
	    rq->now);
	show_csv_backups_head(rp);
	filter.after = 0;
	filter.limit = CSV_ROWS;
	while (more > 0)
		more = add_rows(rp, rq, &filter, retention, e);
	return more;
}

int
on_backups_of_service(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	struct service s;
	struct backup_filter filter = { 0 };
	struct backups_view view = { .environment = &v, .filter = &filter, .service_slug = "",
		.services = &s, .service_count = 1 };

	if (find_environment(&v, rq, e) != 0 || find_service(&s, rq, &v, e) != 0)
		return -1;
	view.base =
	    arena_printf(rq->arena, "/p/%s/%s/services/%s/backups", v.project_slug, v.slug, s.slug);
	read_filter(&filter, rq);
	filter.environment = v.id;
	filter.service = s.id;
	if (envpage_begin(&p, rq, &v, &(struct envpage){ "service_backups.cs",
	    arena_printf(rq->arena, "Backups of %s", s.name), "services", false }, e) != 0)
		return -1;
	node_set(p.root, "service.name", s.name);
	node_setf(p.root, "service.href", "/p/%s/%s/services/%s", v.project_slug, v.slug, s.slug);
	if (fill(&p, &view, rq, e) != 0)
		return -1;
	return page_send(rp, rq, &p, e);
}

/* The chosen backup, which must be one of this environment. */
static int
chosen(struct backup *ret, const struct request *rq, const struct environment *v, const char *text,
    struct err *e)
{
	int64_t id;

	if (!name_id_parse(&id, NAME_BACKUP, text))
		return err_set(e, ERR_NOT_FOUND, "there is no such backup");
	if (backups_by_id(ret, rq->arena, rq->db, id, e) != 0)
		return -1;
	if (ret->environment != v->id)
		return err_set(e, ERR_NOT_FOUND, "there is no such backup");
	return 0;
}

/* Nothing has been asked yet: list what would go. */
static int
ask(struct reply *rp, struct request *rq, const struct environment *v,
    const struct backup *chosen_ones, size_t count, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct backups_view view = { .environment = v, .now = rq->now };
	size_t deletable = 0;
	int64_t bytes = 0, days;

	if (envpage_begin(&p, rq, v,
	        &(struct envpage){ "backups_delete.cs", "Delete backups", "backups", false },
	        e) != 0)
		return -1;
	page_crumb(&p, "Delete backups", NULL);
	for (size_t i = 0; i < count; i++) {
		struct node *n = node_add(p.root, "backups");

		show_backups_row(n, &chosen_ones[i], &view);
		if (node_get(n, "deletable") != NULL) {
			deletable++;
			bytes += chosen_ones[i].stored_bytes;
		}
	}
	node_setf(p.root, "count", "%zu", deletable);
	node_flag(p.root, "none", deletable == 0);
	node_flag(p.root, "one", deletable == 1);
	page_size(p.root, "bytes", bytes);
	if (retention_trash_ms(&days, rq->db, v->id, rq->conf->trash_ms, e) != 0)
		return -1;
	days /= DAY_MS;
	node_setf(p.root, "days", "%" PRId64 " day%s", days, days == 1 ? "" : "s");
	node_setf(p.root, "base", "/p/%s/%s/backups", v->project_slug, v->slug);
	return page_send(rp, rq, &p, e);
}

/* Asked and answered: into the trash, each with its line in the trail. */
static int
trash_all(struct request *rq, const struct environment *v, const struct backup *items, size_t count,
    struct err *e)
{
	char id[NAME_ID_SIZE];

	for (size_t i = 0; i < count; i++) {
		name_id(id, NAME_BACKUP, items[i].id);
		if (backups_trash(rq->db, items[i].id, e) != 0)
			return -1;
		if (trail_add(rq,
		        &(struct event){ .action = "backup.deleted",
		            .project = v->project,
		            .environment = v->id,
		            .target = id,
		            .detail = items[i].note },
		        e) != 0)
			return -1;
	}
	return 0;
}

int
on_backups_delete(struct reply *rp, struct request *rq, struct err *e)
{
	struct environment v;
	struct backup *items;
	const char **words;
	size_t count;

	if (find_environment(&v, rq, e) != 0)
		return -1;
	count = request_fields(&words, rq, "backup");
	if (count == 0)
		return reply_see_other(rp, "/p/%s/%s/backups?said=none-chosen", v.project_slug,
		    v.slug);
	if (count > PAGE_ROWS)
		return err_set(e, ERR_INPUT, "choose at most %d backups at once", PAGE_ROWS);
	items = arena_array(rq->arena, count, sizeof *items);
	for (size_t i = 0; i < count; i++) {
		if (chosen(&items[i], rq, &v, words[i], e) != 0)
			return -1;
	}
	if (*request_field(rq, "confirm") == '\0')
		return ask(rp, rq, &v, items, count, e);
	if (trash_all(rq, &v, items, count, e) != 0)
		return -1;
	return reply_see_other(rp, "/p/%s/%s/backups?said=deleted", v.project_slug, v.slug);
}
