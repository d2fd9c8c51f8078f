/* show_restore.h: one restore, and lists of restores. */
#ifndef CGI_PAGE_SHOW_RESTORE_H
#define CGI_PAGE_SHOW_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/store/jobs.h"
#include "lib/store/restores.h"

struct restore_view {
	const struct restore *restore;
	const struct environment *target;
	const struct restore_part *parts;
	size_t count;
	const struct service *beside; /* mode new: the services of what is not in use */
	size_t beside_count;
	const struct job *job;        /* its own, or of its last undo or switch; NULL: none */
	const char *waiting;          /* why that job waits, or NULL */
	const struct job_line *lines;
	size_t line_count;
	enum restore_way way;         /* how it could be undone now */
	bool may_undo;                /* this person */
	int64_t now;
};

void show_restore_page(struct page *p, const struct restore_view *view);
/* Its id, links, state, from and to: in lists and on the pages that ask about it. */
void show_restore_row(struct node *n, const struct restore *r, int64_t now);
/* From which part into which service. */
void show_restore_part(struct node *n, const struct restore_part *part, int64_t now);

#endif
