/* find.h: from the words of a path to the things they name.
 *
 * What is not there, and what belongs somewhere else, is ERR_NOT_FOUND: a foreign id tells nothing.
 */
#ifndef CGI_HANDLE_FIND_H
#define CGI_HANDLE_FIND_H

#include <stdbool.h>
#include <stdint.h>

#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/model/backup.h"
#include "lib/model/download.h"
#include "lib/model/job.h"
#include "lib/model/project.h"
#include "lib/model/restore.h"

/* /p/{project} */
MUST_USE int find_project(struct project *ret, const struct request *rq, struct err *e);
/* /p/{project}/{environment} */
MUST_USE int find_environment(struct environment *ret, const struct request *rq, struct err *e);
/* …/services/{service} of that environment */
MUST_USE int find_service(struct service *ret, const struct request *rq,
    const struct environment *v, struct err *e);
/* /b/{n}, /d/{n}, /j/{n}, /r/{n}, each with its environment; a restore with its target */
MUST_USE int find_backup(struct backup *ret, struct environment *v, const struct request *rq,
    struct err *e);
MUST_USE int find_download(struct download *ret, struct environment *v, const struct request *rq,
    struct err *e);
MUST_USE int find_job(struct job *ret, struct environment *v, const struct request *rq,
    struct err *e);
MUST_USE int find_restore(struct restore *ret, struct environment *v, const struct request *rq,
    struct err *e);

/* Whether this person may restore into an environment of that kind; check: ERR_DENIED says who may.
 */
bool find_may_restore(const struct request *rq, enum environment_kind kind);
MUST_USE int find_check_restore(const struct request *rq, const struct environment *v,
    struct err *e);

/* What a page waits for is made by jobs, `newest` the last of them (0: none). *ret is that job
 * while it is at work or when it failed; NULL: it is to be asked for now. ERR_INTERNAL: it was made
 * just now and is not here, and will not come by being made again. */
MUST_USE int find_maker(struct job **ret, const struct request *rq, int64_t newest, struct err *e);

/* A token that nobody knows: ERR_NOT_FOUND, or ERR_TOO_MANY for who has tried many. */
MUST_USE int find_no_link(const struct request *rq, struct err *e);

/* The job that an earlier post of the same form made, or 0. */
MUST_USE int find_earlier(int64_t *job, const struct request *rq, struct err *e);
/* The key of a form: what its hidden field holds and where it goes, as all forms of a page hold
 * the same; NULL when it has none. */
const char *find_key(const struct request *rq);
/* Was a thing of the same values made so lately that this is its form again, pressed twice? */
bool find_repeated(const struct request *rq, int64_t made_at);

#endif
