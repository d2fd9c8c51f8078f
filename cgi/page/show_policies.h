/* show_policies.h: policies in words: their titles, their values, where these come from. */
#ifndef CGI_PAGE_SHOW_POLICIES_H
#define CGI_PAGE_SHOW_POLICIES_H

#include "cgi/page/page.h"
#include "lib/model/project.h"
#include "lib/store/policies.h"
#include "lib/store/trash_change.h"

/* One policy of a level. */
struct policies_view {
	enum policy_key key;
	struct policy_pair pair;
	const char *origin;           /* of the inherited value: "project shop" */
	const char *typed, *wrong;    /* what was sent and what is wrong with it; or NULL */
	/* What the days of the trash take for good, when they were looked at; else NULL. */
	const struct trash_impact *impact;
	bool inherit;                 /* it is of what is inherited, not of what was typed */
	const struct storage *storages;
	size_t storage_count;
};
void show_policies_row(struct node *n, struct arena *a, const struct policies_view *view);

#endif
