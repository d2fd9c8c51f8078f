/* show_help.h: the help pages. */
#ifndef CGI_PAGE_SHOW_HELP_H
#define CGI_PAGE_SHOW_HELP_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* The list of topics (topic NULL) or one of them; ERR_NOT_FOUND for an unknown one. */
MUST_USE int show_help(struct reply *rp, const struct request *rq, const char *topic,
    struct err *e);

#endif
