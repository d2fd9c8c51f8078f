/* show_copies.h: where a backup lies, and where it could be copied to. */
#ifndef CGI_PAGE_SHOW_COPIES_H
#define CGI_PAGE_SHOW_COPIES_H

#include "cgi/page/page.h"
#include "cgi/page/show_backup.h"

/* places: name, href, state, first, verified, size, error, job, and what can be done with each;
 * nothing while it has one place and there is no other storage. others: where it is not. */
void show_copies(struct page *p, const struct backup_view *view);

#endif
