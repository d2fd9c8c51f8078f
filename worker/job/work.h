/* work.h: one job, in a process of its own, from its row to its end. */
#ifndef WORKER_JOB_WORK_H
#define WORKER_JOB_WORK_H

#include "lib/store/jobs.h"
#include "lib/util/conf.h"

/*
 * Does the job and writes its end. Returns the exit status of the process: 0 the end is written,
 * REPORT_FENCED somebody else has the job, REPORT_UNWRITTEN the catalogue took no end within a
 * minute. Any other end of the process (a signal, a crash) is for the supervisor to write.
 */
int work_run(const struct conf *conf, const struct lease *l);

#endif
