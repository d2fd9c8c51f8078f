/* target.c: the table of engines that can be restored. */
#include "worker/target/target.h"

#include <assert.h>

#include "worker/target/landings.h"

const struct target_driver *
target_driver(enum engine engine)
{
	static const struct target_driver *const drivers[ENGINES] = {
		[ENGINE_POSTGRESQL] = &tgt_postgresql_driver,
		[ENGINE_SQLITE] = &tgt_sqlite_driver,
		[ENGINE_FILES] = &tgt_files_driver,
	};

	assert(engine < ENGINES);
	return drivers[engine];
}
