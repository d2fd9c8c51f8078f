/* spread.c: schedules of the same minute do not all start in it. */
#include "lib/model/spread.h"

#include <stdint.h>
#include <string.h>

#include "lib/util/hash.h"

int
spread_minutes(const char *schedule_uuid, const char *target_uuid, int spread)
{
	CLEANUP_HASH struct hash *h = hash_new();
	int range = spread < 0 ? 0 : spread > SPREAD_MAX ? SPREAD_MAX : spread;
	char hex[HASH_HEX_SIZE];
	uint64_t n = 0;

	/* With the final NUL, so that "a","bc" is not "ab","c". */
	hash_add(h, schedule_uuid, strlen(schedule_uuid) + 1);
	hash_add(h, target_uuid, strlen(target_uuid) + 1);
	hash_hex(h, hex);
	for (int i = 0; i < 15; i++)
		n = n << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
	return (int)(n % (uint64_t)(range + 1));
}
