/* fcgi.h: the only file that speaks FastCGI. A socket of our own making, and one loop per child. */
#ifndef CGI_HTTP_FCGI_H
#define CGI_HTTP_FCGI_H

#include <signal.h>

#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

/*
 * Listen on a unix socket of mode 0660. It is bound under a temporary name and renamed to `path`,
 * so that a new process takes over from an old one at once, and nobody removes it at the end: the
 * old one would remove the socket of the new.
 */
MUST_USE int fcgi_listen(int *ret, const char *path, struct err *e);

/* Fills `out` with the whole answer: CGI headers, blank line, body. */
typedef void fcgi_answer(struct buf *out, void *arg, const struct request_input *in);

/*
 * Answer requests until SIGTERM or SIGINT, then return 0: a request that has begun is finished
 * first. The signals must be blocked when this is called; `unblocked` is the mask to wait with.
 */
MUST_USE int fcgi_serve(int fd, const sigset_t *unblocked, fcgi_answer *answer, void *arg,
    struct err *e);

#endif
