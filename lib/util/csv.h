/* csv.h: lists as comma-separated values (RFC 4180), safe to open in a spreadsheet.
 *
 * Every field is quoted, a quote within it is doubled, and each row ends in CRLF. A field that a
 * spreadsheet would read as a formula gets an apostrophe in front: one that begins with = + - @, a
 * tab, CR or LF, or the full-width = + - @ that some of them take for the plain ones. A NUL is left
 * out, before the first character is looked at: it would end the field in one reader and not in the
 * next.
 */
#ifndef LIB_UTIL_CSV_H
#define LIB_UTIL_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

/* Zero-initialise but for `out`, which the caller owns. */
struct csv {
	struct buf *out;
	bool within;                  /* a row has begun */
};

void csv_field(struct csv *c, const char *p, size_t n);
void csv_text(struct csv *c, const char *text);           /* NULL is an empty field */
void csv_number(struct csv *c, int64_t n);                /* digits alone; none below 0 */
void csv_time(struct csv *c, int64_t ms);                 /* "2026-11-21T02:00:00Z"; 0: empty */
void csv_flag(struct csv *c, bool on);                    /* "yes" or "no" */
/* Ends the row. */
void csv_end(struct csv *c);
/* A row of names. */
void csv_row(struct csv *c, const char *const *names, size_t count);

#endif
