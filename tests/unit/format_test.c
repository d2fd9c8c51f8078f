/* format_test.c: a pack and a manifest of each format, kept as files, are read as they were meant.
 *
 * tests/data/format/1.* was written by the first release, 2.* when encryption and signatures came.
 * They never change; a newer format gets files of its own beside them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/minisign.h"
#include "worker/archive/frame.h"
#include "worker/archive/manifest.h"
#include "worker/archive/untar.h"
#include "worker/dest/dest.h"

static int
to_buf(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

/* Of format 2: what opens it, and what checks its signature. */
static const char
    identity[] = "AGE-SECRET-KEY-1UTRT7GNZHFXYCXA8HMLGH74FM4VHEU9H3HDA0QRQFZLHLKKP56JSZ95W7Y",
    signing_key[] = "RWSRcJAm2pmPx7JfXPJh4RtzBwEMmg79RvizdIePxKKJvQiUJLQhEL8E";

static void
decode(struct buf *ret, const char *key, const struct frame_totals *expect)
{
	CLEANUP_OBJECT struct object *o = NULL;
	CLEANUP_DEST struct dest *d = NULL;
	char *path = realpath("tests/data/format", NULL);
	const struct storage storage = { .slug = "gold", .kind = "local", .path = path };
	const struct sink to = { to_buf, ret };
	char file[] = "/tmp/format_test.XXXXXX";
	int fd = mkstemp(file);
	const struct dest_keys keys = { .file = file, .signing = "" };
	struct frame_totals got;
	int64_t bytes;
	struct err e = { .text = "" };

	assert_non_null(path);
	assert_int_equal(write(fd, identity, strlen(identity)), strlen(identity));
	close(fd);
	assert_int_equal(dest_open(&d, &storage, &e), 0);
	dest_use_keys(d, &keys);
	assert_int_equal(object_open(&o, &bytes, d, key, &e), 0);
	unlink(file);
	if (frame_read(&got, o, &to, expect, &e) != 0)
		fail_msg("%s", e.text);
	free(path);
}

static const struct frame_totals pack_is = {
	.raw_bytes = 36352, .stored_bytes = 22542,
	.raw_sha256 = "e2f7e3f6d7a4dc40f72454eb309a116e48f8120f34fd7fa91c0a7315f078eae0",
	.stored_sha256 = "9d1a3cc3aa6959dde6d7531b5e2446ef222e62bccc84bb7f9ad223eb763c4815",
};
static const struct frame_totals manifest_is = {
	.raw_bytes = 1535, .stored_bytes = 490,
	.raw_sha256 = "6d0f3a47ada4513c5246dae6632019ccf4433f711dbb5e76ffa013fb77e1f139",
	.stored_sha256 = "fe0b6df3aa06c600c0c8339da97fc1b3f2ab9aa941de26eee3031055a5d661fc",
};

static const struct frame_totals sealed_pack_is = {
	.raw_bytes = 36352, .stored_bytes = 22840,
	.raw_sha256 = "e2f7e3f6d7a4dc40f72454eb309a116e48f8120f34fd7fa91c0a7315f078eae0",
	.stored_sha256 = "29a0c83916f5f2c7cea5de8a6388ca9d82425061ebf562b297cfebd2a45f884d",
};
static const struct frame_totals sealed_manifest_is = {
	.raw_bytes = 1535, .stored_bytes = 788,
	.raw_sha256 = "6d0f3a47ada4513c5246dae6632019ccf4433f711dbb5e76ffa013fb77e1f139",
	.stored_sha256 = "0dee38eed4b25940240fbfd549500aa605fb97b620eaffbe60f02e559d851d88",
};

struct names {
	struct buf text;
};

static int
name_of(void *arg, const struct entry *entry, struct err *e)
{
	static const char kinds[] = { [ENTRY_FILE] = 'f', [ENTRY_DIR] = 'd', [ENTRY_LINK] = 'l',
		[ENTRY_HARDLINK] = 'h' };
	struct names *names = arg;

	(void)e;
	buf_printf(&names->text, "%c %04o %u %lld.%09ld %lld ", kinds[entry->type], entry->mode,
	    entry->uid, (long long)entry->mtime_s, entry->mtime_ns,
	    entry->type == ENTRY_FILE ? (long long)entry->size : 0);
	manifest_show_path(&names->text, entry->path);
	if (entry->target[0] != '\0')
		buf_printf(&names->text, " > %s", entry->target);
	buf_char(&names->text, '\n');
	return 0;
}

