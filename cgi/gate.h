/* gate.h: who may pass. Session, right and form token are checked here, before any handler runs. */
#ifndef CGI_GATE_H
#define CGI_GATE_H

#include <stdbool.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "cgi/route.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/*
 * 0: the handler may run; *answered says that the reply is complete already (a redirect to the
 * sign-in page). -1: refused, for page_error(). Sets rq->session and rq->csrf, and the cookie of a
 * visitor's form.
 */
MUST_USE int gate_pass(bool *answered, struct reply *rp, struct request *rq, const struct route *rt,
    struct err *e);
/* Who is asking, for refusals that no route stands behind: an unknown address, a request that
 * cannot be read. A session that cannot be looked up is nobody's. */
void gate_know(struct request *rq);

#endif
