/* show_backup_new.h: the form that asks for a backup. */
#ifndef CGI_PAGE_SHOW_BACKUP_NEW_H
#define CGI_PAGE_SHOW_BACKUP_NEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/store/freezes.h"

struct backup_choice {
	const struct service *service;
	bool on;
	int64_t raw_bytes, stored_bytes;   /* of its last good backup; 0 when there is none */
};

struct backup_new_view {
	const struct environment *environment;
	const struct backup_choice *choices;
	size_t count;
	const char *note, *keep_days;
	bool mail, anew;
	const struct job
	    *busy; /* a backup of this environment that has not ended; NULL when none */
	const char *email;                 /* where the mail goes */
	enum backup_mode mode;
	int64_t usual_ms;                  /* how long the last one was held; 0: none was */
	struct freeze_window window;
	int64_t now;
	bool anyway;                       /* outside the window as well */
};

void show_backup_new_form(struct page *p, const struct backup_new_view *view);

#endif
