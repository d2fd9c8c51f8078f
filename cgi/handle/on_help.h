/* on_help.h: the help pages, for everybody. */
#ifndef CGI_HANDLE_ON_HELP_H
#define CGI_HANDLE_ON_HELP_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"

int on_help(struct reply *rp, struct request *rq, struct err *e);         /* GET /help */
int on_help_topic(struct reply *rp, struct request *rq, struct err *e);   /* GET /help/{topic} */

#endif
