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

static const char *
front_of(struct job_home *h, const char *key)
{
	struct fixture *f = &h->f;
	CLEANUP_BUF struct buf lies = BUF_INIT;
	char sha256[HASH_HEX_SIZE];
	const char *mac;

	OK(fd_read_file(&lies, arena_printf(f->a, "%s/%s", h->conf.storage, key), 1 << 20, &f->e));
	mac = strstr(lies.p, "\n--- ");
	hash_of(sha256, lies.p, (size_t)(strchr(mac + 1, '\n') + 1 - lies.p) + 16);
	return arena_dup(f->a, sha256);
}

/* Through sidecar and catalogue, and with a pack that the next backup needs. */
static void
T17_how_an_encrypted_pack_begins_is_told_and_nothing_of_a_dump(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct sidecar_read found;
	struct part *parts;
	struct backup b;
	size_t n, packs = 0;

	home_keys(h);
	home_backup(h, 0);
	b = home_backup_row(h, home_backup(h, 0));
	OK(fd_read_file(&text, arena_printf(f->a, "%s/%s", h->conf.storage, b.sidecar_key), 1 << 20,
	    &f->e));
	OK(sidecar_read(&found, f->a, text.p, text.n, &f->e));
	OK(backups_parts(&parts, &n, f->a, f->db, b.id, &f->e));
	for (size_t i = 0; i < n; i++) {
		const struct part *p = &found.parts[i];
		bool media = *p->manifest.key != '\0';

		assert_string_equal(p->data.front_sha256, parts[i].data.front_sha256);
		assert_string_equal(p->data.front_sha256, media ? front_of(h, p->data.key) : "");
		assert_string_equal(p->manifest.front_sha256, "");
		for (size_t k = 0; k < p->pack_count; k++, packs++) {
			const struct stored_object *o = &p->packs[k].object;

			assert_string_equal(o->front_sha256, front_of(h, o->key));
			assert_string_equal(o->front_sha256,
			    parts[i].packs[k].object.front_sha256);
		}
	}
	assert_int_equal(packs, 1);
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
		HOME_TEST(T17_how_an_encrypted_pack_begins_is_told_and_nothing_of_a_dump),
		HOME_TEST(what_is_none_or_lacks_something_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
