/* show_job.h: one job with its progress, and lists of jobs. */
#ifndef CGI_PAGE_SHOW_JOB_H
#define CGI_PAGE_SHOW_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/jobs.h"
#include "lib/store/outbox.h"

struct job_view {
	const struct job *job;
	const char *waiting; /* why it waits; "" when it is next, or does not wait */
	const struct restore *restore;       /* that it works on; else NULL */
	const struct service *service;       /* of a check: its result; else NULL */
	const struct outbox_mail *mail;      /* the newest about it; NULL when none */
	const struct job_line *lines;
	size_t line_count;
	int64_t now;
};

void show_job_page(struct page *p, const struct job_view *view);
/* One job in a list. */
void show_job_row(struct node *n, const struct job *job, const char *waiting, int64_t now);
/* Phase, percent, bytes, speed and time left into n.progress; nothing for a job that does not run.
 */
void show_job_progress(struct node *n, const struct job *job, int64_t now);

#endif
