/* pg_toc.c: the table of contents at the head of a custom-format dump. */
#include "worker/target/pg_toc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"

enum { CUSTOM = 1, INT_BYTES = 4, OFFSET_BYTES = 8, TIME_INTS = 7, OFFSET_KNOWN = 2 };
enum { MINOR_OLDEST = 12, MINOR_TABLEAM = 14, MINOR_ALGORITHM = 15, MINOR_NEWEST = 16 };
enum section { NONE = 1, PRE_DATA, DATA, POST_DATA };

static const char magic[] = { 'P', 'G', 'D', 'M', 'P' };

/* A place in the bytes. What is missing or odd is remembered; what is read then is zero. */
struct cursor {
	const unsigned char *p;
	size_t n;
	bool more, odd;
};

struct text {
	const char *p;                /* NULL: there is none */
	size_t n;
};

/* What of an entry decides where it belongs. */
struct fields {
	int id, has_data, section;
	struct text desc, statement, copy;
};

static const unsigned char *
take(struct cursor *c, size_t n)
{
	const unsigned char *at = c->p;

	if (c->more || c->odd || c->n < n) {
		c->more = true;
		return NULL;
	}
	c->p += n;
	c->n -= n;
	return at;
}

static int
take_byte(struct cursor *c)
{
	const unsigned char *at = take(c, 1);

	return at ? *at : 0;
}

/* A sign, then the bytes of the number, the lowest first. */
static int64_t
take_int(struct cursor *c)
{
	const unsigned char *at = take(c, 1 + INT_BYTES);
	int64_t n = 0;

	if (at == NULL)
		return 0;
	for (int i = INT_BYTES; i > 0; i--)
		n = n << 8 | at[i];
	if (at[0] > 1 || n > INT32_MAX)
		c->odd = true;
	return c->odd ? 0 : at[0] == 1 ? -n : n;
}

static struct text
take_text(struct cursor *c)
{
	int64_t n = take_int(c);

	if (c->more || c->odd || n < 0)
		return (struct text){ NULL, 0 };
	return (struct text){ (const char *)take(c, (size_t)n), (size_t)n };
}

static void
expect(struct cursor *c, int got, int wanted)
{
	if (!c->more && got != wanted)
		c->odd = true;
}

/* What stands before the entries; the format's minor version. */
static int
take_start(struct cursor *c)
{
	const unsigned char *at = take(c, sizeof magic);
	int minor;

	if (at != NULL && memcmp(at, magic, sizeof magic) != 0)
		c->odd = true;
	expect(c, take_byte(c), 1);
	minor = take_byte(c);
	if (!c->more && (minor < MINOR_OLDEST || minor > MINOR_NEWEST))
		c->odd = true;
	take_byte(c);
	expect(c, take_byte(c), INT_BYTES);
	expect(c, take_byte(c), OFFSET_BYTES);
	expect(c, take_byte(c), CUSTOM);
	/* The rows are found only where they are not compressed. */
	expect(c, minor >= MINOR_ALGORITHM ? take_byte(c) : (int)take_int(c), 0);
	for (int i = 0; i < TIME_INTS; i++)
		take_int(c);
	for (int i = 0; i < 3; i++)
		take_text(c);
	return minor;
}

static struct fields
take_entry(struct cursor *c, int minor)
{
	struct fields f = { .id = (int)take_int(c) };

	f.has_data = (int)take_int(c);
	for (int i = 0; i < 3; i++)
		take_text(c);   /* two catalogue numbers, the name */
	f.desc = take_text(c);
	f.section = (int)take_int(c);
	f.statement = take_text(c);
	take_text(c);           /* the statement that drops it */
	f.copy = take_text(c);
	for (int i = minor >= MINOR_TABLEAM ? 3 : 2; i > 0; i--)
		take_text(c);   /* schema, tablespace, access method */
	if (minor >= MINOR_NEWEST)
		take_int(c);    /* kind of relation */
	take_text(c);           /* owner */
	take_text(c);           /* with OIDs */
	while (take_text(c).p != NULL)
		;               /* what it depends on */
	/* Where its data lies: unknown, as pg_dump wrote into a pipe. */
	if (take_byte(c) == OFFSET_KNOWN)
		c->odd = true;
	take(c, OFFSET_BYTES);
	return f;
}

static bool
is(struct text text, const char *word)
{
	return text.p != NULL && text.n == strlen(word) && memcmp(text.p, word, text.n) == 0;
}

/* `*section` is that of the entries before; one without a section belongs to theirs. */
static enum pg_toc_step
step_of(const struct fields *f, int *section)
{
	if (f->section != NONE)
		*section = f->section;
	if (is(f->desc, "ACL") || is(f->desc, "ACL LANGUAGE") || is(f->desc, "DEFAULT ACL"))
		return PG_TOC_AFTER;
	if (is(f->desc, "TABLE DATA") && f->section == DATA && f->has_data == 1 &&
	    f->statement.n == 0 && f->copy.n > 0)
		return PG_TOC_ROWS;
	return *section == DATA ? PG_TOC_BESIDE :
	    *section == POST_DATA ? PG_TOC_AFTER : PG_TOC_BEFORE;
}

static void
add(struct pg_toc *toc, int id, enum pg_toc_step step)
{
	if (toc->count == toc->capacity) {
		toc->capacity = toc->capacity > 0 ? 2 * toc->capacity : 256;
		toc->entries = xrealloc(toc->entries, toc->capacity * sizeof *toc->entries);
	}
	toc->entries[toc->count++] = (struct pg_toc_entry){ id, step };
}

static int
compare(const void *a, const void *b)
{
	const struct pg_toc_entry *one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

/* No two have the same number. */
static bool
index_entries(struct pg_toc *toc)
{
	toc->by_id = xrealloc(toc->by_id, (toc->count + 1) * sizeof *toc->by_id);
	if (toc->count > 0) {
		memcpy(toc->by_id, toc->entries, toc->count * sizeof *toc->by_id);
		qsort(toc->by_id, toc->count, sizeof *toc->by_id, compare);
	}
	for (size_t i = 1; i < toc->count; i++)
		if (toc->by_id[i].id == toc->by_id[i - 1].id)
			return false;
	return true;
}

int
pg_toc_read(struct pg_toc *toc, const char *p, size_t n)
{
	struct cursor c = { .p = (const unsigned char *)p, .n = n };
	int minor = take_start(&c), section = PRE_DATA;
	int64_t count = take_int(&c);

	toc->count = 0;
	for (int64_t i = 0; i < count && !c.more && !c.odd; i++) {
		struct fields f = take_entry(&c, minor);

		if (!c.more && (f.id <= 0 || f.section < NONE || f.section > POST_DATA))
			c.odd = true;
		add(toc, f.id, step_of(&f, &section));
	}
	if (c.odd)
		return -1;
	if (c.more)
		return 0;
	toc->bytes = n - c.n;
	return index_entries(toc) ? 1 : -1;
}

const struct pg_toc_entry *
pg_toc_find(const struct pg_toc *toc, int id)
{
	const struct pg_toc_entry key = { .id = id };

	return bsearch(&key, toc->by_id, toc->count, sizeof key, compare);
}

void
pg_toc_release(struct pg_toc *toc)
{
	free(toc->entries);
	free(toc->by_id);
	*toc = (struct pg_toc){ 0 };
}
