/* show_restore_confirm.h: what a restore will change, before it is decided. */
#ifndef CGI_PAGE_SHOW_RESTORE_CONFIRM_H
#define CGI_PAGE_SHOW_RESTORE_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"

/* One part and its target, and what lies between them. */
struct restore_change {
	const struct restore_part *part;
	const struct table_count *then, *now;   /* by name: in the backup, in the target */
	size_t then_count, now_count;
	bool moved;                   /* the target's settings changed since the look */
};

struct restore_confirm_view {
	const struct restore *restore;
	const struct environment *target;
	const struct restore_change *changes;
	size_t count;
	const struct job *job;        /* the look; NULL when it is not known */
	int64_t expected_ms;          /* 0: not known */
	const char *forecast;         /* by restores and tests in the target; NULL: not known */
	bool needs_rules, may_sign_off, ask_password;
	bool safety, hooks, real_data, consent;
	const char *typed;
	int64_t now;
};

void show_restore_confirm_page(struct page *p, const struct restore_confirm_view *view);

#endif
