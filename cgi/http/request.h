/* request.h: one request, parsed and bounded. Everything in it lives in its arena. */
#ifndef CGI_HTTP_REQUEST_H
#define CGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/accounts.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };

struct param {
	const char *name, *value;     /* valid UTF-8 without NUL */
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
	const char *args[REQUEST_ARGS];   /* what stood in the {braces} of the route's pattern, in order */
	struct params query, form, cookies;
	const char *address;          /* of the client, as nginx saw it */
	const char *origin, *fetch_site;   /* Origin and Sec-Fetch-Site headers, "" when absent */
	const char *none_match;       /* If-None-Match, "" when absent */
	const char *return_path;      /* path and query as they came: where sign-in returns to */
	char id[17];                  /* of this request: in the log and on error pages */
	struct session *session;      /* NULL when nobody is signed in */
	int64_t now;
};

/* The first value of that name, or "" when there is none. */
const char *request_query(const struct request *rq, const char *name);
const char *request_field(const struct request *rq, const char *name);
const char *request_cookie(const struct request *rq, const char *name);
/* Every value of a field (checkboxes). */
size_t request_fields(const char ***ret, const struct request *rq, const char *name);

#endif
