/* envpage.h: what every page about an environment begins with. */
#ifndef CGI_HANDLE_ENVPAGE_H
#define CGI_HANDLE_ENVPAGE_H

#include <stdbool.h>

#include "cgi/page/page.h"
#include "cgi/page/show_environment.h"
#include "cgi/page/show_project.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

struct envpage {
	const char *template, *title;
	const char *tab;              /* as page_environment() has them */
	bool placed;                  /* the heading is "Backups of shop/live" */
};

/* Begin the page: crumbs, head line, tabs, and the red line of a silent worker. */
MUST_USE int envpage_begin(struct page *p, const struct request *rq, const struct environment *v,
    const struct envpage *f, struct err *e);
/* How safe the environment is. */
MUST_USE int envpage_safety(struct stats_row *ret, const struct request *rq,
    const struct environment *v, struct err *e);
/* The environments of one project, or of all when project is 0, with how safe each is. */
MUST_USE int envpage_environments(struct stats_list *ret, const struct request *rq,
    int64_t project, struct err *e);
/* The red line when no worker has reported for a minute. */
MUST_USE int envpage_worker(struct page *p, const struct request *rq, struct err *e);

#endif
