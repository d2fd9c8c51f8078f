/* on_link.h: the public pages behind the links in mails. No sign-in, no cookie: the token is the
 * key. */
#ifndef CGI_HANDLE_ON_LINK_H
#define CGI_HANDLE_ON_LINK_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /dl/{token} and /dl/{token}/{file}: the page, which spends nothing */
MUST_USE int on_link_page(struct reply *rp, struct request *rq, struct err *e);
/* POST /dl/{token}/{file}: the bytes */
MUST_USE int on_link_file(struct reply *rp, struct request *rq, struct err *e);

#endif
