/* spawn.h: this program once more, as a child for one duty. */
#ifndef WORKER_SPAWN_H
#define WORKER_SPAWN_H

#include <sys/types.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

/*
 * Run our own program with these arguments (without argv[0]; NULL ends them): the same file, also
 * after an upgrade has replaced it on disk. It leads a session of its own, gets SIGTERM when
 * we die, inherits stderr and the environment, and no other descriptor.
 */
MUST_USE int spawn_self(pid_t *ret, const char *const *args, struct err *e);

#endif
