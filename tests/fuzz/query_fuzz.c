/* query_fuzz.c: the address of a request: path, query, and where sign-in would return to. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/http/request.h"
#include "cgi/route.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *
variable(void *arg, const char *name)
{
	if (strcmp(name, "REQUEST_METHOD") == 0)
		return "GET";
	return strcmp(name, "REQUEST_URI") == 0 ? arg : NULL;
}

static ssize_t
body(void *arg, void *p, size_t n)
{
	(void)arg;
	(void)p;
	(void)n;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct conf conf = { .public_url = "http://localhost" };
	struct request rq = { .arena = arena, .conf = &conf };
	struct request_input in = { variable, body, arena_dupn(arena, p, n) };
	struct err e;
	int status;

	if (request_read(&status, &rq, &in, &e) != 0)
		return 0;
	/* What is taken is a plain path of text. */
	if (rq.path[0] != '/' || strstr(rq.path, "//") != NULL || strstr(rq.path, "/../") != NULL ||
	    !utf8_valid(rq.path, strlen(rq.path)) || rq.query.count > REQUEST_FIELDS_MAX)
		abort();
	if (route_find(&status, &rq) == NULL && status != 404 && status != 405)
		abort();
	if (request_path_is_local(request_query(&rq, "next")) &&
	    request_query(&rq, "next")[1] == '/')
		abort();
	return 0;
}
