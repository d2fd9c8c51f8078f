/* on_backup_new.h: asking for a backup. */
#ifndef CGI_HANDLE_ON_BACKUP_NEW_H
#define CGI_HANDLE_ON_BACKUP_NEW_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET and POST /p/{p}/{e}/backups/new */
MUST_USE int on_backup_new_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_backup_new_create(struct reply *rp, struct request *rq, struct err *e);

#endif
