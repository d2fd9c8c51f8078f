/* notices.h: what waits to be told to a channel, and what became of it.
 *
 * A row has one uuid over all its tries (the receiver knows a second one by it) and a source: the
 * thing that it tells of. A channel gets each source once.
 */
#ifndef LIB_STORE_NOTICES_H
#define LIB_STORE_NOTICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/job.h"
#include "lib/model/notice.h"
#include "lib/store/alarms.h"
#include "lib/store/channels.h"
#include "lib/store/db.h"
#include "lib/store/outbox.h"

struct notice_row {
	int64_t id;
	const char *uuid;
	int64_t channel;
	enum notice_event event;
	int64_t environment;          /* 0: none */
	const char *body;             /* notice_json() */
	const char *state;            /* queued, sent, failed */
	int64_t attempts, next_at, status;   /* status of HTTP; 0: none came */
	const char *error;
	int64_t created_at, sent_at;
	const char *source;
	const char *mail;             /* the message that carries it, "" none yet */
	/* Of that message. */
	const char *mail_state, *mail_error;
	int64_t mail_tries;
	const char *channel_name;
};

/* What is new for a channel: channel, event, environment, body, source, next_at. A source that the
 * channel has changes nothing. */
MUST_USE int notices_add(struct db *db, const struct notice_row *n, struct err *e);
/* The same row again and again, with a new uuid each time: a ping of which only the last counts. */
MUST_USE int notices_renew(struct db *db, const struct notice_row *n, struct err *e);

/* Due at `now` and not mail: the oldest of each channel, with what sends it; at most 50. So one
 * that does not answer holds up no other. */
struct notice_due {
	struct notice_row row;
	struct channel channel;
};
MUST_USE int notices_due(struct notice_due **ret, size_t *count, struct arena *a, struct db *db,
    int64_t now, struct err *e);
/* As notices_due(), for mail. */
MUST_USE int notices_due_mail(struct notice_due **ret, size_t *count, struct arena *a,
    struct db *db, int64_t now, struct err *e);
/* Take it: due again at `until` unless its end is said before. *taken false: another was faster. */
MUST_USE int notices_take(bool *taken, struct db *db, const struct notice_row *n, int64_t until,
    struct err *e);

/* What a try brought. */
struct notice_outcome {
	bool sent;
	int status;
	const char *error;            /* "" when sent */
	int64_t again_at;             /* when not sent; 0: given up */
};
MUST_USE int notices_tried(struct db *db, const struct notice_row *n,
    const struct notice_outcome *o, struct err *e);
/* The mail that carries it goes into the outbox, both or none: none when another worker was faster.
 * m->message NULL: it is there. */
MUST_USE int notices_mailed(struct db *db, int64_t id, const struct outbox_mail *m,
    struct err *e);
/* The id of the message about this job that this address has got or will get; "" none. */
MUST_USE int notices_mail_of_job(char **ret, struct arena *a, struct db *db, int64_t job,
    const char *address, struct err *e);
/* Once more, from its first try on, with the same uuid. ERR_CONFLICT when its channel is off. */
MUST_USE int notices_again(struct db *db, int64_t id, struct err *e);

MUST_USE int notices_by_id(struct notice_row *ret, struct arena *a, struct db *db, int64_t id,
    struct err *e);
/* The log: of the channels that a level has itself, or of one of them; newest first, with an id
 * below `after` (0: from the newest), 50 rows. */
struct notice_filter {
	struct policy_place at;
	int64_t channel, after;
};
MUST_USE int notices_list(struct notice_row **ret, size_t *count, struct arena *a, struct db *db,
    const struct notice_filter *filter, struct err *e);
/* Rows that ended before `before` go, but for openings of alarms whose end was not told. */
MUST_USE int notices_forget(struct db *db, int64_t before, struct err *e);

/* -- jobs that nobody was told of -- */

struct notice_job {
	int64_t id;
	bool started_told;
};
/* At most 100, oldest first: begun (for good) and not told, or ended and not told. */
MUST_USE int notices_jobs(struct notice_job **ret, size_t *count, struct arena *a, struct db *db,
    struct err *e);
/* Is this backup what one that had failed waited for: the newest of a service before it failed, and
 * all that is still without a good one of what that had is in this? A service that was removed
 * since waits for nothing. */
MUST_USE int notices_failed_before(bool *ret, struct db *db, int64_t backup, struct err *e);

/* Was the last backup of whose end this channel was told a failed one? */
MUST_USE int notices_last_failed(bool *ret, struct db *db, int64_t channel, struct err *e);

/* Backups of an environment that ended since then. */
struct notices_week {
	int64_t good, failed;
};
MUST_USE int notices_week(struct notices_week *ret, struct db *db, int64_t environment,
    int64_t since, struct err *e);

/* What is made of one thing, and that it was told, both or none. Channels that have a row's source
 * keep theirs. */
struct notices_telling {
	const struct notice_row *rows;
	size_t count;
	int64_t job;                  /* 0: none */
	bool ended;                   /* all of the job was told, else that it began */
	const struct alarm *alarm;    /* NULL: none */
	const char *setting, *value;  /* a mark in the settings; NULL: none */
};
MUST_USE int notices_tell(struct db *db, const struct notices_telling *t, struct err *e);

#endif
