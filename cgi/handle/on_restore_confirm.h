/* on_restore_confirm.h: looking at what a restore will change, and deciding. */
#ifndef CGI_HANDLE_ON_RESTORE_CONFIRM_H
#define CGI_HANDLE_ON_RESTORE_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "cgi/page/page.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/restore.h"

/* GET and POST /r/{restore}/confirm */
MUST_USE int on_restore_confirm_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_confirm(struct reply *rp, struct request *rq, struct err *e);
/* POST /r/{restore}/look */
MUST_USE int on_restore_confirm_look(struct reply *rp, struct request *rq, struct err *e);

/* The changes of a draft into a page, as they are first shown: for its fragment, too. */
MUST_USE int on_restore_confirm_fill(struct page *p, struct request *rq, const struct restore *r,
    const struct environment *v, struct err *e);
/* The name typed and, where the sign-in is old, the password. 0: both are right. 1: *wrong says
 * what is not, and the reply has its status. -1. */
MUST_USE int on_restore_confirm_hands(struct field_error *wrong, struct reply *rp,
    struct request *rq, const struct environment *v, struct err *e);

#endif
