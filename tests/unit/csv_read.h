/* csv_read.h: a small reader of CSV as RFC 4180 has it, strict: anything else fails the test. */
#ifndef TESTS_UNIT_CSV_READ_H
#define TESTS_UNIT_CSV_READ_H

#include <stdbool.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/buf.h"

enum { CSV_READ_ROWS = 3000, CSV_READ_COLUMNS = 32 };

struct csv_read {
	const char *cells[CSV_READ_ROWS][CSV_READ_COLUMNS];
	size_t columns[CSV_READ_ROWS], rows;
};

/* One quoted field; *at goes behind its last quote. */
static const char *
csv_read_field(struct arena *a, const char **at)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	const char *p = *at;

	assert_true(*p == '"');
	for (p++;; p++) {
		assert_true(*p != '\0');
		if (*p == '"' && *++p != '"')
			break;
		buf_char(&text, *p);
	}
	*at = p;
	return arena_dupn(a, text.p, text.n);
}

UNUSED static struct csv_read *
csv_read(struct arena *a, const struct buf *body)
{
	struct csv_read *r = arena_alloc(a, sizeof *r);
	const char *p = body->p;

	assert_int_equal(strlen(body->p), body->n);
	while (*p != '\0') {
		size_t *n;

		assert_true(r->rows < CSV_READ_ROWS);
		n = &r->columns[r->rows];
		for (;; p++) {
			assert_true(*n < CSV_READ_COLUMNS);
			r->cells[r->rows][(*n)++] = csv_read_field(a, &p);
			if (*p != ',')
				break;
		}
		assert_true(p[0] == '\r' && p[1] == '\n');
		p += 2;
		r->rows++;
	}
	return r;
}

/* What a spreadsheet would compute instead of showing it. */
UNUSED static bool
csv_read_computes(const char *cell)
{
	return *cell != '\0' && strchr("=+-@\t\r\n", *cell) != NULL;
}

#endif
