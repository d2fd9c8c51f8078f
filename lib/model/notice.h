/* notice.h: what the console tells by itself: events, kinds of channels, and the words of each.
 *
 * A notice waits as JSON (notice_json), the same that a signed webhook sends. The other kinds of
 * channels get a message made of it when it leaves (notice_message).
 */
#ifndef LIB_MODEL_NOTICE_H
#define LIB_MODEL_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

enum notice_event {
	NOTICE_BACKUP_FAILED,
	NOTICE_BACKUP_READY,
	NOTICE_LATE,             /* a scheduled backup did not come */
	NOTICE_AT_RISK,          /* the last good backup is too old, or there is no schedule */
	NOTICE_SUSPICIOUS,       /* a backup's size or contents look wrong */
	NOTICE_MISSING,          /* stored bytes are gone or changed */
	NOTICE_STORAGE,          /* nearly full */
	NOTICE_WORKER_SILENT,    /* to healthchecks: a ping each minute while it is not */
	NOTICE_TEST_FAILED,      /* a test restore */
	NOTICE_RTO,              /* a restore would take too long */
	NOTICE_HELD,             /* an application was held for a backup, and its thaw fails */
	NOTICE_RECOVERED,        /* one of those above is over */
	NOTICE_RESTORE_DONE,
	NOTICE_RESTORE_FAILED,
	NOTICE_DIGEST,           /* of the week; to the instance's channels alone */
	NOTICE_CHOICES,          /* so many can be chosen; the others come by themselves */
	NOTICE_BACKUP_STARTED = NOTICE_CHOICES,   /* to healthchecks alone */
	NOTICE_ALIVE,            /* to healthchecks alone */
	NOTICE_TEST,             /* somebody pressed [Send test] */
	NOTICE_EVENTS
};
enum channel_kind {
	CHANNEL_MAIL,
	CHANNEL_WEBHOOK,
	CHANNEL_SLACK,
	CHANNEL_TEAMS,
	CHANNEL_NTFY,
	CHANNEL_HEALTHCHECKS,
	CHANNEL_KINDS
};

const char *notice_event_name(enum notice_event event);    /* "backup-failed": in the catalogue */
const char *notice_event_title(enum notice_event event);   /* "Backup failed" */
MUST_USE bool notice_event_parse(enum notice_event *ret, const char *name);
/* The kinds of alarms that there are, from 0 on; NULL: no more. */
const char *notice_alarm_kind(size_t i);
/* What an alarm of this kind is called as an event; false for an unknown kind. */
MUST_USE bool notice_of_alarm(enum notice_event *ret, const char *kind);
const char *notice_kind_name(enum channel_kind kind);      /* "slack" */
const char *notice_kind_title(enum channel_kind kind);     /* "Slack" */
MUST_USE bool notice_kind_parse(enum channel_kind *ret, const char *name);
/* Can a channel of this kind be told of it? `instance`: it belongs to no project. */
bool notice_suits(enum channel_kind kind, enum notice_event event, bool instance);

/* A set of events. */
typedef uint32_t notice_set;
static inline notice_set
notice_bit(enum notice_event event)
{
	return (notice_set)1 << event;
}

struct notice {
	enum notice_event event;
	int64_t at;
	const char *project, *environment;       /* slugs; "" of the whole instance */
	const char *title;                       /* one line */
	const char *text;                        /* "" or some lines */
	const char *url;                         /* the page about it */
	const char *backup, *backup_uuid, *job;  /* "b101"; "" none */
	const char *closes;                      /* the event that is over, or "" */
};

/* {"type", "timestamp", "data": {…}}, as one line. */
char *notice_json(struct arena *a, const struct notice *n);
/* ERR_DAMAGED: it is none. */
MUST_USE int notice_parse(struct notice *ret, struct arena *a, const char *json, struct err *e);

/* What is sent over HTTP for a kind that is not mail. The URL is the channel's own, but for ntfy
 * (its topic moves into the body) and healthchecks (the end of it tells what happened). */
struct notice_message {
	const char *url, *body, *content_type;
};
MUST_USE int notice_message(struct notice_message *ret, struct arena *a, enum channel_kind kind,
    const char *url, const struct notice *n, struct err *e);

/* When a delivery that has failed so many times (from 1) is tried again, in ms from now: 5 s to
 * 24 h as Standard Webhooks has it; -1: no more. */
int64_t notice_retry_ms(enum notice_event event, int64_t attempts);

#endif
