/* kin.h: all that a job started. */
#ifndef WORKER_JOB_KIN_H
#define WORKER_JOB_KIN_H

#include <sys/types.h>

/*
 * SIGKILL every process of the session that `leader` leads, but not the leader. Each job leads a
 * session of its own; its tools run in process groups of their own, where no signal to the job's
 * group finds them, and what they started themselves gets no death signal. The session holds them
 * all, also when the job is dead already.
 */
void kin_kill(pid_t leader);

#endif
