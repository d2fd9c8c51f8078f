/* watch.h: how long work tells what it is doing, and learns that it should stop. */
#ifndef WORKER_ARCHIVE_WATCH_H
#define WORKER_ARCHIVE_WATCH_H

#include <stdint.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/* Filled in by the job; safe to call from several threads. */
struct watch {
	/* So many more raw bytes are done. Cheap: call it for every piece. */
	void (*bytes)(void *arg, int64_t more);
	/* A line for the job's log; stream: note, err or warn. "warn" counts as a warning. */
	void (*say)(void *arg, const char *stream, const char *text);
	void *arg;
};

#endif
