/* ledger_file.h: how a ledger lies on disk; only ledger.c and ledger_write.c include it. */
#ifndef WORKER_ARCHIVE_LEDGER_FILE_H
#define WORKER_ARCHIVE_LEDGER_FILE_H

#include "worker/archive/ledger.h"

/* Another layout is another magic: then all are made again. */
#define LEDGER_MAGIC "lzledg2"
enum { LEDGER_NAME = 256, LEDGER_SUM = 64 };

struct ledger_head {
	char magic[8];
	uint64_t count, packs;
	char manifest_sha256[64];
};

/* One of an order: what it is sorted by, or how that begins; and the number of the record. */
struct ledger_key {
	uint64_t key;
	uint32_t number, zero;
};

static inline size_t
ledger_file_size(uint64_t count, uint64_t packs)
{
	return sizeof(struct ledger_head)
	    + (size_t)count * (sizeof(struct ledger_record) + 2 * sizeof(struct ledger_key))
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

/* The first eight of them, so that they sort as they stand. */
static inline uint64_t
ledger_file_begin(const unsigned char bytes[32])
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | bytes[i];
	return n;
}

#endif
