/* pass.h: connections that waited in the queue of one socket are handed over to another. */
#ifndef WORKER_PASS_H
#define WORKER_PASS_H

/* Accepts from `listener` (which is non-blocking) until its queue is empty, connects each to the
 * unix socket at `path` and carries bytes both ways until both have ended. An application that does
 * not listen at once is waited for; a client that has gone is not passed on. */
void pass_all(int listener, const char *path);

#endif
