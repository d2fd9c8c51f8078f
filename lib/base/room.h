/* room.h: why a file system takes nothing more, and what to do about it. */
#ifndef LIB_BASE_ROOM_H
#define LIB_BASE_ROOM_H

#include <stdbool.h>

#include "lib/base/err.h"

/*
 * Word a failed write anew, for `place` ("storage main"), when it failed because the file system of
 * `fd` has no room, no inodes or an empty quota for it, or is read-only: all ERR_FULL. False, and
 * nothing is changed, when it failed for another reason.
 */
bool room_tell(struct err *e, int fd, const char *place);

/* The same for the folder at a path, which is also what it is called. */
bool room_tell_folder(struct err *e, const char *path);

/* errno says why the file or folder `path` could not be made; of room, it tells of the folder that
 * it was to lie in. Returns -1. */
int room_not_made(struct err *e, const char *path);

#endif
