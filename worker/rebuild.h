/* rebuild.h: the catalogue's backups made again from the sidecars of a storage, without reading
 * what they describe. */
#ifndef WORKER_REBUILD_H
#define WORKER_REBUILD_H

#include <stdbool.h>

#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"

struct rebuild_order {
	const char *storage;          /* its slug, or a folder, which becomes one */
	const char *signing_key;      /* as struct salvage has it; NULL: the catalogue's own, or,
	                                 where it has none, what the storage names */
	bool not_signed;              /* take also what has no signature */
	bool adopt;                   /* become the instance that the storage belongs to */
	bool dry;                     /* tell, and change nothing */
};

/*
 * Tells on stdout what came of it. *whole is false when something was not taken, or is missing or
 * damaged. ERR_CONFLICT: the storage belongs to another instance, or, of one that is adopted, names
 * another signing key than this instance has, or none, and the order does not say what must have
 * signed. ERR_DENIED: its server shows a key that nobody has confirmed; the storage's page shows it
 * from then on. On failure nothing has changed; run again, what is there is left alone. Who adopts
 * takes lazarette.json out of the other storages first, which hold nothing yet.
 */
MUST_USE int rebuild_run(bool *whole, const struct conf *conf, const struct rebuild_order *order,
    struct err *e);

#endif
