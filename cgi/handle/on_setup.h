/* on_setup.h: the first account of an instance. */
#ifndef CGI_HANDLE_ON_SETUP_H
#define CGI_HANDLE_ON_SETUP_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"

int on_setup_form(struct reply *rp, struct request *rq, struct err *e);   /* GET /setup */
int on_setup(struct reply *rp, struct request *rq, struct err *e);        /* POST /setup */

#endif
