/* reply.c: what goes back. */
#include "cgi/http/reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/log.h"
#include "lib/util/url.h"

/*
 * Every answer of this program carries these; nginx adds the like only to what it answers itself.
 * The policy allows nothing inline: a note that slips through as markup still cannot run.
 */
static const char common[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src "
    "'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"
    "X-Robots-Tag: noindex, nofollow\r\n";

/* Sent unless the handler has set its own. */
static const struct {
	const char *name, *value;
} usual[] = {
	{ "Cache-Control", "no-store" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "same-origin" },
};

static void
add_header(struct reply *rp, const char *name, const char *value)
{
	if (strpbrk(value, "\r\n") != NULL) {
		log_line(LOG_ERROR, "reply.header", "a line break in the header %s", name);
		abort();
	}
	buf_printf(&rp->headers, "%s: %s\r\n", name, value);
}

void
reply_header(struct reply *rp, const char *name, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text) {
		log_line(LOG_ERROR, "reply.header", "the header %s is too long", name);
		abort();
	}
	add_header(rp, name, text);
}

int
reply_see_other(struct reply *rp, const char *fmt, ...)
{
	char path[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	/* Slugs and numbers always fit; what came from outside and does not goes to the front page.
	 */
	if (n < 0 || (size_t)n >= sizeof path || !request_path_is_local(path))
		snprintf(path, sizeof path, "/");
	rp->status = 303;
	add_header(rp, "Location", path);
	buf_clear(&rp->body);
	return 0;
}

int
reply_text(struct reply *rp, const char *text, size_t n)
{
	rp->content_type = "text/plain; charset=utf-8";
	buf_clear(&rp->body);
	buf_add(&rp->body, text, n);
	return 0;
}

/* Names are made of slugs and a time; anything else in one becomes a dash in the plain form of the
 * name. */
static char *
plain_name(struct arena *a, const char *name)
{
	char *plain = arena_dup(a, name);

	for (char *p = plain; *p != '\0'; p++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
		        *p) == NULL)
			*p = '-';
	return plain;
}

int
reply_file(struct reply *rp, const struct request *rq, const char *path, const char *name,
    const char *delivery)
{
	rp->content_type = "application/octet-stream";
	buf_clear(&rp->body);
	reply_header(rp, "Content-Disposition", "attachment; filename=\"%s\"; filename*=UTF-8''%s",
	    plain_name(rq->arena, name), url_encode(rq->arena, name));
	reply_header(rp, "X-Lazarette-Delivery", "%s", delivery);
	reply_header(rp, "X-Accel-Redirect", "/_dl/%s", url_encode_path(rq->arena, path));
	return 0;
}

void
reply_cookie(struct reply *rp, const struct request *rq, const char *name, const char *value,
    long max_age)
{
	bool secure = rq->conf->secure_cookies;

	reply_header(rp, "Set-Cookie", "%s%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%ld%s",
	    secure ? "__Host-" : "", name, value, max_age, secure ? "; Secure" : "");
}

static bool
has_header(const struct reply *rp, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = rp->headers.p; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		if (*p == '\n')
			p++;
		if (strncmp(p, name, n) == 0 && p[n] == ':')
			return true;
	}
	return false;
}

static const char *
reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 413, "Content Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 500, "Internal Server Error" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

void
reply_write(struct buf *out, const struct reply *rp, const struct request *rq)
{
	buf_printf(out, "Status: %d %s\r\n", rp->status, reason_of(rp->status));
	if (rp->body.n > 0 || rp->status == 200)
		buf_printf(out, "Content-Type: %s\r\n", rp->content_type);
	if (rp->status != 304)
		buf_printf(out, "Content-Length: %zu\r\n", rp->body.n);
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		if (!has_header(rp, usual[i].name))
			buf_printf(out, "%s: %s\r\n", usual[i].name, usual[i].value);
	buf_text(out, common);
	if (rq->conf->secure_cookies)
		buf_text(out, "Strict-Transport-Security: max-age=31536000\r\n");
	buf_printf(out, "X-Request-Id: %s\r\n", rq->id);
	buf_add(out, rp->headers.p, rp->headers.n);
	buf_text(out, "\r\n");
	if (rq->method != METHOD_HEAD && rp->status != 304)
		buf_add(out, rp->body.p, rp->body.n);
}

void
reply_release(struct reply *rp)
{
	buf_release(&rp->headers);
	buf_release(&rp->body);
	*rp = (struct reply)REPLY_INIT;
}
