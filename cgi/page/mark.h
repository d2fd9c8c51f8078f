/* mark.h: the small marks that many pages share: short ids, states, durations.
 *
 * A state is always a word, an icon and a tone: <name>.word, <name>.icon (a symbol of icons.svg)
 * and <name>.tone (good, warn, bad, busy, idle: a class). The macro `state` prints the three, so
 * colour never stands alone.
 */
#ifndef CGI_PAGE_MARK_H
#define CGI_PAGE_MARK_H

#include <stdint.h>

#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/name.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"
#include "lib/util/render.h"

void mark_id(struct node *n, const char *name, enum name_kind kind, int64_t id);   /* "b101" */
void mark_duration(struct node *n, const char *name, int64_t ms); /* nothing below 0 */
void mark_count(struct node *n, const char *name, int64_t count);                  /* "3 412" */

void mark_state(struct node *n, const char *name, const char *word, const char *icon,
    const char *tone);
void mark_job(struct node *n, const struct job *job);               /* state */
void mark_backup(struct node *n, const struct backup *b);           /* state */
/* held.mode "Live" or "Consistent"; held.live; held.text: how long the application stood still */
void mark_frozen(struct node *n, const struct backup *b);
void mark_health(struct node *n, const struct backup *b, int64_t now);   /* verified */
void mark_download(struct node *n, const struct download *d, int64_t now);   /* state */
/* What became of a mail: mail, and mail.error when it is unsent. State: "", queued, sent, failed.
 */
void mark_mail(struct node *n, const char *state, const char *error);
void mark_restore(struct node *n, const struct restore *r);         /* state */
/* What the last test restore found: tested, tested.at, tested.text; nothing when there was none. */
void mark_tested(struct node *n, const struct backup *b, int64_t now);
void mark_check(struct node *n, const struct service *s);           /* check */

/* What a job does, in words: "Backup", "Connection test". */
const char *mark_job_title(enum job_kind kind);
const char *mark_kind(enum backup_kind kind);                       /* "Scheduled", "On-demand" */

const char *mark_mode(enum restore_mode mode);                      /* "Replace" */
/* Why a backup cannot be restored, as a sentence; NULL when it can. */
const char *mark_obstacle(const struct backup *b);

#endif
