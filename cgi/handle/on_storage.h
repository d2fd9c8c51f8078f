/* on_storage.h: where backups lie, and whether all of it is there. */
#ifndef CGI_HANDLE_ON_STORAGE_H
#define CGI_HANDLE_ON_STORAGE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_storage_list(struct reply *rp, struct request *rq,
    struct err *e); /* GET /storage */
MUST_USE int on_storage_get(struct reply *rp, struct request *rq,
    struct err *e); /* GET /storage/{s} */
MUST_USE int on_storage_check(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{s}/check: look through it */
MUST_USE int on_storage_test(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{s}/test: write, read and remove a probe */
MUST_USE int on_storage_prove(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{s}/prove: rebuild from it, compare, open one */

MUST_USE int on_storage_rewrap(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{s}/rewrap: what lies there opens with the present keys */

/* POST /storage/{s}/trust: the key of its server is the one that the form shows. ERR_CONFLICT: it
 * has shown another one since. */
MUST_USE int on_storage_trust(struct reply *rp, struct request *rq, struct err *e);

/* Whether what is stored from now on is encrypted. ERR_CONFLICT while there are no keys. */
MUST_USE int on_storage_encrypt(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_storage_plain(struct reply *rp, struct request *rq, struct err *e);

MUST_USE int on_storage_move(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{slug}/move/{to}: all backups that it holds first */

#endif
