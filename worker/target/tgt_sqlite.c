/* tgt_sqlite.c: restoring into sqlite. */
#include "worker/target/landings.h"

const struct target_driver tgt_sqlite_driver = {
	.engine = ENGINE_SQLITE,
};
