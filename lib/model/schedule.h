/* schedule.h: when backups come by themselves: one schedule, and when it is due. Pure. */
#ifndef LIB_MODEL_SCHEDULE_H
#define LIB_MODEL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/cron.h"
#include "lib/model/project.h"
#include "lib/model/zone.h"

/* When the ends of its backups are told. */
enum schedule_notify {
	NOTIFY_CHANNELS,              /* as each channel has chosen */
	NOTIFY_NEVER,
	NOTIFY_FAILURE,               /* checks hear of all, for they notice silence */
	NOTIFY_ALWAYS,                /* who hears of failed or of good ones hears of both */
	NOTIFIES
};
const char *schedule_notify_name(enum schedule_notify notify);     /* "failure": in the catalogue */
MUST_USE bool schedule_notify_parse(enum schedule_notify *ret, const char *name);

/* Of one environment; of a project or of the instance (neither is set), then for each environment
 * below that has none nearer. */
struct schedule {
	int64_t id, revision;
	int64_t project, environment;
	const char *uuid, *name;
	const char *cron;             /* as it was written: cron_read.h */
	const char *zone;             /* "": the environment's own */
	bool all_kinds;               /* of a project or the instance; else of live ones alone */
	int spread_min;               /* 0 to 60: spread.h */
	enum backup_mode mode;
	const char *keep;             /* keeps of its own (retain_rule.h); "" or NULL: none */
	enum schedule_notify notify;
	bool enabled;
	int64_t off_at;               /* when it was turned off, and by whom */
	const char *off_name;
	int64_t paused_until;         /* 0: it is not */
	int64_t created_at;
	const int64_t *services;      /* only these; none: all */
	size_t service_count;
};

/* What [Every night] sets; on the plans it is called the default. */
#define SCHEDULE_USUAL "0 2 * * *"

/* So many at one place; and so many minutes at least between two runs. */
enum { SCHEDULES_MAX = 10, SCHEDULE_SHORTEST = 15, SCHEDULE_ERRORS_MAX = 6 };

/* What is wrong with name, cron, zone, spread, keep, each as the sentence beside its field; returns
 * how many. */
size_t schedule_check(struct field_error out[SCHEDULE_ERRORS_MAX], struct arena *a,
    const struct schedule *s);

/* How far it has come at an instant. */
struct schedule_turn {
	bool due;
	struct cron_run run;          /* what is due, without the spread */
	int missed;                   /* runs before it that are given up */
	int64_t handled;              /* what to believe of the `handled` that was given */
	int64_t spread;               /* ms that every run of this target is later */
	int64_t next;                 /* the run after, with its spread; 0: never, or turned off */
};

/*
 * `handled` is the instant of the last run that was started or given up (cron.h). What falls into a
 * pause, or was before its end, is given up without being counted. `target` is the uuid of the
 * environment. ERR_INPUT: its expression is none.
 */
struct schedule_target {
	const char *uuid;
	const struct zone *zone;
	int64_t handled;
};
MUST_USE int schedule_turn(struct schedule_turn *ret, const struct schedule *s,
    const struct schedule_target *t, int64_t now, struct err *e);

#endif
