/* buf.h: bytes that grow.
 *
 * `p` is never NULL and always ends in a NUL that `n` does not count, so a
 * buffer of text can be read as a C string. Zero-initialise with BUF_INIT.
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"

struct buf {
	char *p;
	size_t n, capacity;
};

extern char buf_empty[1];
#define BUF_INIT { buf_empty, 0, 0 }

void buf_add(struct buf *b, const void *p, size_t n);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_number(struct buf *b, int64_t n, int width);   /* as "%0*lld", width at most 20 */

/* Room for n more bytes behind the present ones; add what was written to b->n by buf_took(). */
char *buf_room(struct buf *b, size_t n);
void buf_took(struct buf *b, size_t n);

void buf_cut(struct buf *b, size_t n);    /* keep the first n bytes */
void buf_drop(struct buf *b, size_t n);   /* remove the first n bytes */
void buf_clear(struct buf *b);            /* empty; keeps the memory */
void buf_release(struct buf *b);          /* empty; gives the memory back */
#define CLEANUP_BUF CLEANUP(buf_release)

#endif
