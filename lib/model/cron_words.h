/* cron_words.h: a schedule as an English sentence. */
#ifndef LIB_MODEL_CRON_WORDS_H
#define LIB_MODEL_CRON_WORDS_H

#include "lib/base/arena.h"
#include "lib/model/cron.h"

/*
 * "Every day at 02:00", "Every Monday and Thursday at 03:30", "Every 15 minutes", "On the last day
 * of every month at 23:00". Always exact: what has no short sentence gets a long one, and schedules
 * of different times never share one. Begins with a capital, has no full stop, does not say the
 * zone. Only the rule for the days of the clock change (cron.h: `fixed`) is not in it.
 */
const char *cron_words(struct arena *a, const struct cron *c);

#endif
