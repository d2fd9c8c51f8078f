/* export_test.c: what people download opens with their own tools and is what was backed up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/tree.h"
#include "worker/archive/export.h"
#include "worker/archive/frame.h"
#include "worker/archive/pack.h"
#include "worker/dest/dest.h"

struct place {
	char path[64], source[80], out[80], store[80], file[96];
	struct storage storage;
	struct dest *dest;
	struct pack_totals totals;
	struct stored_object data, manifest;
	int64_t told;
};

static int
set_up(void **state)
{
	static struct place place;
	struct err e;

	place = (struct place){ .told = 0 };
	snprintf(place.path, sizeof place.path, "/tmp/export_test.XXXXXX");
	assert_non_null(mkdtemp(place.path));
	snprintf(place.source, sizeof place.source, "%s/source", place.path);
	snprintf(place.out, sizeof place.out, "%s/out", place.path);
	snprintf(place.store, sizeof place.store, "%s/store", place.path);
	snprintf(place.file, sizeof place.file, "%s/download", place.path);
	place.storage = (struct storage){ .slug = "main", .kind = "local", .path = place.store };
	assert_int_equal(mkdir(place.store, 0700), 0);
	assert_int_equal(dest_open(&place.dest, &place.storage, &e), 0);
	*state = &place;
	return 0;
}

static int
tear_down(void **state)
{
	struct place *place = *state;

	dest_closep(&place->dest);
	RUN("/", "chmod", "-R", "u+rwX", place->path);
	return RUN("/", "rm", "-rf", place->path);
}

static int
to_upload(void *arg, const void *p, size_t n, struct err *e)
{
	return upload_write(arg, p, n, e);
}

static struct stored_object
object_of(const char *key, const struct frame_totals *t)
{
	return (struct stored_object){ .key = key, .raw_bytes = t->raw_bytes,
		.stored_bytes = t->stored_bytes, .raw_sha256 = t->raw_sha256,
		.stored_sha256 = t->stored_sha256 };
}

static void
back_up(struct place *place)
{
	CLEANUP_UPLOAD struct upload *pack = NULL, *list = NULL;
	const char *const roots[] = { place->source };
	const struct pack_spec spec = { .roots = roots, .root_count = 1, .pack_name = "a.tar.zst",
		.frames = { .level = 3, .threads = 2 } };
	struct err e = { .text = "" };

	assert_int_equal(dest_begin(&pack, place->dest, "a.tar.zst", 1, &e), 0);
	assert_int_equal(dest_begin(&list, place->dest, "a.manifest.zst", 1, &e), 0);
	const struct sink to_pack = { to_upload, pack }, to_list = { to_upload, list };

	if (pack_write(&place->totals, &to_pack, &to_list, &spec, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(upload_commit(&pack, &e), 0);
	assert_int_equal(upload_commit(&list, &e), 0);
	place->data = object_of("a.tar.zst", &place->totals.data);
	place->manifest = object_of("a.manifest.zst", &place->totals.manifest);
}

static void
on_bytes(void *arg, int64_t more)
{
	*(int64_t *)arg += more;
}

static int
export_to_file(struct place *place, enum download_format format, struct err *e)
{
	CLEANUP_FD int fd = open(place->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct watch watch = { .bytes = on_bytes, .arg = &place->told };
	const struct export_part part = { place->dest, &place->data, &place->manifest, &watch,
		NULL };
	struct export_file made;
	CLEANUP_BUF struct buf whole = BUF_INIT;
	char hash[HASH_HEX_SIZE];

	if (export_media(&made, fd, &part, format, e) != 0)
		return -1;
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(&whole, fd, 1 << 30, e), 0);
	hash_of(hash, whole.p, whole.n);
	assert_int_equal(made.bytes, whole.n);
	assert_string_equal(made.sha256, hash);
	assert_int_equal(place->told, place->data.raw_bytes);
	return 0;
}

static void
export_good(struct place *place, enum download_format format)
{
	struct err e = { .text = "" };

	if (export_to_file(place, format, &e) != 0)
		fail_msg("%s", e.text);
}

static void
extract(struct place *place, const char *command)
{
	assert_int_equal(mkdir(place->out, 0755), 0);
	assert_int_equal(RUN(place->out, "sh", "-c", command), 0);
}

/* DIV-18: the command we print passes, and fails after one bit. */
static void
sums_hold_until_a_bit_flips(struct place *place)
{
	char path[128];
	CLEANUP_FD int fd = -1;
	unsigned char byte;

	assert_int_equal(RUN(place->out, "sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"),
	    0);
	snprintf(path, sizeof path, "%s/sizes/big random", place->out);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, 1000000), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 1000000), 1);
	assert_int_not_equal(RUN(place->out, "sh", "-c",
	                         "sha256sum --status -c SHA256SUMS 2>/dev/null"),
	    0);
}

