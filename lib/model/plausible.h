/* plausible.h: does what a backup has of a service look like what the ones before had?
 *
 * A dump can end well and hold nothing: the wrong database, a media folder whose disk is not
 * mounted. So sizes are compared with the median of the last five good ones, and tables and files
 * with those of the last one. Pure; who has no history is believed.
 */
#ifndef LIB_MODEL_PLAUSIBLE_H
#define LIB_MODEL_PLAUSIBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/model/backup.h"

/* How many of the past a median takes, and from how many on it says anything. */
enum { PLAUSIBLE_PAST = 5, PLAUSIBLE_PAST_MIN = 3 };
/* Below half or above five times the median; a difference of less than so many bytes never is. A
 * table with so many rows does not vanish unseen. */
enum { PLAUSIBLE_LEAST_PERCENT = 50, PLAUSIBLE_MOST_PERCENT = 500, PLAUSIBLE_NOISE = 16 << 10,
	PLAUSIBLE_ROWS = 100 };

/* What one service gave to one backup. */
struct plausible_part {
	bool media;
	int64_t bytes;                /* of content */
	int64_t files;                /* of media */
	const struct table_count *tables;     /* of a database, by name; none: they are not known */
	size_t table_count;
	bool counted;                 /* the tables are known, even if there are none */
};

struct plausible_history {
	const int64_t *bytes;         /* of the last good ones; PLAUSIBLE_PAST are looked at */
	size_t count;
	const struct plausible_part *last;    /* the newest of them; NULL when count is 0 */
};

/* Of an even number the lower one of the two in the middle; 0 when there is none. */
int64_t plausible_median(const int64_t *values, size_t count);

/*
 * What is odd, as a sentence without the service's name: "1.20 MB where the last five had about
 * 75.0 MB". NULL: nothing is.
 */
char *plausible_judge(struct arena *a, const struct plausible_part *now,
    const struct plausible_history *past);

#endif
