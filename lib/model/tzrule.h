/* tzrule.h: the rule at the end of a time zone file, for all years after its last change.
 *
 * The text is that of POSIX' TZ with the extension of RFC 8536: "CET-1CEST,M3.5.0,M10.5.0/3",
 * "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "UTC0". Times of day may be -167 to 167 hours.
 */
#ifndef LIB_MODEL_TZRULE_H
#define LIB_MODEL_TZRULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/attr.h"

enum { TZRULE_NAME_SIZE = 16 };

/* A day of each year and a time of it. */
struct tzrule_day {
	enum { TZRULE_MONTH, TZRULE_JULIAN, TZRULE_NUMBER } form;   /* Mm.w.d, Jn, n */
	int month, week, weekday;   /* week 5 is the last one */
	int number;                 /* Jn: 1 to 365, no 29 February; n: 0 to 365 */
	int time;                   /* seconds after local midnight; may be negative */
};

struct tzrule_part {
	char name[TZRULE_NAME_SIZE];
	int offset;                 /* seconds east of UTC, as in local = UTC + offset */
};

struct tzrule {
	struct tzrule_part standard, summer;
	bool changes;               /* false: `standard` all year, the rest is not set */
	struct tzrule_day begin, end;   /* of summer; `begin` in standard time, `end` in summer's */
};

/* Reads all n characters; false when they are no such rule, `ret` is then undefined. */
MUST_USE bool tzrule_read(struct tzrule *ret, const char *text, size_t n);

/* When summer begins and ends by the rule's days of this year: seconds since 1970 UTC. South of the
 * equator the end is before the beginning. Only for a rule that changes. */
void tzrule_year(int64_t *ret_begin, int64_t *ret_end, const struct tzrule *r, int year);

#endif
