/* on_files.h: looking into a backup: its files, folder by folder, and its tables. */
#ifndef CGI_HANDLE_ON_FILES_H
#define CGI_HANDLE_ON_FILES_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_files_get(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_files_fragment(struct reply *rp, struct request *rq, struct err *e);
/* Read the lists again after that failed. */
MUST_USE int on_files_read(struct reply *rp, struct request *rq, struct err *e);
/* What was ticked, as the first step of a restore. */
MUST_USE int on_files_restore(struct reply *rp, struct request *rq, struct err *e);

#endif
