/* drivers.h: the engines there are, for the table in source.c. */
#ifndef WORKER_SOURCE_DRIVERS_H
#define WORKER_SOURCE_DRIVERS_H

#include "worker/source/source.h"

extern const struct source_driver src_postgresql_driver, src_sqlite_driver, src_files_driver;

#endif
