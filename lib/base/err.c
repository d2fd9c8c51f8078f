/* err.c: one failure, worded where it is found. */
#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[ERR_KINDS] = {
	[ERR_INTERNAL] = "internal",   [ERR_INPUT] = "input",
	[ERR_DENIED] = "denied",       [ERR_NOT_FOUND] = "not_found",
	[ERR_CONFLICT] = "conflict",   [ERR_GONE] = "gone",
	[ERR_TOO_MANY] = "too_many",   [ERR_BUSY] = "busy",
	[ERR_FULL] = "full",           [ERR_DAMAGED] = "damaged",
	[ERR_CANCELLED] = "cancelled", [ERR_FENCED] = "fenced",
};

int
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->exit_code = 0;
	e->os = 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	char words[128];
	va_list ap;
	int n;

	e->kind = saved == ENOSPC || saved == EDQUOT ? ERR_FULL : ERR_INTERNAL;
	e->exit_code = 0;
	e->os = saved;
	va_start(ap, fmt);
	n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof e->text)
		snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s",
		    strerror_r(saved, words, sizeof words));
	return -1;
}

int
err_in(struct err *e, const char *fmt, ...)
{
	char place[ERR_TEXT_MAX / 2];
	size_t have = strlen(e->text), front;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(place, sizeof place - 2, fmt, ap);
	va_end(ap);
	front = strlen(place);
	memcpy(place + front, ": ", 2);
	front += 2;
	if (have > sizeof e->text - 1 - front)
		have = sizeof e->text - 1 - front;
	memmove(e->text + front, e->text, have);
	memcpy(e->text, place, front);
	e->text[front + have] = '\0';
	return -1;
}

const char *
err_kind_name(enum err_kind kind)
{
	return kind < ERR_KINDS ? kind_names[kind] : "unknown";
}
