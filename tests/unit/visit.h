/* visit.h: a request made of a few words, for tests of everything behind the FastCGI connection. */
#ifndef TESTS_UNIT_VISIT_H
#define TESTS_UNIT_VISIT_H

#include <stdio.h>
#include <string.h>

#include "cgi/http/request.h"

struct visit {
	const char *method, *uri;     /* GET when NULL */
	const char *type, *body;      /* type NULL: a form when there is a body */
	const char *length;           /* NULL: the true one */
	const char *cookie, *origin, *site, *none_match;
	size_t body_at;               /* what has been read of the body */
	size_t cut; /* the connection breaks after this many bytes; 0: it does not */
	char count[24];
};

static inline const char *
visit_variable(void *arg, const char *name)
{
	struct visit *v = arg;

	if (strcmp(name, "REQUEST_METHOD") == 0)
		return v->method != NULL ? v->method : v->body != NULL ? "POST" : "GET";
	if (strcmp(name, "REQUEST_URI") == 0)
		return v->uri;
	if (strcmp(name, "CONTENT_TYPE") == 0)
		return v->type != NULL ? v->type
		    : v->body != NULL  ? "application/x-www-form-urlencoded"
		                       : NULL;
	if (strcmp(name, "CONTENT_LENGTH") == 0 && (v->length != NULL || v->body == NULL))
		return v->length;
	if (strcmp(name, "CONTENT_LENGTH") == 0) {
		snprintf(v->count, sizeof v->count, "%zu", strlen(v->body));
		return v->count;
	}
	if (strcmp(name, "HTTP_COOKIE") == 0)
		return v->cookie;
	if (strcmp(name, "HTTP_ORIGIN") == 0)
		return v->origin;
	if (strcmp(name, "HTTP_SEC_FETCH_SITE") == 0)
		return v->site;
	if (strcmp(name, "HTTP_IF_NONE_MATCH") == 0)
		return v->none_match;
	return strcmp(name, "REMOTE_ADDR") == 0 ? "192.0.2.7" : NULL;
}

static inline ssize_t
visit_body(void *arg, void *p, size_t n)
{
	struct visit *v = arg;
	size_t left = v->body != NULL ? strlen(v->body) - v->body_at : 0;

	if (v->cut > 0 && v->body_at >= v->cut)
		return -1;
	if (n > left)
		n = left;
	/* In small pieces, as a slow client sends them. */
	if (n > 7)
		n = 7;
	if (n > 0)
		memcpy(p, v->body + v->body_at, n);
	v->body_at += n;
	return (ssize_t)n;
}

static inline struct request_input
visit_input(struct visit *v)
{
	return (struct request_input){ visit_variable, visit_body, v };
}

#endif
