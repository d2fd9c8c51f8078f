/* badges.h: the public address of an environment's badge. */
#ifndef LIB_STORE_BADGES_H
#define LIB_STORE_BADGES_H

#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/store/db.h"

/* A new code, of 256 random bits; an old one no longer works. */
MUST_USE int badges_make(struct db *db, int64_t environment, struct err *e);
MUST_USE int badges_remove(struct db *db, int64_t environment, struct err *e);
/* "" when it has none. */
MUST_USE int badges_code(char **ret, struct arena *a, struct db *db, int64_t environment,
    struct err *e);
/* The environment of a code; ERR_NOT_FOUND. */
MUST_USE int badges_find(int64_t *environment, struct db *db, const char *code, struct err *e);

#endif
