/* ledger_fuzz.c: any bytes as a ledger, with a checksum that holds: a lookup never runs astray. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/util/hash.h"
#include "worker/archive/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char sha256[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void
look_up(const struct ledger *l)
{
	struct entry entry = { .path = "" };
	size_t from, to;

	for (size_t i = 0; i < ledger_count(l); i++) {
		const struct ledger_record *r = ledger_at(l, i);
		const struct stat st = { .st_ino = (ino_t)r->inode, .st_size = r->size };

		assert(ledger_number(l, r) == i);
		if (ledger_find(l, &st, r->path) != NULL)
			assert(ledger_had(l, &st));
		ledger_fill(&entry, l, r);
		assert(strlen(entry.pack) < 256);
		ledger_find_content(&from, &to, l, entry.sha256, r->size);
		assert(from <= to && to <= ledger_count(l));
	}
}

/* The head as it would be, then the input, then the sum over both. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char path[64];
	CLEANUP_LEDGER struct ledger *l = NULL;
	CLEANUP_BUF struct buf file = BUF_INIT;
	char sum[HASH_HEX_SIZE];
	struct err e;

	if (n < 16)
		return 0;
	if (path[0] == '\0')
		snprintf(path, sizeof path, "/tmp/ledger_fuzz.%d", (int)getpid());
	buf_add(&file, "lzledg2", 8);
	buf_add(&file, data, 16);
	buf_add(&file, sha256, 64);
	buf_add(&file, data + 16, n - 16);
	hash_of(sum, file.p, file.n);
	buf_add(&file, sum, 64);
	if (fd_put_file(path, file.p, file.n, 0600, &e) != 0)
		abort();
	if (ledger_open(&l, path, sha256, &e) == 0)
		look_up(l);
	else
		assert(e.kind == ERR_DAMAGED);
	unlink(path);
	return 0;
}
