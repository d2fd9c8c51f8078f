/* regain_place.h: inside of lib/store/regain: where a backup belongs. */
#ifndef LIB_STORE_REGAIN_PLACE_H
#define LIB_STORE_REGAIN_PLACE_H

#include "lib/store/regain.h"

/* Make the projects, environments and services that are missing, as the newest backup of each has
 * them; inside a transaction. */
MUST_USE int regain_place_all(struct regain *r, struct db *db, struct err *e);

#endif
