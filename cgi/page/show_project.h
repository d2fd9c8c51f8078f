/* show_project.h: projects, in lists and one by one. */
#ifndef CGI_PAGE_SHOW_PROJECT_H
#define CGI_PAGE_SHOW_PROJECT_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "cgi/page/show_environment.h"
#include "lib/model/project.h"

/* A project in a list, with those of `all` that are its. */
void show_project_row(struct node *n, struct arena *a, const struct project *project,
    const struct stats_list *all, int64_t now);
void show_project_form(struct page *p, const struct project *project);
/* An environment as a card or a row: label, href, kind, state, reason, good.*. */
void show_project_environment(struct node *n, struct arena *a, const struct stats_row *row,
    int64_t now);

#endif
