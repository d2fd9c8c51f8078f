/* pg_salvage.h: a stored PostgreSQL dump into an empty database, without a catalogue. */
#ifndef WORKER_TARGET_PG_SALVAGE_H
#define WORKER_TARGET_PG_SALVAGE_H

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "worker/archive/export.h"

/*
 * `url` is postgresql://user@host:port/database. A password in it is ERR_INPUT, for it would be
 * seen by everybody on this machine: PGPASSWORD and PGPASSFILE are passed on. ERR_CONFLICT: the
 * database is not empty. ERR_INPUT: the role is a superuser, or the dump holds a statement that
 * would reach out of its database, with its line. All of it is one transaction: after a failure
 * the database is as empty as before. The dump lies in a folder of its own below TMPDIR (/var/tmp)
 * meanwhile.
 */
MUST_USE int pg_salvage(const struct export_part *from, const char *url, struct arena *a,
    struct err *e);

#endif
