/* tgt_files.c: restoring into folders. */
#include "worker/target/landings.h"

const struct target_driver tgt_files_driver = {
	.engine = ENGINE_FILES,
};
