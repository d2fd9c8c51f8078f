/* sidecar_fuzz.c: descriptions of backups from a storage that anybody may have written to. */
#include <stdlib.h>
#include <string.h>

#include "worker/job/sidecar_read.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	struct sidecar_read found;
	struct err e;

	if (sidecar_read(&found, a, (const char *)data, size, &e) != 0)
		return 0;
	/* What is taken is complete. */
	if (found.part_count == 0)
		abort();
	for (size_t i = 0; i < found.part_count; i++)
		if (strlen(found.parts[i].service_slug) + strlen(found.parts[i].data.key) > size)
			abort();
	return 0;
}
