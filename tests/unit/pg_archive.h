/* pg_archive.h: custom-format dumps as pg_dump writes them, byte by byte. */
#ifndef TESTS_UNIT_PG_ARCHIVE_H
#define TESTS_UNIT_PG_ARCHIVE_H

#include <stdint.h>
#include <string.h>

#include "lib/base/attr.h"
#include "lib/base/buf.h"

struct archive_entry {
	int id;
	const char *desc;
	int section;                  /* 1 none, 2 before, 3 data, 4 after */
	const char *statement, *copy;
	int has_data;
};

static inline void
archive_int(struct buf *b, int64_t n)
{
	uint32_t bytes = (uint32_t)(n < 0 ? -n : n);

	buf_char(b, n < 0);
	for (int i = 0; i < 4; i++)
		buf_char(b, (char)(bytes >> (8 * i)));
}

static inline void
archive_text(struct buf *b, const char *text)
{
	archive_int(b, text ? (int64_t)strlen(text) : -1);
	buf_text(b, text ? text : "");
}

static inline void
archive_head(struct buf *b, int minor, const struct archive_entry *entries, size_t count)
{
	buf_text(b, "PGDMP\x01");
	buf_char(b, (char)minor);
	buf_add(b, "\0\4\10\1", 4);
	if (minor >= 15)
		buf_char(b, 0);
	else
		archive_int(b, 0);
	for (int i = 0; i < 7; i++)
		archive_int(b, i);
	archive_text(b, "shop");
	archive_text(b, "15.2");
	archive_text(b, "15.2");
	archive_int(b, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		const struct archive_entry *x = &entries[i];

		archive_int(b, x->id);
		archive_int(b, x->has_data);
		archive_text(b, "1259");
		archive_text(b, "16384");
		archive_text(b, "name");
		archive_text(b, x->desc);
		archive_int(b, x->section);
		archive_text(b, x->statement);
		archive_text(b, "");
		archive_text(b, x->copy);
		archive_text(b, "public");
		archive_text(b, NULL);
		if (minor >= 14)
			archive_text(b, "heap");
		if (minor >= 16)
			archive_int(b, 'r');
		archive_text(b, "owner");
		archive_text(b, "false");
		archive_text(b, "7");
		archive_text(b, NULL);
		buf_char(b, x->has_data ? 1 : 3);
		buf_add(b, "\0\0\0\0\0\0\0\0", 8);
	}
}

/* The rows in pieces of one line each, as pg_dump has them, and their mark. */
static inline void
archive_rows(struct buf *b, int id, const char *rows)
{
	buf_char(b, 1);
	archive_int(b, id);
	for (const char *end; *rows != '\0'; rows = end) {
		end = strchr(rows, '\n') + 1;
		archive_int(b, end - rows);
		buf_add(b, rows, (size_t)(end - rows));
	}
	archive_text(b, "\\.\n\n\n");
	archive_int(b, 0);
}

#endif