/* Without MANIFEST and SHA256SUMS, what was extracted is the source. */
static void
equals_source(struct place *place, bool tar)
{
	struct tree_check check = { .links = tar };
	enum { FURTHER_NAMES = 4 };

	assert_int_equal(RUN(place->out, "rm", "MANIFEST", "SHA256SUMS"), 0);
	/* In a zip each further name of a file is a symbolic link. */
	assert_int_equal(tree_compare(&check, place->source, place->out), tar ? 0 : FURTHER_NAMES);
	assert_true(check.seen > 350);
}

static void
whole_way(struct place *place, enum download_format format, const char *command)
{
	char path[128];

	tree_make(place->source);
	if (format == FORMAT_ZIP) {
		/* bsdtar takes the backslash in a zip for a slash, as it stands in those of
		 * Windows. */
		snprintf(path, sizeof path, "%s/back\\slash \\n", place->source);
		assert_int_equal(unlink(path), 0);
	}
	back_up(place);
	export_good(place, format);
	extract(place, command);
	sums_hold_until_a_bit_flips(place);
	assert_int_equal(RUN("/", "rm", "-rf", place->out), 0);
	extract(place, command);
	equals_source(place, format != FORMAT_ZIP);
}

/* DIV-18 */
static void
DIV_18_a_tar_opens_with_tar(void **state)
{
	whole_way(*state, FORMAT_TAR, "tar --warning=no-timestamp -xpf ../download");
}

static void
DIV_18_a_tar_gz_opens_with_gzip_and_tar(void **state)
{
	whole_way(*state, FORMAT_TAR_GZ,
	    "gzip -t < ../download && tar --warning=no-timestamp -xpzf ../download");
}

static void
DIV_18_a_tar_zst_opens_with_zstd_and_tar(void **state)
{
	whole_way(*state, FORMAT_TAR_ZST,
	    "zstd -qt < ../download && tar --warning=no-timestamp --zstd -xpf ../download");
}

static void
DIV_18_a_zip_opens_with_a_zip_tool(void **state)
{
	whole_way(*state, FORMAT_ZIP, "bsdtar -xpf ../download");
}

static void
a_zip_passes_the_test_of_another_reader(void **state)
{
	struct place *place = *state;

	tree_make(place->source);
	back_up(place);
	export_good(place, FORMAT_ZIP);
	assert_int_equal(RUN(place->path, "python3", "-c",
	    "import zipfile, sys\n"
	    "z = zipfile.ZipFile('download')\n"
	    "names = z.namelist()\n"
	    "assert z.testzip() is None\n"
	    "assert names[:2] == ['MANIFEST', 'SHA256SUMS'], names[:2]\n"
	    "assert 'M\\u00fcnchen = #1' in names\n"
	    "assert z.read('plain.txt') == b'plain\\n'\n"
	    "assert (z.getinfo('dangling').external_attr >> 16) & 0o170000 == 0o120000\n"
	    "assert z.getinfo('sizes/big text').compress_type == 8\n"
	    "assert z.getinfo('sizes/big random').compress_type == 0\n"), 0);
}

