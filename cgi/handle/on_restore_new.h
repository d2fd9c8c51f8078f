/* on_restore_new.h: asking for a restore: what of a backup, and where it shall go. */
#ifndef CGI_HANDLE_ON_RESTORE_NEW_H
#define CGI_HANDLE_ON_RESTORE_NEW_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /b/{backup}/restore, and with step=2 */
MUST_USE int on_restore_new_form(struct reply *rp, struct request *rq, struct err *e);
/* POST /b/{backup}/restore: a draft, and a look at its target */
/* GET /p/{p}/{e}/restore: on to the newest backup that can be restored, or that has ?service=… */
MUST_USE int on_restore_new_latest(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_restore_new_create(struct reply *rp, struct request *rq, struct err *e);
/* POST /b/{backup}/test: into a scratch target, to see that it can be restored */
MUST_USE int on_restore_new_test(struct reply *rp, struct request *rq, struct err *e);

#endif
