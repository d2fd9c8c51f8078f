/* tzif.c: the bytes of a time zone file (TZif, RFC 8536), read and checked. */
#include "lib/model/tzif.h"

#include <string.h>

enum { HEADER = 44, COUNTS_AT = 20, TYPE_SIZE = 6 };
/* The RFC asks for offsets of at most 25 h 59 min 59 s east and 24 h 59 min 59 s west. */
enum { OFFSET_MAX = 26 * 3600 };

struct counts {
	size_t ut, standard, leaps, changes, types, characters;
};

static uint32_t
big32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t
big64(const unsigned char *p)
{
	return (int64_t)((uint64_t)big32(p) << 32 | big32(p + 4));
}

/* One header of 44 bytes. The counts are capped here, so that no size below can overflow. */
static int
read_header(struct counts *ret, const unsigned char *p, size_t n, struct err *e)
{
	size_t *const fields[] = { &ret->ut, &ret->standard, &ret->leaps, &ret->changes,
		&ret->types, &ret->characters };

	if (n < HEADER || memcmp(p, "TZif", 4) != 0)
		return err_set(e, ERR_INPUT, "not a time zone file");
	if (p[4] < '2')
		return err_set(e, ERR_INPUT, "a time zone file of a version before 2");
	for (size_t i = 0; i < 6; i++) {
		*fields[i] = big32(p + COUNTS_AT + 4 * i);
		if (*fields[i] > TZIF_CHANGES_MAX)
			return err_set(e, ERR_INPUT, "damaged: it counts too many entries");
	}
	return 0;
}

/* Bytes of the block behind a header; a time has `width` bytes. */
static size_t
block_size(const struct counts *c, size_t width)
{
	return c->changes * (width + 1) + c->types * TYPE_SIZE + c->characters +
	    c->leaps * (width + 4) + c->standard + c->ut;
}

static int
check_counts(const struct counts *c, struct err *e)
{
	if (c->leaps > 0)
		return err_set(e, ERR_INPUT, "a time zone that counts leap seconds");
	if (c->types == 0 || c->types > 256 || c->characters == 0 ||
	    (c->ut != 0 && c->ut != c->types) || (c->standard != 0 && c->standard != c->types))
		return err_set(e, ERR_INPUT, "damaged: its counts do not fit each other");
	return 0;
}

static int
read_changes(struct tzif *ret, struct arena *a, const unsigned char *p, struct err *e)
{
	ret->at = arena_array(a, ret->change_count + 1, sizeof *ret->at);
	ret->type = p + 8 * ret->change_count;
	for (size_t i = 0; i < ret->change_count; i++) {
		ret->at[i] = big64(p + 8 * i);
		if (i > 0 && ret->at[i] <= ret->at[i - 1])
			return err_set(e, ERR_INPUT, "damaged: its changes are out of order");
		if (ret->type[i] >= ret->type_count)
			return err_set(e, ERR_INPUT, "damaged: a change leads nowhere");
	}
	return 0;
}

static int
read_types(struct tzif *ret, struct arena *a, const unsigned char *p, size_t characters,
    struct err *e)
{
	const char *names = arena_dupn(a, p + ret->type_count * TYPE_SIZE, characters);

	ret->types = arena_array(a, ret->type_count, sizeof *ret->types);
	for (size_t i = 0; i < ret->type_count; i++, p += TYPE_SIZE) {
		int64_t offset = (int32_t)big32(p);

		if (offset <= -OFFSET_MAX || offset >= OFFSET_MAX || p[4] > 1 || p[5] >= characters)
			return err_set(e, ERR_INPUT, "damaged: a local time is impossible");
		ret->types[i] = (struct tzif_type){ (int)offset, p[4] == 1, names + p[5] };
	}
	return 0;
}

/* "\n<rule>\n" behind the second block. */
static int
read_rule(struct tzif *ret, const unsigned char *p, size_t n, struct err *e)
{
	const unsigned char *end = n > 1 ? memchr(p + 1, '\n', n - 1) : NULL;

	if (end == NULL || p[0] != '\n')
		return err_set(e, ERR_INPUT, "damaged: its last line is missing");
	ret->rule = (const char *)p + 1;
	ret->rule_length = (size_t)(end - p) - 1;
	return 0;
}

int
tzif_read(struct tzif *ret, struct arena *a, const void *bytes, size_t n, struct err *e)
{
	const unsigned char *p = bytes;
	struct counts c;
	struct tzif t = { 0 };
	size_t skip;

	if (n > TZIF_FILE_MAX)
		return err_set(e, ERR_INPUT, "too large for a time zone file");
	if (read_header(&c, p, n, e) != 0)
		return -1;
	skip = HEADER + block_size(&c, 4);
	if (skip > n)
		return err_set(e, ERR_INPUT, "damaged: it ends too early");
	p += skip;
	n -= skip;
	if (read_header(&c, p, n, e) != 0 || check_counts(&c, e) != 0)
		return -1;
	skip = HEADER + block_size(&c, 8);
	if (skip > n)
		return err_set(e, ERR_INPUT, "damaged: it ends too early");
	t.change_count = c.changes;
	t.type_count = c.types;
	if (read_changes(&t, a, p + HEADER, e) != 0 ||
	    read_types(&t, a, p + HEADER + 9 * c.changes, c.characters, e) != 0 ||
	    read_rule(&t, p + skip, n - skip, e) != 0)
		return -1;
	*ret = t;
	return 0;
}
