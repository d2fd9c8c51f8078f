/* spread.h: schedules of the same minute do not all start in it. */
#ifndef LIB_MODEL_SPREAD_H
#define LIB_MODEL_SPREAD_H

enum { SPREAD_MAX = 60 };

/*
 * By how many minutes one service or environment runs later than its schedule says: 0 to `spread`
 * (at most SPREAD_MAX; below 0 is 0), chosen as by chance, but always the same for the same two
 * uuids and spread, in every process and after every restart.
 */
int spread_minutes(const char *schedule_uuid, const char *target_uuid, int spread);

#endif