/* DIV-18: every file is listed with size and hash, and vice versa. */
static void
DIV_18_manifest_and_sums_list_every_file_and_nothing_else(void **state)
{
	struct place *place = *state;

	tree_make(place->source);
	back_up(place);
	export_good(place, FORMAT_TAR);
	assert_int_equal(RUN(place->path, "python3", "-c",
	                     "import tarfile, re\n"
	                     "t = tarfile.open('download', errors='surrogateescape')\n"
	                     "members = t.getmembers()\n"
	                     "assert [m.name for m in members[:2]] == ['MANIFEST', 'SHA256SUMS']\n"
	                     "files = {m.name: m for m in members[2:] if m.isfile() or m.islnk()}\n"
	                     "text = t.extractfile('MANIFEST').read().decode()\n"
	                     "assert 'x-' not in text.replace('x-y', '')\n"
	                     "def plain(s):\n"
	                     "    b = re.sub(rb'\\\\([0-7]{3})', lambda m: bytes([int(m[1], 8)]), "
	                     "s.encode())\n"
	                     "    return b.decode(errors='surrogateescape')\n"
	                     "listed = {}\n"
	                     "for line in text.splitlines()[2:]:\n"
	                     "    path, *words = line.split(' ')\n"
	                     "    words = dict(w.split('=', 1) for w in words)\n"
	                     "    if words['type'] == 'file':\n"
	                     "        listed[plain(path)[2:]] = words\n"
	                     "assert set(listed) == set(files), set(listed) ^ set(files)\n"
	                     "sums = "
	                     "t.extractfile('SHA256SUMS').read().decode(errors='surrogateescape')\n"
	                     "hashes = {}\n"
	                     "for line in sums.split('\\n')[:-1]:\n"
	                     "    name = line.lstrip('\\\\')[66:]\n"
	                     "    if line[0] == '\\\\':\n"
	                     "        back = {'n': '\\n', 'r': '\\r', '\\\\': '\\\\'}\n"
	                     "        name = re.sub(r'\\\\(.)', lambda m: back[m[1]], name)\n"
	                     "    hashes['-' if name == './-' else name] = "
	                     "line.lstrip('\\\\')[:64]\n"
	                     "assert set(hashes) == set(files), set(hashes) ^ set(files)\n"
	                     "assert all(hashes[n] == listed[n]['sha256'] for n in files)\n"
	                     "assert all(m.size == int(listed[n]['size']) for n, m in "
	                     "files.items() if m.isfile())\n"),
	    0);
}

