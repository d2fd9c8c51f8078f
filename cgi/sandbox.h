/* sandbox.h: what a child of lazarette-web gives up, for good.
 *
 * sandbox_enter(): it makes no socket, starts no program, signals and reads no other process, and
 * no debugger reads it (seccomp; a list of what is denied, because libc and SQLite may call more
 * tomorrow). sandbox_files(): it opens the templates and the lists of files to read, the three
 * files of the catalogue, and nothing else (Landlock).
 */
#ifndef CGI_SANDBOX_H
#define CGI_SANDBOX_H

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"

MUST_USE int sandbox_enter(struct err *e);

/* The catalogue has to be open: its -wal and -shm exist then, and no new file can be made later. A
 * kernel without Landlock gets a warning in the log and goes on. */
MUST_USE int sandbox_files(const struct conf *conf, struct err *e);

#endif
