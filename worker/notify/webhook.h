/* webhook.h: notices on their way over HTTP: each try is a child process of its own, some at once,
 * at most one per channel.
 *
 * A notice is taken for a time; a worker that dies while it is on its way leaves it due again, with
 * the same webhook-id: the receiver may see it twice, never more often per death, and can know it.
 */
#ifndef WORKER_NOTIFY_WEBHOOK_H
#define WORKER_NOTIFY_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/base/rand.h"
#include "lib/model/notice.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

enum { WEBHOOK_AT_ONCE = 4, WEBHOOK_ERROR_SIZE = 512 };

/* What a child says, in one write. */
struct webhook_answer {
	bool sent;                    /* a status of 200 to 299 */
	bool final;                   /* trying again is of no use */
	int status;                   /* 0: no answer came */
	int64_t retry_after_s;
	char error[WEBHOOK_ERROR_SIZE];
};
struct webhook_slot {
	pid_t pid;                    /* 0: free, unless answered */
	int fd;
	int64_t id, channel, attempts;
	char uuid[UUID_SIZE];
	enum notice_event event;
	bool answered;                /* not in the catalogue yet */
	struct webhook_answer answer;
};
/* Starts as zeros; belongs to the supervisor. */
struct webhook_sender {
	struct webhook_slot slots[WEBHOOK_AT_ONCE];
};

/* Never waits: takes what children say, and starts children for what is due. Forks: call it in a
 * process without threads. -1 only for faults of the catalogue or of fork. */
MUST_USE int webhook_step(struct webhook_sender *s, struct db *db, const struct conf *conf,
    int64_t now, struct err *e);
/* End the children; what they carried is due at once. */
void webhook_stop(struct webhook_sender *s, struct db *db, int64_t now);
bool webhook_busy(const struct webhook_sender *s);

#endif
