/* salvage.h: a backup taken out of a storage alone: no catalogue, no configuration, no web part. */
#ifndef WORKER_SALVAGE_H
#define WORKER_SALVAGE_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"

struct salvage {
	const char *storage;          /* its folder, or its name in the catalogue of this machine */
	const char *backup;           /* "b101", or its UUID */
	const char *service;          /* one service of it by its slug; NULL: all */
	/* Exactly one of the two. A folder that is empty or not there yet; or a PostgreSQL
	 * database that is empty, as URL without a password (that comes by PGPASSWORD or
	 * PGPASSFILE). */
	const char *to_dir, *to_database;
	/* A file of age's secret keys; NULL: none, but of a storage by its name those here. */
	const char *identity;
	/* What must have signed it: a .pub file of minisign or its RW… text. NULL: of a
	 * storage by its name the key of the catalogue; else what the storage itself names, which
	 * proves only that nobody changed it who could not change that. */
	const char *signing_key;
	bool not_signed;              /* take also what has no signature */
};

/*
 * Tells on stdout what became of each service. Every byte is compared with what the sidecar
 * promises before it counts: ERR_DAMAGED says where the stored copy is damaged. ERR_NOT_FOUND names
 * what there is instead, or what to do where no catalogue knows the name of a storage. In the
 * folder each service appears under its name only whole: <slug>/ (files), <slug>.dump,
 * <slug>.sqlite. A database is filled in one transaction.
 */
MUST_USE int salvage_run(const struct salvage *s, struct err *e);

#endif
