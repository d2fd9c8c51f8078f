/* restorepage.h: what every page about a restore begins with. */
#ifndef CGI_HANDLE_RESTOREPAGE_H
#define CGI_HANDLE_RESTOREPAGE_H

#include "cgi/handle/envpage.h"
#include "cgi/http/request.h"
#include "cgi/page/show_restore.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Everything the restore's page and its fragment show. */
MUST_USE int restorepage_gather(struct restore_view *view, const struct request *rq,
    const struct restore *r, const struct environment *v, struct err *e);
/* Begin a page about a restore; `act` is its last crumb, NULL for the page itself. */
MUST_USE int restorepage_begin(struct page *p, const struct request *rq,
    const struct restore_view *view, const struct envpage *f, const char *act, struct err *e);

#endif
