/* on_badge.c: the badge of an environment, and its address. */
#include "cgi/handle/on_badge.h"

#include <string.h>

#include "cgi/handle/envpage.h"
#include "cgi/handle/find.h"
#include "cgi/handle/trail.h"
#include "cgi/page/show_badge.h"
#include "lib/store/badges.h"

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

int
on_badge(struct reply *rp, struct request *rq, struct err *e)
{
	struct stats_query q = { .now = rq->now };
	struct stats_list found;
	const char *file = rq->args[0];
	bool svg = ends_with(file, ".svg");

	if (!svg && !ends_with(file, ".json"))
		return err_set(e, ERR_NOT_FOUND, "there is no such badge");
	if (rq->db == NULL)
		return err_set(e, ERR_BUSY, "The catalogue cannot be opened now.");
	if (badges_find(&q.environment, rq->db,
	        arena_dupn(rq->arena, file, strlen(file) - strlen(svg ? ".svg" : ".json")),
	        e) != 0 ||
	    stats_environments(&found, rq->arena, rq->db, &q, e) != 0)
		return -1;
	if (found.count == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such badge");
	/* Shown by other sites, and asked for by each of their visitors. */
	reply_header(rp, "Cache-Control", "public, max-age=60");
	reply_header(rp, "Cross-Origin-Resource-Policy", "cross-origin");
	if (svg) {
		rp->content_type = "image/svg+xml";
		show_badge_svg(&rp->body, &found.rows[0], rq->now);
	} else {
		rp->content_type = "application/json";
		show_badge_json(&rp->body, &found.rows[0], rq->now);
	}
	return 0;
}

int
on_badge_form(struct reply *rp, struct request *rq, struct err *e)
{
	CLEANUP_PAGE struct page p = { 0 };
	struct environment v;
	char *code;

	if (find_environment(&v, rq, e) != 0 ||
	    badges_code(&code, rq->arena, rq->db, v.id, e) != 0 ||
	    envpage_begin(&p, rq, &v,
	        &(struct envpage){ "badge.cs", "Badge", "settings", true }, e) != 0)
		return -1;
	page_crumb(&p, "Badge", NULL);
	if (*code != '\0') {
		node_setf(p.root, "badge.src", "/badge/%s.svg", code);
		node_setf(p.root, "badge.svg", "%s/badge/%s.svg", rq->conf->public_url, code);
		node_setf(p.root, "badge.json", "%s/badge/%s.json", rq->conf->public_url, code);
	}
	return page_send(rp, rq, &p, e);
}

int
on_badge_save(struct reply *rp, struct request *rq, struct err *e)
{
	struct environment v;
	bool remove;

	if (find_environment(&v, rq, e) != 0)
		return -1;
	remove = strcmp(request_field(rq, "act"), "remove") == 0;
	if ((remove ? badges_remove(rq->db, v.id, e) : badges_make(rq->db, v.id, e)) != 0)
		return -1;
	/* The code is a kind of password: the trail does not hold it. */
	if (trail_add(rq, &(struct event){
	        .action = remove ? "environment.badge_removed" : "environment.badge_made",
	        .project = v.project, .environment = v.id, .target = v.slug, .detail = "" },
	        e) != 0)
		return -1;
	return reply_see_other(rp, "/p/%s/%s/badge?said=badge-%s", v.project_slug, v.slug,
	    remove ? "removed" : "made");
}