static void
names_that_the_contents_have_are_left_to_them(void **state)
{
	struct place *place = *state;
	CLEANUP_FD int root = -1;

	assert_int_equal(mkdir(place->source, 0755), 0);
	root = open(place->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tree_put(root, "MANIFEST", "theirs\n", 7);
	tree_put(root, "MANIFEST-2", "theirs\n", 7);
	tree_put(root, "MANIFEST-x", "theirs\n", 7);
	close(tree_folder(root, "SHA256SUMS"));
	back_up(place);
	export_good(place, FORMAT_TAR_ZST);
	extract(place, "zstd -qdc ../download | tar -x");
	assert_int_equal(RUN(place->out, "sh", "-c",
	                     "grep -q theirs MANIFEST && grep -q '^#mtree' MANIFEST-3 && sha256sum "
	                     "--quiet -c SHA256SUMS-2"),
	    0);
}

static void
tar_zst_is_the_stored_frames_behind_new_ones(void **state)
{
	struct place *place = *state;
	CLEANUP_BUF struct buf stored = BUF_INIT, made = BUF_INIT;
	char path[128];
	struct err e;

	tree_make(place->source);
	back_up(place);
	export_good(place, FORMAT_TAR_ZST);
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	assert_int_equal(fd_read_file(&stored, path, 1 << 30, &e), 0);
	assert_int_equal(fd_read_file(&made, place->file, 1 << 30, &e), 0);
	assert_true(made.n > stored.n && made.n < stored.n + (128 << 10));
	assert_memory_equal(made.p + made.n - stored.n, stored.p, stored.n);
}

static void
flip(struct place *place, const char *key, int64_t at)
{
	char path[128];
	CLEANUP_FD int fd = -1;
	unsigned char byte;

	snprintf(path, sizeof path, "%s/%s", place->store, key);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* T17: a damaged stored copy is never handed out. */
static void
T17_damage_in_the_storage_refuses_every_format(void **state)
{
	struct place *place = *state;
	struct err e;

	tree_make(place->source);
	back_up(place);
	for (int format = 0; format < DOWNLOAD_FORMATS; format++) {
		int64_t at = place->data.stored_bytes / 2 + format;

		flip(place, "a.tar.zst", at);
		assert_int_equal(export_to_file(place, (enum download_format)format, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
		flip(place, "a.tar.zst", at);
		flip(place, "a.manifest.zst", place->manifest.stored_bytes / 2);
		assert_int_equal(export_to_file(place, (enum download_format)format, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
		flip(place, "a.manifest.zst", place->manifest.stored_bytes / 2);
	}
	/* The control: undamaged it is handed out. */
	place->told = 0;
	export_good(place, FORMAT_TAR_ZST);
}

/* T16: so is one that is too short or too long. */
static void
T16_a_cut_or_longer_copy_refuses_every_format(void **state)
{
	struct place *place = *state;
	char path[128];
	struct err e;

	tree_make(place->source);
	back_up(place);
	snprintf(path, sizeof path, "%s/a.tar.zst", place->store);
	for (int format = 0; format < DOWNLOAD_FORMATS; format++) {
		assert_int_equal(truncate(path, place->data.stored_bytes + 1), 0);
		assert_int_equal(export_to_file(place, (enum download_format)format, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
	}
	for (int format = 0; format < DOWNLOAD_FORMATS; format++) {
		assert_int_equal(truncate(path, place->data.stored_bytes - 1 - format), 0);
		assert_int_equal(export_to_file(place, (enum download_format)format, &e), -1);
		assert_int_equal(e.kind, ERR_DAMAGED);
	}
}

static void
a_disk_that_is_full_stops_every_format(void **state)
{
	struct place *place = *state;
	struct export_part part = { place->dest, &place->data, &place->manifest, NULL, NULL };
	CLEANUP_FD int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct export_file made;
	struct err e;

	tree_make(place->source);
	back_up(place);
	for (int format = 0; format < DOWNLOAD_FORMATS; format++) {
		assert_int_equal(export_media(&made, full, &part, (enum download_format)format, &e),
		    -1);
		assert_int_equal(e.kind, ERR_FULL);
	}
}

static void
DIV_17_a_database_comes_as_the_vendors_file(void **state)
{
	struct place *place = *state;
	CLEANUP_FD int fd = open(place->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_UPLOAD struct upload *up = NULL;
	CLEANUP_FRAME_WRITER struct frame_writer *w = NULL;
	CLEANUP_BUF struct buf dump = BUF_INIT, made = BUF_INIT;
	const struct export_part part = { place->dest, &place->data, NULL, NULL, NULL };
	const struct frame_options options = { .level = 3, .threads = 2 };
	struct export_file file;
	struct err e;

	for (int i = 0; i < 500000; i++)
		buf_printf(&dump, "INSERT %d;\n", i * 1009);
	assert_int_equal(dest_begin(&up, place->dest, "a.dump.zst", 1, &e), 0);
	const struct sink to = { to_upload, up };
	assert_int_equal(frame_writer_new(&w, &to, &options, &e), 0);
	assert_int_equal(frame_write(w, dump.p, dump.n, &e), 0);
	assert_int_equal(frame_finish(&place->totals.data, w, &e), 0);
	assert_int_equal(upload_commit(&up, &e), 0);
	place->data = object_of("a.dump.zst", &place->totals.data);

	assert_int_equal(export_database(&file, fd, &part, &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(&made, fd, 1 << 30, &e), 0);
	assert_int_equal(made.n, dump.n);
	assert_memory_equal(made.p, dump.p, dump.n);
	assert_int_equal(file.bytes, dump.n);
	assert_string_equal(file.sha256, place->data.raw_sha256);

	flip(place, "a.dump.zst", place->data.stored_bytes / 2);
	assert_int_equal(export_database(&file, fd, &part, &e), -1);
	assert_int_equal(e.kind, ERR_DAMAGED);
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(DIV_18_a_tar_opens_with_tar),
		T(DIV_18_a_tar_gz_opens_with_gzip_and_tar),
		T(DIV_18_a_tar_zst_opens_with_zstd_and_tar),
		T(DIV_18_a_zip_opens_with_a_zip_tool),
		T(a_zip_passes_the_test_of_another_reader),
		T(DIV_18_manifest_and_sums_list_every_file_and_nothing_else),
		T(names_that_the_contents_have_are_left_to_them),
		T(tar_zst_is_the_stored_frames_behind_new_ones),
		T(T17_damage_in_the_storage_refuses_every_format),
		T(T16_a_cut_or_longer_copy_refuses_every_format),
		T(a_disk_that_is_full_stops_every_format),
		T(DIV_17_a_database_comes_as_the_vendors_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
