/* request.h: one request, parsed and bounded. Everything in it lives in its arena. */
#ifndef CGI_HTTP_REQUEST_H
#define CGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/accounts.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };

struct param {
	const char *name, *value;     /* valid UTF-8 without NUL; line ends are \n */
};
struct params {
	struct param *items;
	size_t count;
};

enum { REQUEST_ARGS = 4, REQUEST_BODY_MAX = 64 * 1024, REQUEST_FIELDS_MAX = 200 };

struct request {
	struct arena *arena;
	struct db *db;
	const struct conf *conf;
	enum method method;
	const char *path;             /* decoded, begins with '/', no "//", no dot segments */
	const char
	    *args[REQUEST_ARGS]; /* what stood in the {braces} of the route's pattern, in order */
	struct params query, form, cookies;
	const char *address;          /* of the client, as nginx saw it */
	const char *origin, *fetch_site;   /* Origin and Sec-Fetch-Site headers, "" when absent */
	const char *none_match;       /* If-None-Match, "" when absent */
	const char *authorization;    /* the header Authorization, "" when absent: a secret */
	bool forwarded;               /* another proxy stands before nginx: `address` is its own */
	const char *return_path;      /* path and query as they came: where sign-in returns to */
	char id[17];                  /* of this request: in the log and on error pages */
	struct session *session;      /* NULL when nobody is signed in */
	const char *csrf; /* what the forms of this answer carry: of the session, or of the
	                     cookie that a visitor's form is bound to; "" where there is no form */
	int64_t now;
};

/* Where a request comes from: the FastCGI connection, or a test. */
struct request_input {
	const char *(
	    *variable)(void *arg, const char *name); /* a CGI variable; NULL when there is none */
	ssize_t (
	    *body)(void *arg, void *p, size_t n); /* up to n bytes; 0 at the end, -1 when cut off */
	void *arg;
};

/*
 * Read and check a request whose arena, db and conf are set. -1 with the status that says why (400,
 * 413, 415) and the sentence for the page; the request can then still be answered with that page.
 */
MUST_USE int request_read(int *status, struct request *rq, const struct request_input *in,
    struct err *e);

/* The first value of that name, or "" when there is none. */
const char *request_query(const struct request *rq, const char *name);
const char *request_field(const struct request *rq, const char *name);
/* Our cookie of that name (behind "__Host-" where public_url is https), or "". */
const char *request_cookie(const struct request *rq, const char *name);
/* Every value of a field (checkboxes). */
size_t request_fields(const char ***ret, const struct request *rq, const char *name);
/* A path of this site that is safe to redirect to: "/...", never "//host" or a backslash. */
bool request_path_is_local(const char *path);

#endif
