/* show_session.h: the pages before anybody is signed in: sign-in and first account. */
#ifndef CGI_PAGE_SHOW_SESSION_H
#define CGI_PAGE_SHOW_SESSION_H

#include <stddef.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/project.h"

struct session_form {
	const char *email, *next;     /* next: where to go afterwards */
};
/* `refused`: why the last try failed, NULL on the first; set rp->status before. */
MUST_USE int show_session_form(struct reply *rp, const struct request *rq,
    const struct session_form *form, const char *refused, struct err *e);

struct setup_form {
	const char *code, *name, *email;
};
/* With faults the page has status 422. */
MUST_USE int show_session_setup(struct reply *rp, const struct request *rq,
    const struct setup_form *form, const struct field_error *errors, size_t count, struct err *e);

#endif
