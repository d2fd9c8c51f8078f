/* show_overview.h: "am I safe?" on one page. */
#ifndef CGI_PAGE_SHOW_OVERVIEW_H
#define CGI_PAGE_SHOW_OVERVIEW_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/job.h"
#include "lib/model/trend.h"
#include "lib/store/alarms.h"
#include "lib/store/outbox.h"
#include "lib/store/stats.h"

/* What is worse comes first, so no more than these rows are shown. */
enum { OVERVIEW_ROWS = 200, OVERVIEW_ATTENTION = 50 };

struct overview_storage {
	const struct stats_storage *storage;
	const struct trend_point *points;    /* what lay there, of the last 30 days */
	size_t point_count;
};
struct overview_view {
	struct stats_list environments;      /* worst first */
	/* By environment and day, from 30 days ago on. */
	const struct stats_day *days;
	size_t day_count;
	const struct job *jobs;              /* that have not ended */
	size_t job_count;
	const struct overview_storage *storages;
	size_t storage_count;
	const struct event *events;
	size_t event_count;
	const struct alarm *troubles;        /* open alarms that belong to no environment */
	size_t trouble_count;
	int64_t now;
};

void show_overview_page(struct page *p, struct arena *a, const struct overview_view *view);

#endif
