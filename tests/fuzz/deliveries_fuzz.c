/* deliveries_fuzz.c: any datagram on the socket of deliveries. */
#include <assert.h>
#include <string.h>

#include "worker/deliveries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	if (deliveries_parse(&d, address, (const char *)data, size)) {
		assert(d.link > 0 && d.file > 0 && d.bytes >= 0);
		assert(strlen(d.address) < sizeof address);
	}
	return 0;
}
