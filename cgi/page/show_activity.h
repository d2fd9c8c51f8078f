/* show_activity.h: the audit trail in words. */
#ifndef CGI_PAGE_SHOW_ACTIVITY_H
#define CGI_PAGE_SHOW_ACTIVITY_H

#include <stdint.h>

#include "cgi/page/page.h"
#include "lib/store/outbox.h"

/* at, actor, words ("asked for a backup"), target with its href where it has a page, detail, from.
 */
void show_activity_row(struct node *n, const struct event *ev, int64_t now);

#endif
