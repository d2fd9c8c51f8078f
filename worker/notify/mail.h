/* mail.h: which mail is due, what it says, and how it leaves.
 *
 * A mail is rendered from templates/mail and put into the outbox; it never fails a job. The
 * supervisor sends the outbox, one mail at a time, each in a child process of its own.
 */
#ifndef WORKER_NOTIFY_MAIL_H
#define WORKER_NOTIFY_MAIL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/*
 * Queue what is due about a job that has ended; nothing is due about one that runs, or is a check,
 * a verification, a look or a tidying, nor about a backup or download that was cancelled.
 * backup    succeeded: "Backup ready" to who asked, when mail_when_done
 *           failed:    "Backup FAILED" to who asked, or to the project's owners when nobody did
 * download  succeeded: a fresh link (token, links_add) and "Download ready" to who asked
 *           failed:    "Download FAILED" to who asked
 * restore, undo, test, however they ended: to who asked and to the watchers of the target's
 *           environment (of a test: of the backup's), each once
 * Reads all it needs by the job's id. Calling it again for the same job queues nothing new (and
 * makes no second link), so call it when a job's process is reaped, and at start for the newest
 * jobs.
 */
MUST_USE int mail_job_ended(struct db *db, const struct conf *conf, int64_t job, struct err *e);

/* Render the letter for one recipient as a mail for the outbox, sealed; nothing is queued yet.
 * Lives in the letter's arena. ERR_INPUT: not an address. */
struct letter;
struct outbox_mail;
MUST_USE int mail_make(struct outbox_mail *ret, const struct letter *l, const char *recipient,
    struct err *e);

/* Send a test mail now, past the outbox: for a person who waits. Blocks as smtp_send() does. */
MUST_USE int mail_test(struct db *db, const struct conf *conf, const char *recipient,
    struct err *e);

/* One mail on its way. Starts as MAIL_SENDER_INIT; belongs to the supervisor. */
struct mail_sender {
	pid_t pid;                    /* 0: nothing is on its way */
	int fd; /* readable when the child has an answer or is gone: for poll() */
	int64_t id;                   /* of the mail in the outbox */
	bool answered;                /* rc and why are not in the catalogue yet */
	int rc;
	struct err why;
};
#define MAIL_SENDER_INIT { .fd = -1 }

/*
 * Never blocks: take the answer of the child if it has one and write it to the outbox; if no child
 * runs, start one for the next due mail. Fork happens here: call it in a process without threads.
 * The child has an alarm, dies with its parent, and does not touch the catalogue. -1 only for
 * faults of the catalogue or of fork; a mail that could not be sent is written to the outbox and
 * logged.
 */
MUST_USE int mail_send_step(struct mail_sender *s, struct db *db, const struct conf *conf,
    struct err *e);
/* As mail_send_step(), but waits for the child it started. *tried is false when no mail was due. */
MUST_USE int mail_send_next(bool *tried, struct db *db, const struct conf *conf, struct err *e);
/* End a child that still runs; its mail is due at once. */
void mail_send_stop(struct mail_sender *s, struct db *db);

#endif
