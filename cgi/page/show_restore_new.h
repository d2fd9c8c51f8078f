/* show_restore_new.h: asking for a restore: what, and where. */
#ifndef CGI_PAGE_SHOW_RESTORE_NEW_H
#define CGI_PAGE_SHOW_RESTORE_NEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"

/* One part of the backup, as the form has it. */
struct restore_pick {
	const struct part *part;
	const struct table_count *tables;   /* what it holds; databases */
	size_t table_count;
	bool on, only;                /* chosen; and of it only what `choice` names */
	const char *choice;
	int64_t service;              /* where it goes, 0: not said */
	const char *choice_error, *service_error;   /* NULL when right */
};

/* The steps What and Where. */
struct restore_new_view {
	const struct backup *backup;
	const struct environment *source;   /* the backup's */
	const struct restore_pick *picks;
	size_t count;
	const struct environment *places;
	size_t place_count;
	const struct environment *target;   /* NULL until one is chosen */
	const struct service *services;     /* of the target */
	size_t service_count;
	const char *place;            /* "same", "other" or "" */
	enum restore_mode mode;
	bool owners, may_live;
	int64_t now;
};

void show_restore_new_what(struct page *p, const struct restore_new_view *view);
void show_restore_new_where(struct page *p, const struct restore_new_view *view, struct arena *a);
/* Whether a part fits into a service: NULL, or why it does not. */
const char *show_restore_new_misfit(struct arena *a, const struct part *part,
    const struct service *service);

#endif
