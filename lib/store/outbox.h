/* outbox.h: mails that wait to be sent. */
#ifndef LIB_STORE_OUTBOX_H
#define LIB_STORE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/store/downloads.h"
#include "lib/store/events.h"

struct outbox_mail {
	int64_t id, job;              /* job 0: none */
	const char *message_id;       /* stable over all tries, without <> */
	const char *kind;             /* a template of templates/mail */
	const char *recipient, *subject;
	const char *message; /* sealed to the worker's key: a link stands in it */
	size_t message_size;
	const char *sealed_for;       /* the public key, of one that is to be added */
	const char *state, *last_error;
	int64_t tries, next_at, created_at, sent_at;
};

/* A message_id that is there already changes nothing and is no error: a retried job mails once. */
MUST_USE int outbox_add(struct db *db, const struct outbox_mail *m, struct err *e);
/* The mail together with the link that stands in it, as links_add(): both or none. A message_id
 * that is there already makes no link, either. */
MUST_USE int outbox_add_with_link(struct db *db, const struct outbox_mail *m, struct link *link,
    const char *token_hash, struct err *e);
/* Take the next mail that is due, or id 0. It is due again after `hold_ms`, unless its end is said
 * before: so no second worker sends it meanwhile, and one that dies does not lose it. */
MUST_USE int outbox_next(struct outbox_mail *ret, struct arena *a, struct db *db, int64_t hold_ms,
    struct err *e);
/* Taken, but nobody tries it: due now. */
MUST_USE int outbox_put_back(struct db *db, int64_t id, struct err *e);
/* Sent: the message itself is forgotten. */
MUST_USE int outbox_sent(struct db *db, int64_t id, struct err *e);
/* Not sent: again after 1, 2, 4 … min, at most 6 h apart; given up (failed, message forgotten) 24 h
 * after it was made, or at once when `final`. */
MUST_USE int outbox_not_sent(struct db *db, int64_t id, const char *why, int final, struct err *e);
/* The newest mail about a job, or id 0. */
MUST_USE int outbox_of_job(struct outbox_mail *ret, struct arena *a, struct db *db, int64_t job,
    struct err *e);

#endif
