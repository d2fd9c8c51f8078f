/* show_retention.h: a keep rule as a form, and the list that it judges. */
#ifndef CGI_PAGE_SHOW_RETENTION_H
#define CGI_PAGE_SHOW_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/model/retain_preset.h"
#include "lib/store/retention.h"

/* The fields of the form that hold a number of the rule: their names, and the rule's words. */
struct show_retention_field {
	const char *field, *word;
};
const struct show_retention_field *show_retention_fields(size_t *count);

/* Fill the form from a rule. choice: the radio button that is on; NULL: the one that fits. */
void show_retention_form(struct page *p, struct arena *a, const struct retain_rule *rule,
    const char *choice);
/* The sentences of a rule below a node: words, small_print. */
void show_retention_rule(struct node *n, struct arena *a, const char *text);
/* What would become of one environment's backups, newest first; of many, one line each. */
void show_retention_impact(struct page *p, struct arena *a, const struct retention_impact *impact,
    int64_t now);

#endif