static int
no_content(void *arg, const void *p, size_t n, struct err *e)
{
	(void)arg;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

static const char names_are[] =
	"l 0777 33 1795226400.123456789 0 img/link > ../a.txt\n"
	"f 0644 33 1795226400.123456789 4 img/new\\012line\n"
	"f 4755 33 1795226400.123456789 0 img/nothing\n"
	"f 0644 33 1795226400.123456789 6 z-again.txt\n"
	"f 0644 33 1795226400.123456789 20000 img/photo.jpg\n"
	"d 0755 33 1795226400.123456789 0 img\n"
	"d 1777 33 1795226400.123456789 0 empty folder\n"
	"h 0644 33 1795226400.123456789 0 a.txt > z-again.txt\n"
	"d 0755 33 1795226400.123456789 0 \n";

static void
the_manifest_of_format_1_is_read(void **state)
{
	struct names names = { BUF_INIT };
	struct manifest_reader reader = { .each = name_of, .arg = &names, .line = BUF_INIT };
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err e;

	(void)state;
	decode(&text, "1.manifest.zst", &manifest_is);
	assert_int_equal(manifest_read(&reader, text.p, text.n, &e), 0);
	assert_int_equal(manifest_read_end(&reader, &e), 0);
	assert_string_equal(names.text.p, names_are);
	buf_release(&names.text);
}

static void
the_pack_of_format_1_is_read(void **state)
{
	struct names names = { BUF_INIT };
	const struct untar_to to = { name_of, no_content, &names };
	CLEANUP_UNTAR struct untar *u = untar_new(&to);
	CLEANUP_BUF struct buf tar = BUF_INIT;
	struct err e;

	(void)state;
	decode(&tar, "1.tar.zst", &pack_is);
	assert_int_equal(untar_write(u, tar.p, tar.n, &e), 0);
	assert_int_equal(untar_end(u, &e), 0);
	assert_string_equal(names.text.p, names_are);
	buf_release(&names.text);
}

struct places {
	struct buf stored;
	int checked;
};

static int
check_place(void *arg, const struct entry *entry, struct err *e)
{
	struct places *places = arg;
	const char *frame = places->stored.p + entry->frame_offset;
	size_t left = places->stored.n - (size_t)entry->frame_offset;
	char raw[65536], hash[HASH_HEX_SIZE];
	size_t n;

	(void)e;
	if (entry->pack[0] == '\0')
		return 0;
	n = ZSTD_decompress(raw, sizeof raw, frame, ZSTD_findFrameCompressedSize(frame, left));
	assert_false(ZSTD_isError(n));
	assert_true((size_t)(entry->at + entry->size) <= n);
	hash_of(hash, raw + entry->at, (size_t)entry->size);
	assert_string_equal(hash, entry->sha256);
	places->checked++;
	return 0;
}

static void
places_of_format_1_lead_to_the_bytes(void **state)
{
	struct places places = { BUF_INIT, 0 };
	struct manifest_reader reader = { .each = check_place, .arg = &places, .line = BUF_INIT };
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct err e;

	(void)state;
	decode(&text, "1.manifest.zst", &manifest_is);
	assert_int_equal(fd_read_file(&places.stored, "tests/data/format/1.tar.zst", 1 << 20, &e),
	    0);
	assert_int_equal(manifest_read(&reader, text.p, text.n, &e), 0);
	assert_int_equal(manifest_read_end(&reader, &e), 0);
	assert_int_equal(places.checked, 3);
	buf_release(&places.stored);
}

/* The same content, encrypted; the signature of the manifest is of what lies there. */
static void
PEER_16_the_encrypted_pack_and_the_signature_of_format_2_are_read(void **state)
{
	static const char folder[] = "tests/data/format/";
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_BUF struct buf pack = BUF_INIT, manifest = BUF_INIT;
	CLEANUP_BUF struct buf lies = BUF_INIT, signature = BUF_INIT;
	unsigned char digest[MINISIGN_DIGEST];
	struct minisign_public by;
	char *comment;
	struct err e;

	(void)state;
	decode(&pack, "2.tar.zst.age", &sealed_pack_is);
	decode(&manifest, "2.manifest.zst.age", &sealed_manifest_is);
	assert_int_equal(fd_read_file(&lies,
	    arena_printf(a, "%s2.manifest.zst.age", folder), 1 << 20, &e), 0);
	assert_int_equal(fd_read_file(&signature,
	    arena_printf(a, "%s2.manifest.zst.age.minisig", folder), 1 << 20, &e), 0);
	minisign_hash_of(digest, lies.p, lies.n);
	assert_int_equal(minisign_read_public(&by, signing_key, &e), 0);
	assert_int_equal(minisign_verify(&comment, a,
	    &(struct minisign_check){ &by, digest, signature.p }, &e), 0);
	assert_string_equal(comment,
	    "lazarette instance=0198 key=2.manifest.zst.age time=2026-11-28T00:00:00Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_manifest_of_format_1_is_read),
		cmocka_unit_test(PEER_16_the_encrypted_pack_and_the_signature_of_format_2_are_read),
		cmocka_unit_test(the_pack_of_format_1_is_read),
		cmocka_unit_test(places_of_format_1_lead_to_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
