/* keyset.h: the keys of an instance: who can open its backups, and what signs them.
 *
 * The secret halves are files in <home>/keys of mode 0600, the public ones settings of the
 * catalogue. The recovery key is the exception: it is printed once, to be kept elsewhere, and only
 * its public half stays.
 */
#ifndef CLI_KEYSET_H
#define CLI_KEYSET_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

struct keyset {
	struct db *db;
	const struct conf *conf;
	struct arena *arena;
};
/* Make what is missing; nothing that is there is changed. A new recovery key goes to stdout before
 * it is in use. */
MUST_USE int keyset_make(const struct keyset *k, struct err *e);
/* A new key for what is stored from now on. The old one stays, for what was stored before. */
MUST_USE int keyset_rotate(const struct keyset *k, struct err *e);
/* The public halves, to stdout. */
MUST_USE int keyset_show(const struct keyset *k, struct err *e);

#endif
