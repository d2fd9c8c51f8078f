/* on_badge.h: the badge of an environment, and its address. */
#ifndef CGI_HANDLE_ON_BADGE_H
#define CGI_HANDLE_ON_BADGE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /badge/{code}.svg and .json: for everybody who knows the code */
MUST_USE int on_badge(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /p/{p}/{e}/badge: make the address, make another one, remove it */
MUST_USE int on_badge_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_badge_save(struct reply *rp, struct request *rq, struct err *e);

#endif
