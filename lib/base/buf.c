/* buf.c: bytes that grow. */
#include "lib/base/buf.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

char buf_empty[1];

char *
buf_room(struct buf *b, size_t n)
{
	size_t wanted;

	assert(n < SIZE_MAX / 4 && b->n < SIZE_MAX / 4);
	if (b->capacity < b->n + n + 1) {
		wanted = b->capacity * 2 > b->n + n + 1 ? b->capacity * 2 : b->n + n + 64;
		b->p = xrealloc(b->capacity ? b->p : NULL, wanted);
		b->capacity = wanted;
	}
	return b->p + b->n;
}

void
buf_took(struct buf *b, size_t n)
{
	assert(b->n + n < b->capacity);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	buf_took(b, n);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_number(struct buf *b, int64_t n, int width)
{
	char digits[24];
	size_t at = sizeof digits;
	/* The smallest number has no counterpart that is an int64_t. */
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	assert(width <= 20);
	width -= n < 0;
	for (; left > 0 || at == sizeof digits || (int)(sizeof digits - at) < width; left /= 10)
		digits[--at] = (char)('0' + left % 10);
	if (n < 0)
		digits[--at] = '-';
	buf_add(b, digits + at, sizeof digits - at);
}

/* Most texts are short, and are written at once. */
void
buf_printf(struct buf *b, const char *fmt, ...)
{
	enum { SHORT = 64 };
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf_room(b, SHORT), SHORT, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	if (n < SHORT) {
		buf_took(b, (size_t)n);
		return;
	}
	buf_room(b, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf_took(b, (size_t)n);
}

void
buf_cut(struct buf *b, size_t n)
{
	if (n >= b->n)
		return;
	b->n = n;
	b->p[n] = '\0';
}

void
buf_drop(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	assert(n <= b->n);
	memmove(b->p, b->p + n, b->n - n);
	buf_cut(b, b->n - n);
}

void
buf_clear(struct buf *b)
{
	buf_cut(b, 0);
}

void
buf_release(struct buf *b)
{
	if (b->capacity > 0)
		free(b->p);
	*b = (struct buf)BUF_INIT;
}
