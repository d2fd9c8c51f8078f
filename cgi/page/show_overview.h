/* show_overview.h: "am I safe?" on one page. */
#ifndef CGI_PAGE_SHOW_OVERVIEW_H
#define CGI_PAGE_SHOW_OVERVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "cgi/page/show_project.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/store/outbox.h"

struct overview_view {
	const struct environment_view *environments;   /* worst first */
	size_t environment_count;
	const struct job *jobs;                        /* that have not ended */
	size_t job_count;
	const struct storage *storages;
	size_t storage_count;
	const struct event *events;
	size_t event_count;
	int64_t now;
};

void show_overview_page(struct page *p, struct arena *a, const struct overview_view *view);

#endif
