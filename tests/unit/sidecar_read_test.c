/* sidecar_read_test.c: a sidecar read again without a catalogue. */
#include "tests/unit/job_home.h"

#include "worker/job/sidecar_read.h"

/* What sidecar_build() wrote of a real backup. */
static void
what_a_backup_wrote_is_read_whole(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct backup b = home_backup_row(h, home_backup(h, 0));
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct sidecar_read found;
	struct part *parts;
	size_t n;

	OK(fd_read_file(&text, arena_printf(f->a, "%s/%s", h->conf.storage, b.sidecar_key), 1 << 20,
	    &f->e));
	OK(sidecar_read(&found, f->a, text.p, text.n, &f->e));
	OK(backups_parts(&parts, &n, f->a, f->db, b.id, &f->e));
	assert_int_equal(found.number, b.id);
	assert_string_equal(found.uuid, b.uuid);
	assert_string_equal(found.note, b.note);
	assert_int_equal(found.part_count, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(found.parts[i].data.key, parts[i].data.key);
		assert_string_equal(found.parts[i].data.stored_sha256, parts[i].data.stored_sha256);
		assert_int_equal(found.parts[i].data.raw_bytes, parts[i].data.raw_bytes);
		assert_string_equal(found.parts[i].manifest.key, parts[i].manifest.key);
		assert_string_equal(found.parts[i].engine, parts[i].engine);
	}
}

static void
refuse(struct job_home *h, const char *text, enum err_kind kind, const char *words)
{
	struct fixture *f = &h->f;
	struct sidecar_read found;

	assert_int_equal(sidecar_read(&found, f->a, text, strlen(text), &f->e), -1);
	assert_int_equal(f->e.kind, kind);
	assert_non_null(strstr(f->e.text, words));
}

static void
what_is_none_or_lacks_something_is_told(void **state)
{
	struct job_home *h = *state;

	refuse(h, "", ERR_DAMAGED, "line");
	refuse(h, "{", ERR_DAMAGED, "line 1");
	refuse(h, "{\"type\": \"other\"}", ERR_DAMAGED, "no description");
	refuse(h, "{\"type\": \"lazarette-backup\", \"version\": 99}", ERR_INPUT, "newer");
	refuse(h, "{\"type\": \"lazarette-backup\", \"version\": 1}", ERR_DAMAGED, "\"number\"");
	refuse(h,
	    "{\"type\": \"lazarette-backup\", \"version\": 1, \"backup\": {\"number\": 1,"
	    " \"created_at\": 1, \"uuid\": \"u\", \"note\": \"\"}, \"environment\":"
	    " {\"project\": \"p\", \"slug\": \"e\"}, \"parts\": [{\"uuid\": \"u\", \"service\":"
	    " {\"slug\": \"../up\", \"name\": \"n\", \"engine\": \"files\"}, \"format\": \"tar\","
	    " \"engine_version\": \"\", \"tool\": \"\", \"items\": 1, \"taken_at\": 1, \"data\":"
	    " {\"key\": \"k\", \"raw_bytes\": 1, \"stored_bytes\": 1, \"raw_sha256\": \"\","
	    " \"stored_sha256\": \"\"}}]}",
	    ERR_DAMAGED, "\"slug\"");
	refuse(h,
	    "{\"type\": \"lazarette-backup\", \"version\": 1, \"backup\": {\"number\": 1,"
	    " \"created_at\": 1, \"uuid\": \"u\", \"note\": \"\"}, \"environment\":"
	    " {\"project\": \"p\", \"slug\": \"e\"}, \"parts\": []}",
	    ERR_DAMAGED, "\"parts\"");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		HOME_TEST(what_a_backup_wrote_is_read_whole),
		HOME_TEST(what_is_none_or_lacks_something_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
