/* show_compare.h: what changed from one backup to another, in files and in tables. */
#ifndef CGI_PAGE_SHOW_COMPARE_H
#define CGI_PAGE_SHOW_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/job.h"
#include "lib/store/compare.h"

/* A service in both backups, or in one of them alone: then the other is NULL. */
struct compare_part {
	const struct part *older, *newer;
	const struct table_count *before, *after;   /* of a database, by name */
	size_t before_count, after_count;
};
struct compare_view {
	const struct backup *asked;          /* of the address */
	const struct backup *other;          /* NULL: there is none to compare it with */
	const struct backup *older, *newer;  /* the same two by their age */
	const struct backup *candidates;
	size_t candidate_count;
	const struct compare_part *parts;
	size_t part_count;
	const struct compare_part *part;     /* whose files are shown; NULL: both have none */
	const struct job *job;               /* that compares or failed to; NULL: it is here */
	const struct compare_page *at;
	const struct compare_totals *totals;
	const struct compare_change *changes;
	size_t count;
	bool more;                           /* changes behind these */
	int64_t now;
};

/* The service of it, from the newer of the two. */
const struct part *show_compare_part(const struct compare_part *p);
/* Whether it has files. */
bool show_compare_has_files(const struct compare_part *p);
void show_compare_page(struct page *p, struct arena *a, const struct compare_view *view);

#endif
