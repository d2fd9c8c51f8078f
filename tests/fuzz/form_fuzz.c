/* form_fuzz.c: bodies of forms, through the whole reading of a request. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/http/request.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

struct bytes {
	const uint8_t *p;
	size_t n, at;
	char length[24];
};

static const char *
variable(void *arg, const char *name)
{
	struct bytes *b = arg;

	if (strcmp(name, "REQUEST_METHOD") == 0)
		return "POST";
	if (strcmp(name, "REQUEST_URI") == 0)
		return "/login?next=%2F";
	if (strcmp(name, "CONTENT_TYPE") == 0)
		return "application/x-www-form-urlencoded";
	return strcmp(name, "CONTENT_LENGTH") == 0 ? b->length : NULL;
}

static ssize_t
body(void *arg, void *p, size_t n)
{
	struct bytes *b = arg;

	if (n > b->n - b->at)
		n = b->n - b->at;
	memcpy(p, b->p + b->at, n);
	b->at += n;
	return (ssize_t)n;
}

static void
need_text(const char *text)
{
	if (!utf8_valid(text, strlen(text)) || strchr(text, '\r') != NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct conf conf = { .public_url = "http://localhost" };
	struct request rq = { .arena = arena, .conf = &conf };
	struct bytes bytes = { .p = p, .n = n };
	struct request_input in = { variable, body, &bytes };
	struct err e;
	int status;

	snprintf(bytes.length, sizeof bytes.length, "%zu", n);
	if (request_read(&status, &rq, &in, &e) != 0)
		return 0;
	if (rq.form.count > REQUEST_FIELDS_MAX)
		abort();
	for (size_t i = 0; i < rq.form.count; i++) {
		need_text(rq.form.items[i].name);
		need_text(rq.form.items[i].value);
	}
	return 0;
}
