/* show_log.h: what a job wrote, line by line, and the same as plain text. */
#ifndef CGI_PAGE_SHOW_LOG_H
#define CGI_PAGE_SHOW_LOG_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/store/jobs.h"
#include "lib/util/render.h"

enum {
	SHOW_LOG_TAIL = 200,
	SHOW_LOG_WHOLE = 2001
}; /* a job keeps 2000 lines and one that says so */

/* Into n: log.lines (at, stream, text) and log.cut when older lines were left out. */
void show_log_lines(struct node *n, const struct job_line *lines, size_t count);
/* One line each: time, stream, text. */
void show_log_text(struct buf *to, const struct job_line *lines, size_t count);

#endif
