/* request.c: one request, parsed and bounded. */
#include "cgi/http/request.h"

#include <string.h>
#include <strings.h>

#include "cgi/http/cookie.h"
#include "cgi/http/form.h"
#include "lib/base/clock.h"
#include "lib/base/num.h"
#include "lib/base/rand.h"
#include "lib/base/utf8.h"
#include "lib/util/url.h"

static const char form_type[] = "application/x-www-form-urlencoded";

static const char *
variable(const struct request *rq, const struct request_input *in, const char *name)
{
	const char *value = in->variable(in->arg, name);

	return value != NULL ? arena_dup(rq->arena, value) : "";
}

static enum method
read_method(const char *name)
{
	if (strcmp(name, "GET") == 0)
		return METHOD_GET;
	if (strcmp(name, "HEAD") == 0)
		return METHOD_HEAD;
	if (strcmp(name, "POST") == 0)
		return METHOD_POST;
	return METHOD_OTHER;
}

/* "//" and the segments "." and "..": no page of ours has them, and they mislead whoever compares
 * paths. */
static bool
path_is_plain(const char *path)
{
	if (path[0] != '/' || strstr(path, "//") != NULL)
		return false;
	for (const char *p = path; p != NULL; p = strchr(p + 1, '/')) {
		size_t n = strcspn(p + 1, "/");

		if ((n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
			return false;
	}
	return true;
}

static int
read_address(int *status, struct request *rq, struct err *e)
{
	const char *raw = rq->return_path;
	size_t n = strcspn(raw, "?");
	const char *path = url_decode(rq->arena, raw, n, false);

	if (path == NULL || !utf8_valid(path, strlen(path)) || !path_is_plain(path)) {
		*status = 400;
		return err_set(e, ERR_INPUT, "The address of this page is not written correctly.");
	}
	rq->path = path;
	if (raw[n] == '?') {
		*status = form_parse(&rq->query, rq->arena, raw + n + 1, strlen(raw + n + 1), e);
		if (*status != 0)
			return err_set(e, ERR_INPUT,
			    "The address of this page is not written correctly.");
	}
	return 0;
}

/* The media type, with or without "; charset=utf-8" behind it. */
static bool
is_form(const char *content_type)
{
	size_t n = sizeof form_type - 1;

	if (strncasecmp(content_type, form_type, n) != 0)
		return false;
	content_type += n;
	content_type += strspn(content_type, " \t");
	if (*content_type == '\0')
		return true;
	if (*content_type++ != ';')
		return false;
	content_type += strspn(content_type, " \t");
	return strcasecmp(content_type, "charset=utf-8") == 0 ||
	    strcasecmp(content_type, "charset=\"utf-8\"") == 0;
}

static int
refuse(int *status, int code, struct err *e, const char *text)
{
	*status = code;
	return err_set(e, ERR_INPUT, "%s", text);
}

static int
read_body(int *status, struct request *rq, const struct request_input *in, struct err *e)
{
	const char *length = variable(rq, in, "CONTENT_LENGTH"),
	           *type = variable(rq, in, "CONTENT_TYPE");
	int64_t size = 0;
	ssize_t n = 0;
	size_t have = 0;
	char *body;

	if (*length != '\0' && !num_parse(&size, length, 0, INT64_MAX))
		return refuse(status, 400, e, "The length of the form is not a number.");
	if (size > REQUEST_BODY_MAX)
		return refuse(status, 413, e, "The form is larger than 64 kB.");
	if ((size > 0 || *type != '\0') && !is_form(type))
		return refuse(status, 415, e,
		    "Only forms encoded as application/x-www-form-urlencoded are read here.");
	body = arena_alloc(rq->arena, (size_t)size + 1);
	while (have < (size_t)size && (n = in->body(in->arg, body + have, (size_t)size - have)) > 0)
		have += (size_t)n;
	if (have < (size_t)size || n < 0)
		return refuse(status, 400, e, "The form did not arrive completely.");
	*status = form_parse(&rq->form, rq->arena, body, (size_t)size, e);
	return *status == 0 ? 0 : -1;
}

int
request_read(int *status, struct request *rq, const struct request_input *in, struct err *e)
{
	unsigned char id[8];

	rand_bytes(id, sizeof id);
	rand_hex(rq->id, id, sizeof id);
	rq->now = clock_now();
	rq->path = "/";
	rq->csrf = "";
	rq->method = read_method(variable(rq, in, "REQUEST_METHOD"));
	rq->return_path = variable(rq, in, "REQUEST_URI");
	rq->address = variable(rq, in, "REMOTE_ADDR");
	rq->origin = variable(rq, in, "HTTP_ORIGIN");
	rq->fetch_site = variable(rq, in, "HTTP_SEC_FETCH_SITE");
	rq->none_match = variable(rq, in, "HTTP_IF_NONE_MATCH");
	rq->authorization = variable(rq, in, "HTTP_AUTHORIZATION");
	rq->forwarded = *variable(rq, in, "HTTP_X_FORWARDED_FOR") != '\0' ||
	    *variable(rq, in, "HTTP_FORWARDED") != '\0';
	cookie_parse(&rq->cookies, rq->arena, variable(rq, in, "HTTP_COOKIE"));
	if (read_address(status, rq, e) != 0)
		return -1;
	return rq->method == METHOD_POST ? read_body(status, rq, in, e) : 0;
}

static const char *
first_of(const struct params *params, const char *name)
{
	for (size_t i = 0; i < params->count; i++)
		if (strcmp(params->items[i].name, name) == 0)
			return params->items[i].value;
	return "";
}

const char *
request_query(const struct request *rq, const char *name)
{
	return first_of(&rq->query, name);
}

const char *
request_field(const struct request *rq, const char *name)
{
	return first_of(&rq->form, name);
}

const char *
request_cookie(const struct request *rq, const char *name)
{
	if (rq->conf->secure_cookies)
		name = arena_printf(rq->arena, "__Host-%s", name);
	return first_of(&rq->cookies, name);
}

size_t
request_fields(const char ***ret, const struct request *rq, const char *name)
{
	const char **values = arena_array(rq->arena, rq->form.count + 1, sizeof *values);
	size_t count = 0;

	for (size_t i = 0; i < rq->form.count; i++)
		if (strcmp(rq->form.items[i].name, name) == 0)
			values[count++] = rq->form.items[i].value;
	*ret = values;
	return count;
}

bool
request_path_is_local(const char *path)
{
	if (path[0] != '/' || path[1] == '/')
		return false;
	for (const char *p = path; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == '\\' || *p == 0x7f)
			return false;
	return true;
}
