/* route.h: the table of routes. Every request passes here; the right of the matched row is checked
 * by gate.c before the handler runs. */
#ifndef CGI_ROUTE_H
#define CGI_ROUTE_H

#include <stddef.h>

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/right.h"

/* Fills the reply. On -1 the dispatcher shows page_error(). */
typedef int handler(struct reply *rp, struct request *rq, struct err *e);

/* How the gate knows that a request was meant. */
enum guard {
	GUARD_SESSION, /* signed in; a POST carries the session's token */
	GUARD_VISITOR, /* a public form; a POST carries the token of a cookie that its page has set
	                */
	GUARD_LINK,    /* public; the path holds the secret; no cookie is read or set */
	GUARD_OPEN     /* public, only to be read */
};

struct route {
	enum method method;           /* METHOD_GET also answers HEAD */
	const char *pattern;          /* "/p/{project}/{environment}/backups" */
	enum right right;             /* RIGHT_NONE: public */
	enum guard guard;
	handler *run;
};

/* All rows, for the dispatcher and for the tests that walk over every route. */
const struct route *route_table(size_t *count);
/* Finds the row and fills rq->args. NULL with *status 404, or 405 when only the method is wrong.
 * Where two patterns match, the one with plain words wins over the one with {braces}. */
const struct route *route_find(int *status, struct request *rq);
/* The methods of a path, for the header Allow: "GET, HEAD, POST". */
const char *route_methods(const struct request *rq);
const char *route_guard_name(enum guard guard);

#endif
