/* zone.h: a time zone as a value, read from the system's time zone database.
 *
 * Nothing here touches TZ, tzset() or the local time of the process: any number of zones may be
 * used side by side. Instants are milliseconds since 1970 UTC. A local time is milliseconds since
 * 1970-01-01T00:00 of the zone's wall clock, so local = instant + offset * 1000.
 *
 * Exact for the years 1 to 2400, as far as the database is; other instants count as the nearest
 * one within. After the last change the file names, its rule (tzrule.h) is followed.
 */
#ifndef LIB_MODEL_ZONE_H
#define LIB_MODEL_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

#define ZONE_FOLDER "/usr/share/zoneinfo"

/* The first instant that is looked at and the one after the last: 0001-01-01 and 2401-01-01. */
#define ZONE_BEGIN INT64_C(-62135596800000)
#define ZONE_END INT64_C(13601088000000)

enum { ZONE_NAME_MAX = 60, ZONE_OFFSET_SIZE = 12 };

/* Lives in its arena and never changes. */
struct zone;

/* A stretch of time without a change. */
struct zone_span {
	int64_t from, until;      /* instants; `until` is the first of the next span */
	int offset;               /* seconds east of UTC */
	int before;               /* the offset before `from`; the same in the first span */
	bool summer;
	const char *name;         /* "CEST"; of the zone's arena */
};

/*
 * "Europe/Zurich": letters, digits and _ + - in parts divided by single slashes, the first
 * character of each a letter; so neither absolute nor with "..". ERR_INPUT: a sentence for people.
 */
MUST_USE int zone_check_name(const char *name, struct err *e);

/*
 * Read folder/name. ERR_INPUT: not such a name, or the file is no time zone (damaged, leap
 * seconds); ERR_NOT_FOUND: "There is no time zone Mars/Olympus"; ERR_INTERNAL: it cannot be read.
 */
MUST_USE int zone_load(struct zone **ret, struct arena *a, const char *folder, const char *name,
    struct err *e);

/* The same from bytes, which may be given up afterwards. `name` is copied. ERR_INPUT as above. */
MUST_USE int zone_read(struct zone **ret, struct arena *a, const char *name, const void *bytes,
    size_t n, struct err *e);

/* UTC without a file, for where the database is missing; it never fails. */
struct zone *zone_utc(struct arena *a);

const char *zone_name(const struct zone *z);

/* The span an instant lies in. */
void zone_span(struct zone_span *out, const struct zone *z, int64_t at);

int64_t zone_local(const struct zone *z, int64_t at);

/*
 * The instants at which the wall clock shows `local`, earliest first: none when it was skipped,
 * two when it was repeated, else one.
 */
int zone_instants(int64_t out[2], const struct zone *z, int64_t local);

/* The first change after an instant; false when there is none. */
MUST_USE bool zone_next_change(int64_t *ret, const struct zone *z, int64_t after);

/* "+01:00", "-03:30", "+00:00"; "+00:34:08" where old local times had seconds. */
void zone_offset_text(char out[ZONE_OFFSET_SIZE], int offset);

#endif
