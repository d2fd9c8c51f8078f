/* cron_simple.h: the schedules that a form with a few pickers can make, as cron expressions. */
#ifndef LIB_MODEL_CRON_SIMPLE_H
#define LIB_MODEL_CRON_SIMPLE_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/cron.h"

enum cron_every { CRON_EVERY_HOUR, CRON_EVERY_DAY, CRON_EVERY_WEEK, CRON_EVERY_MONTH,
	CRON_EVERIES };

/* Fields that `every` has no use for are ignored on the way in, and CRON_SIMPLE_DEFAULT's on the
 * way out. */
struct cron_simple {
	enum cron_every every;
	int minute;               /* 0 to 59 */
	int hour;                 /* 0 to 23; not for every hour */
	int weekday;              /* 0 to 6, Sunday is 0, 7 is Sunday too; every week */
	int day;                  /* 1 to 31, or CRON_LAST_DAY; every month */
};

#define CRON_SIMPLE_DEFAULT { CRON_EVERY_DAY, 0, 2, 1, 1 }

enum { CRON_SIMPLE_SIZE = 24 };

/* "hour", "day", "week", "month" */
const char *cron_simple_name(enum cron_every every);
MUST_USE bool cron_simple_parse(enum cron_every *ret, const char *name);

/* "30 3 * * 1". ERR_INPUT: "Hour must be 0–23, you wrote 24". */
MUST_USE int cron_simple_text(char out[CRON_SIMPLE_SIZE], const struct cron_simple *s,
    struct err *e);

/* false when the expression is of another shape, however it is written, and `ret` is unchanged. */
MUST_USE bool cron_simple_of(struct cron_simple *ret, const struct cron *c);

#endif
