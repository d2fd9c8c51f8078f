/* hold.h: requests to an application wait, and none is refused, while it must stand still.
 *
 * For applications that listen on a unix socket behind a web server. Holding changes places, in one
 * atomic step, between that socket and another one that nobody accepts from: whoever connects
 * waits in its queue. Letting go changes them back, then hands each waiting connection over. A
 * process of its own does it, which outlives its caller and lets go by itself when the time is up.
 */
#ifndef WORKER_HOLD_H
#define WORKER_HOLD_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Hold, for `seconds` at most, and come back when no request is at work in the application any
 * more. An error leaves nothing held: it is already, is no socket, its group cannot be given to the
 * one that takes its place (then the web server would be refused: this user must be in that group),
 * or requests did not end within half of the time (10 seconds at most). */
MUST_USE int hold_begin(const char *socket, int64_t seconds, struct err *e);

/* Let go, also what a holder that was killed has left; waiting connections are handed over after
 * it. Nothing held is fine. */
MUST_USE int hold_end(const char *socket, struct err *e);

#endif
