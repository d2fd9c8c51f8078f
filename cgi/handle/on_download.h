/* on_download.h: downloads and their life, and the files for people who are signed in. */
#ifndef CGI_HANDLE_ON_DOWNLOAD_H
#define CGI_HANDLE_ON_DOWNLOAD_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_download_list(struct reply *rp, struct request *rq,
    struct err *e); /* GET /p/{p}/{e}/downloads */
MUST_USE int on_download_get(struct reply *rp, struct request *rq, struct err *e); /* GET /d/{n} */
MUST_USE int on_download_fragment(struct reply *rp, struct request *rq,
    struct err *e); /* GET /d/{n}/fragment */
MUST_USE int on_download_revoke(struct reply *rp, struct request *rq,
    struct err *e); /* POST /d/{n}/revoke */
MUST_USE int on_download_file(struct reply *rp, struct request *rq,
    struct err *e); /* POST /d/{n}/files/{f} */

#endif
