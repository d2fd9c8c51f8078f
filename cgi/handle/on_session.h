/* on_session.h: signing in and out. */
#ifndef CGI_HANDLE_ON_SESSION_H
#define CGI_HANDLE_ON_SESSION_H

#include <stdint.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/right.h"

int on_session_form(struct reply *rp, struct request *rq, struct err *e);    /* GET /login */
int on_session_start(struct reply *rp, struct request *rq, struct err *e);   /* POST /login */
int on_session_end(struct reply *rp, struct request *rq, struct err *e);     /* POST /logout */

/* Give this browser a new session of the account: a new id, so that one planted before is worth
 * nothing. */
MUST_USE int on_session_open(struct reply *rp, struct request *rq, const struct account *account,
    struct err *e);
/* How long this name or this address still has to wait: 0 when it may try. `account` may be NULL.
 */
MUST_USE int on_session_wait(int64_t *ret, struct request *rq, const char *account, struct err *e);
/* Count a failed try. */
MUST_USE int on_session_failed(struct request *rq, const char *account, struct err *e);
/* "Too many tries. Wait 4 minutes.", and the header that says the same. */
const char *on_session_wait_words(struct reply *rp, const struct request *rq, int64_t wait_ms);

/* Whether the last sign-in is recent enough for what cannot be taken back lightly. */
bool on_session_is_fresh(const struct request *rq);
/*
 * The field "password" of whoever is signed in, asked for once more, behind the same brake as the
 * sign-in. 0: right, and the session is fresh again. 1: refused, with the sentence; the reply then
 * has status 422 or 429. -1.
 */
MUST_USE int on_session_again(const char **words, struct reply *rp, struct request *rq,
    struct err *e);

#endif
