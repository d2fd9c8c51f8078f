/* on_confirm.h: the public page where an address agrees to get notices. */
#ifndef CGI_HANDLE_ON_CONFIRM_H
#define CGI_HANDLE_ON_CONFIRM_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/err.h"

/* Only looks: programs that follow links of mails agree to nothing. */
int on_confirm_page(struct reply *rp, struct request *rq, struct err *e);
int on_confirm(struct reply *rp, struct request *rq, struct err *e);

#endif
