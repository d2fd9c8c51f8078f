/* letter.h: what the mails say: from rows of the catalogue to the tree of a template in
 * templates/mail. */
#ifndef WORKER_NOTIFY_LETTER_H
#define WORKER_NOTIFY_LETTER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/notice.h"
#include "lib/model/restore.h"
#include "lib/store/db.h"
#include "lib/store/restores.h"
#include "lib/util/conf.h"
#include "lib/util/render.h"

/* One mail in the making. The functions below fill the tree, and decide kind and subject. */
struct letter {
	struct db *db;
	const struct conf *conf;
	struct arena *arena;
	struct tree *tree;
	const char *uuid;             /* of the job: what the mail's id is made of */
	int64_t job_id;               /* 0: about no job */
	const char *kind, *subject;
};

/* Text from outside as one clean line of at most `limit` characters: for headers. */
char *letter_line(const struct letter *l, const char *text, size_t limit);
void letter_about_job(struct letter *l, const struct job *job);
void letter_about_backup(struct letter *l, const struct backup *b);
void letter_about_download(struct letter *l, const struct download *d);

void letter_backup_ready(struct letter *l, const struct backup *b, const struct part *parts,
    size_t count);
void letter_download_ready(struct letter *l, const struct download *d, const struct link *link,
    const char *token);
void letter_add_file(struct letter *l, const struct download_file *file, const char *token);
/* Reason, exit code of the tool, last five lines of the log. `what` begins the subject: "Backup".
 */
MUST_USE int letter_failed(struct letter *l, const char *kind, const char *what,
    const struct job *job, struct err *e);

/* A restore and its job, which may be the restore's own or an undo. */
struct letter_restore {
	const struct job *job;
	const struct restore *restore;
	const struct restore_part *parts;
	size_t count;
	enum restore_way way;         /* how an undo would go now */
};
void letter_restore_done(struct letter *l, const struct letter_restore *w);
/* Failed or cancelled. Names the parts that are not what they were. */
MUST_USE int letter_restore_failed(struct letter *l, const struct letter_restore *w,
    struct err *e);
/* A test restore, however it ended. */
MUST_USE int letter_restore_tested(struct letter *l, const struct job *job,
    const struct backup *b, struct err *e);
void letter_test(struct letter *l);
/* A notice for the channel of this name; the weekly digest, too. */
void letter_notice(struct letter *l, const struct notice *n, const char *channel);
/* May notices come to this address? The token opens the page that asks. */
void letter_confirm(struct letter *l, const char *channel, const char *token);

#endif
