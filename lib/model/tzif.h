/* tzif.h: the bytes of a time zone file (TZif, RFC 8536), read and checked.
 *
 * Versions 2 and later; the 32-bit block at the beginning is passed over. Files that count leap
 * seconds ("right/") are refused: their clock is not the one of this house.
 */
#ifndef LIB_MODEL_TZIF_H
#define LIB_MODEL_TZIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum { TZIF_FILE_MAX = 256 * 1024, TZIF_CHANGES_MAX = 4096 };

struct tzif_type {
	int offset;               /* seconds east of UTC, less than 26 hours */
	bool summer;
	const char *name;         /* "CEST"; "" when the file has none */
};

struct tzif {
	size_t change_count;
	int64_t *at;              /* seconds since 1970 UTC, strictly rising */
	const unsigned char *type;   /* which type begins at at[i]; points into the file's bytes */
	struct tzif_type *types;  /* types[0] holds before the first change */
	size_t type_count;        /* 1 to 256 */
	const char *rule;         /* for after the last change, see tzrule.h; not terminated */
	size_t rule_length;       /* 0: there is none */
};

/*
 * Read n bytes; what `ret` points to lies in the arena, or in `bytes`, which must live as long.
 * ERR_INPUT: no TZif file, a version before 2, leap seconds, or anything that RFC 8536 rules out;
 * the sentence says which and begins in lower case, as the caller puts the zone's name in front.
 */
MUST_USE int tzif_read(struct tzif *ret, struct arena *a, const void *bytes, size_t n,
    struct err *e);

#endif
