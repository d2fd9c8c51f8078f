/* log.h: one line per event on stderr, logfmt with the sd-daemon priority in front.
 *
 *   <6>level=info event=backup.ready job=j412 msg="75 MB in 12 s"
 *
 * Values are quoted and escaped here; never pass a secret or a link token.
 */
#ifndef LIB_BASE_LOG_H
#define LIB_BASE_LOG_H

#include "lib/base/attr.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Lines above this level are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);

/* `event` is a constant word ("job.claimed"); the rest is the message. */
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF(3, 4);

#endif
