/* arena.c: memory of one request or one job, freed as a whole. */
#include "lib/base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MIN = 16 * 1024, ALIGN = 16 };

struct block {
	struct block *next;
	size_t size, used;
};

struct arena {
	struct block *first;
};

/* The room in front of a block's bytes, rounded up so that they stay aligned. */
static const size_t head = (sizeof(struct block) + ALIGN - 1) / ALIGN * ALIGN;

static NORETURN void
out_of_memory(size_t n)
{
	fprintf(stderr, "<2>level=fatal event=memory.exhausted bytes=%zu\n", n);
	abort();
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		out_of_memory(n);
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (q == NULL)
		out_of_memory(n);
	return q;
}

char *
xstrdup(const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(xmalloc(n), text, n);
}

struct arena *
arena_new(void)
{
	struct arena *a = xmalloc(sizeof *a);

	a->first = NULL;
	return a;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct block *b = a->first, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

void
arena_freep(struct arena **a)
{
	arena_free(*a);
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct block *b = a->first;
	size_t size;
	char *p;

	if (n > SIZE_MAX / 2)
		out_of_memory(n);
	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	if (b == NULL || b->size - b->used < n) {
		size = n > BLOCK_MIN ? n : BLOCK_MIN;
		b = xmalloc(head + size);
		b->size = size;
		b->used = 0;
		b->next = a->first;
		a->first = b;
	}
	p = (char *)b + head + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		out_of_memory(SIZE_MAX);
	return arena_alloc(a, count * size);
}

char *
arena_dupn(struct arena *a, const void *p, size_t n)
{
	char *q = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(q, p, n);
	return q;
}

char *
arena_dup(struct arena *a, const char *text)
{
	return text ? arena_dupn(a, text, strlen(text)) : NULL;
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		abort();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void *
arena_grow(struct arena *a, void *items, size_t used, size_t *capacity, size_t size)
{
	size_t wanted = *capacity ? *capacity * 2 : 8;
	void *grown;

	if (used < *capacity)
		return items;
	grown = arena_array(a, wanted, size);
	if (used > 0)
		memcpy(grown, items, used * size);
	*capacity = wanted;
	return grown;
}
