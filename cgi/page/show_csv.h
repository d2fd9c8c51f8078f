/* show_csv.h: lists as CSV: one row of names, then a row each. Times are UTC, sizes exact bytes; a
 * state is the word that the filters of the pages know. */
#ifndef CGI_PAGE_SHOW_CSV_H
#define CGI_PAGE_SHOW_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/http/reply.h"
#include "lib/model/zoneset.h"
#include "lib/store/backups.h"
#include "lib/store/plans.h"
#include "lib/store/retention.h"
#include "lib/store/stats.h"

/* An answer is held whole until it is sent: no list becomes larger than this. */
enum { SHOW_CSV_MAX = 16 * 1024 * 1024 };

/* The answer is an attachment: `name` ("shop-live-backups", made of slugs) and the time make the
 * name of its file. */
void show_csv_begin(struct reply *rp, const char *name, int64_t now);
/* False when the list is as large as it may be: then its last row has said so, and where the rest
 * is to be had. Ask before each row. */
bool show_csv_room(struct reply *rp);

void show_csv_backups_head(struct reply *rp);
/* retention is asked how long it stays; its words are made in `a`. */
void show_csv_backup(struct reply *rp, struct arena *a, const struct backup *b,
    const struct retention *retention);

void show_csv_plans_head(struct reply *rp);
void show_csv_plan(struct reply *rp, struct zoneset *set, const struct schedule_plan *p,
    int64_t now);

void show_csv_environments_head(struct reply *rp);
void show_csv_environment(struct reply *rp, struct arena *a, const struct stats_row *r,
    int64_t now);

#endif
