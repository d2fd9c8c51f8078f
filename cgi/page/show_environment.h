/* show_environment.h: how safe an environment is, and the forms of projects and environments. */
#ifndef CGI_PAGE_SHOW_ENVIRONMENT_H
#define CGI_PAGE_SHOW_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/project.h"
#include "lib/store/stats.h"

/* Does it belong into a list of what needs attention: has something gone wrong, or is there no
 * backup at all? */
bool show_environment_attention(const struct stats_row *row);
/* Into n: state, reason, since, next, and of the last good backup good.id, good.href, good.at,
 * good.size, good.verified. */
void show_environment_safety(struct node *n, struct arena *a, const struct stats_row *row,
    int64_t now);
/* The red line when no worker has reported for a minute: worker.silent. */
void show_environment_worker(struct page *p, int64_t seen, int64_t now);

/* An environment in a list: name, label ("shop/live"), href, kind. */
void show_environment_item(struct node *n, const struct environment *v);

/* The form's fields as they stand in `v`; kinds become the choices. */
void show_environment_form(struct page *p, const struct environment *v);

#endif
