/* show_backups.h: the list of an environment's backups, and what is asked before many of them are
 * deleted. */
#ifndef CGI_PAGE_SHOW_BACKUPS_H
#define CGI_PAGE_SHOW_BACKUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/store/backups.h"
#include "lib/store/retention.h"

struct backups_view {
	const struct environment *environment;
	const struct backup *items;
	size_t count;
	const struct service *services;      /* of the environment: for the filter and the icons */
	size_t service_count;
	const struct backup_filter *filter;
	const char *service_slug;            /* "" for any */
	const char *base;                    /* path of this list */
	const struct retention *retention;   /* NULL: nothing is said of how long they stay */
	struct arena *arena;                 /* for its words */
	bool more;                           /* there are older ones */
	int64_t now;
};

void show_backups_list(struct page *p, struct arena *a, const struct backups_view *view);
/* One backup as a row of any list. */
void show_backups_row(struct node *n, const struct backup *b, const struct backups_view *view);

#endif
