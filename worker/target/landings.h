/* landings.h: the engines that can be restored, for the table in target.c. */
#ifndef WORKER_TARGET_LANDINGS_H
#define WORKER_TARGET_LANDINGS_H

#include "worker/target/target.h"

extern const struct target_driver tgt_postgresql_driver, tgt_sqlite_driver, tgt_files_driver;

#endif
