/* show_metrics.h: how everything stands, in the text format of Prometheus (0.0.4). */
#ifndef CGI_PAGE_SHOW_METRICS_H
#define CGI_PAGE_SHOW_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/store/alarms.h"
#include "lib/store/stats.h"

struct metrics_view {
	struct stats_list environments;
	struct stats_jobs *jobs;
	size_t job_count;
	struct stats_storage *storages;
	size_t storage_count;
	struct alarm *alarms;         /* that are open */
	size_t alarm_count;
	int64_t worker_seen;          /* 0: never */
	int64_t now;
};

/* Appended. Names are slugs and words of ours, so no label needs escaping. Units are seconds and
 * bytes; counters end in _total; nothing has an id as a label. */
void show_metrics(struct buf *out, const struct metrics_view *v);

#endif
