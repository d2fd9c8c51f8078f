/* arena.h: memory of one request or one job, freed as a whole.
 *
 * Out of memory ends the process, so every size that comes from outside is
 * capped by its reader before it gets here. Memory is aligned for any type.
 */
#ifndef LIB_BASE_ARENA_H
#define LIB_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "lib/base/attr.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);          /* NULL is fine */
void arena_freep(struct arena **a);        /* for CLEANUP_ARENA only */
#define CLEANUP_ARENA CLEANUP(arena_freep)

void *arena_alloc(struct arena *a, size_t n);                   /* zeroed */
void *arena_array(struct arena *a, size_t count,
    size_t size); /* zeroed; overflow ends the process */
char *arena_dup(struct arena *a, const char *text);             /* NULL gives NULL */
char *arena_dupn(struct arena *a, const void *p, size_t n);     /* copies n bytes, adds a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF(2, 0);

/*
 * Make room for one more element: the returned array has a capacity above
 * `used`, its first `used` elements are those of `items`.
 */
void *arena_grow(struct arena *a, void *items, size_t used, size_t *capacity, size_t size);

/* malloc, realloc and strdup that end the process instead of failing. */
void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *text);

#endif
