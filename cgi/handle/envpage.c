/* envpage.c: what every page about an environment begins with. */
#include "cgi/handle/envpage.h"

#include <inttypes.h>

#include "lib/store/downloads.h"
#include "lib/store/freezes.h"
#include "lib/store/settings.h"

int
envpage_safety(struct stats_row *ret, const struct request *rq, const struct environment *v,
    struct err *e)
{
	const struct stats_query q = { .environment = v->id, .now = rq->now };
	struct stats_list found;

	if (stats_environments(&found, rq->arena, rq->db, &q, e) != 0)
		return -1;
	if (found.count == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such environment");
	*ret = found.rows[0];
	return 0;
}

int
envpage_environments(struct stats_list *ret, const struct request *rq, int64_t project,
    struct err *e)
{
	const struct stats_query q = { .project = project, .now = rq->now };

	return stats_environments(ret, rq->arena, rq->db, &q, e);
}

int
envpage_worker(struct page *p, const struct request *rq, struct err *e)
{
	int64_t seen;

	if (settings_worker_seen(&seen, rq->db, e) != 0)
		return -1;
	show_environment_worker(p, seen, rq->now);
	return 0;
}

/* An application that may stand still because its thaw fails: nothing else matters as much. */
static int
held(struct page *p, const struct request *rq, const struct environment *v, struct err *e)
{
	struct freeze_row row;

	if (freezes_of(&row, rq->arena, rq->db, v->id, e) != 0)
		return -1;
	if (row.at == 0 || row.tries == 0)
		return 0;
	node_setf(p->root, "held.word", "%s/%s may still be paused: letting it go has failed %"
	    PRId64 " %s and is tried again.", v->project_slug, v->slug, row.tries,
	    row.tries == 1 ? "time" : "times");
	node_set(p->root, "held.error", row.error);
	return 0;
}

/* Where a policy forbids downloads no button offers one. */
static int
withhold(struct page *p, const struct request *rq, const struct environment *v, struct err *e)
{
	struct err why;

	if (downloads_allowed(rq->db, v->id, &why) == 0)
		return 0;
	if (why.kind != ERR_DENIED) {
		*e = why;
		return -1;
	}
	node_set(p->root, "page.may.download", "");
	return 0;
}

int
envpage_begin(struct page *p, const struct request *rq, const struct environment *v,
    const struct envpage *f, struct err *e)
{
	struct stats_row s;

	if (envpage_safety(&s, rq, v, e) != 0)
		return -1;
	page_begin(p, rq, f->template, f->title);
	page_environment(p, rq, v, f->tab);
	if (f->placed)
		node_setf(p->root, "page.place", "%s/%s", v->project_slug, v->slug);
	show_environment_item(node_at(p->root, "env"), v);
	show_environment_safety(node_at(p->root, "env"), rq->arena, &s, rq->now);
	if (held(p, rq, v, e) != 0 || withhold(p, rq, v, e) != 0)
		return -1;
	return envpage_worker(p, rq, e);
}
