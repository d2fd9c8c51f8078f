/* runner.h: the worker's supervisor: one thread, one loop, no waiting but in poll. */
#ifndef WORKER_RUNNER_H
#define WORKER_RUNNER_H

#include "lib/util/conf.h"

/* Runs until SIGTERM or SIGINT; jobs in work are stopped and queued again. Gives the exit status.
 */
int runner_run(const struct conf *conf);

/* One round of housekeeping, as the child that the loop starts for it. */
int runner_sweep(const struct conf *conf, long long since);

#endif
