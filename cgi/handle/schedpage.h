/* schedpage.h: where a schedule is set, and what pages about schedules begin with. */
#ifndef CGI_HANDLE_SCHEDPAGE_H
#define CGI_HANDLE_SCHEDPAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/schedule.h"
#include "lib/store/schedules.h"

/* An environment, a project, or the instance. */
struct spot {
	struct schedule_place at;
	struct environment v;         /* of an environment */
	struct project project;       /* of a project */
	const char *base;             /* "/p/shop/live", "/p/shop/-", "" */
	const char *place;            /* "shop/live", "shop", "all projects" */
	int64_t in_project, in_environment;   /* for the trail */
};
MUST_USE int schedpage_environment(struct spot *ret, const struct request *rq, struct err *e);
MUST_USE int schedpage_project(struct spot *ret, const struct request *rq, struct err *e);
void schedpage_instance(struct spot *ret);
/* /s/{schedule}, with where it is set. */
MUST_USE int schedpage_find(struct schedule *ret, struct spot *at, const struct request *rq,
    struct err *e);

/* Begin a page of that place; `crumb` is the last one, NULL on its list itself. */
struct schedpage {
	const char *template, *title, *crumb;
};
MUST_USE int schedpage_begin(struct page *p, const struct request *rq, const struct spot *at,
    const struct schedpage *f, struct err *e);

/* What the list of backups says of schedules: sched.next (a moment) and sched.by (the schedule);
 * sched.none; sched.off.at, .by, .inherited and .href when all are off (where to turn on);
 * sched.href, the page. */
MUST_USE int schedpage_next(struct page *p, const struct request *rq, const struct environment *v,
    struct err *e);

#endif
