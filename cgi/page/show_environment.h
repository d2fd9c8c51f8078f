/* show_environment.h: how safe an environment is, and the forms of projects and environments. */
#ifndef CGI_PAGE_SHOW_ENVIRONMENT_H
#define CGI_PAGE_SHOW_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/backup.h"
#include "lib/model/project.h"

/* Worst first: lists are sorted by it. */
enum safety_state { SAFETY_NONE, SAFETY_FAILED, SAFETY_DAMAGED, SAFETY_UNSCHEDULED, SAFETY_PAUSED };

struct safety {
	enum safety_state state;
	bool has_good, has_ended;
	/* Without a good backup: is there anything to back up, and is the first one on its way? */
	bool no_services;
	int64_t coming;               /* a backup that is queued or running; 0: none */
	struct backup good;           /* the newest good backup */
	struct backup ended;          /* the newest that ended, well or not */
};

/* Has it lost, or never got, its backups by a failure? Merely waiting for a first one is less. */
bool show_environment_at_risk(const struct safety *s);
/* Into n: state, reason, and of the last good backup good.id, good.href, good.at, good.size. */
void show_environment_safety(struct node *n, const struct safety *s, int64_t now);
/* The red line when no worker has reported for a minute: worker.silent. */
void show_environment_worker(struct page *p, int64_t seen, int64_t now);

/* An environment in a list: name, label ("shop/live"), href, kind. */
void show_environment_item(struct node *n, const struct environment *v);

/* The form's fields as they stand in `v`; kinds become the choices. */
void show_environment_form(struct page *p, const struct environment *v);

#endif
