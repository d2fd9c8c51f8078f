/* ledger_file.h: how a ledger lies on disk; only ledger.c and ledger_write.c include it. */
#ifndef WORKER_ARCHIVE_LEDGER_FILE_H
#define WORKER_ARCHIVE_LEDGER_FILE_H

#include "worker/archive/ledger.h"

/* Another layout is another magic: then all are made again. */
#define LEDGER_MAGIC "lzledg1"
enum { LEDGER_NAME = 256, LEDGER_SUM = 64 };

struct ledger_head {
	char magic[8];
	uint64_t count, packs;
	char manifest_sha256[64];
};

static inline size_t
ledger_file_size(uint64_t count, uint64_t packs)
{
	return sizeof(struct ledger_head) + (size_t)count * (sizeof(struct ledger_record) + 8)
	    + (size_t)packs * LEDGER_NAME + LEDGER_SUM;
}

/* Of 64 lower-case hex digits. */
static inline void
ledger_file_bytes(unsigned char bytes[32], const char *hex)
{
	for (int i = 0; i < 64; i++) {
		int digit = hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10;

		bytes[i / 2] = (unsigned char)(i % 2 == 0 ? digit << 4 : bytes[i / 2] | digit);
	}
}

#endif
