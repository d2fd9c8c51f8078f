/* trail.h: every write leaves a line in the audit trail. */
#ifndef CGI_HANDLE_TRAIL_H
#define CGI_HANDLE_TRAIL_H

#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/outbox.h"

/* The event with who, when and from where, for what writes it together with its own rows. */
struct event trail_of(const struct request *rq, const struct event *what);
/* Adds who, when and from where to an event that says what happened to which thing. */
MUST_USE int trail_add(const struct request *rq, const struct event *what, struct err *e);

#endif
