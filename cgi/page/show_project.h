/* show_project.h: projects, in lists and one by one. */
#ifndef CGI_PAGE_SHOW_PROJECT_H
#define CGI_PAGE_SHOW_PROJECT_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "cgi/page/show_environment.h"
#include "lib/model/project.h"

/* One environment with how safe it is. */
struct environment_view {
	const struct environment *environment;
	struct safety safety;
};

/* A project in a list, with those of `all` that are its. */
void show_project_row(struct node *n, const struct project *project,
    const struct environment_view *all, size_t count, int64_t now);
void show_project_form(struct page *p, const struct project *project);
/* An environment as a card or a row: label, href, kind, state, reason, good.*. */
void show_project_environment(struct node *n, const struct environment_view *view, int64_t now);

#endif
