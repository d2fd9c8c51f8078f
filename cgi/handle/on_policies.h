/* on_policies.h: all policies of an environment, a project or the instance, own beside inherited.
 */
#ifndef CGI_HANDLE_ON_POLICIES_H
#define CGI_HANDLE_ON_POLICIES_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET …/policies */
MUST_USE int on_policies_get(struct reply *rp, struct request *rq, struct err *e);
/* POST …/policies: one policy; do=save with its value, do=inherit to take what is inherited. */
MUST_USE int on_policies_save(struct reply *rp, struct request *rq, struct err *e);

#endif
