/* on_backup.h: one backup: looking at it, and the small things done to it. */
#ifndef CGI_HANDLE_ON_BACKUP_H
#define CGI_HANDLE_ON_BACKUP_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_backup_get(struct reply *rp, struct request *rq, struct err *e); /* GET /b/{n} */
MUST_USE int on_backup_note(struct reply *rp, struct request *rq,
    struct err *e); /* GET, POST /b/{n}/note */
MUST_USE int on_backup_keep(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/keep: keep=1 or 0 */
MUST_USE int on_backup_keep_for(struct reply *rp, struct request *rq,
    struct err *e); /* GET, POST /b/{n}/keep-for: days */
MUST_USE int on_backup_verify(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/verify */
MUST_USE int on_backup_trust(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/trust: a suspicious one is fine */
MUST_USE int on_backup_delete(struct reply *rp, struct request *rq,
    struct err *e); /* GET asks, POST /b/{n}/delete */
MUST_USE int on_backup_undelete(struct reply *rp, struct request *rq,
    struct err *e); /* POST /b/{n}/undelete */

#endif
