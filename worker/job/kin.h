/* kin.h: the processes a process started. */
#ifndef WORKER_JOB_KIN_H
#define WORKER_JOB_KIN_H

#include <sys/types.h>

/*
 * SIGKILL the process groups that children of `parent` lead, and those children. Tools run in
 * groups of their own, so a signal to the group of their parent does not reach them; and the death
 * signal that they get when it dies does not reach what they started themselves.
 */
void kin_kill(pid_t parent);

#endif
