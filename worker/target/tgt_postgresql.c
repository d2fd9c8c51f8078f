/* tgt_postgresql.c: restoring into postgresql. */
#include "worker/target/landings.h"

const struct target_driver tgt_postgresql_driver = {
	.engine = ENGINE_POSTGRESQL,
};
