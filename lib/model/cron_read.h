/* cron_read.h: a cron expression from text, and sentences for what is wrong with it. */
#ifndef LIB_MODEL_CRON_READ_H
#define LIB_MODEL_CRON_READ_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/cron.h"

enum { CRON_TEXT_MAX = 200 };

/*
 * Five fields: minute, hour, day of month, month, weekday. Each is a list, divided by commas, of
 * `*`, values and ranges, of which `*` and ranges may have a step: 5-50/10. Months and weekdays
 * have names (JAN, mon), Sunday is 0 and 7. Day: L is the last of the month. Weekday: 5L or friL is
 * the last Friday of it. Or one of @hourly @daily @midnight @weekly @monthly @yearly @annually.
 * As in Debian's cron a day field counts as unrestricted if its first character is `*`.
 *
 * `shortest` is how many minutes must lie between two runs of any day; 0 or 1 allows all.
 * ERR_INPUT: "Minute must be 0–59, you wrote 75", "30 February never happens", "Runs every minute;
 * the shortest allowed is 15 minutes"; the text is valid UTF-8 whatever was written.
 */
MUST_USE int cron_read(struct cron *ret, const char *text, int shortest, struct err *e);

#endif
