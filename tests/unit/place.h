/* place.h: what the tests of restores need beside the fixture: a ready backup of shop/live, an
 * environment shop/staging with a service of each kind, and drafts that were looked at. */
#ifndef TESTS_UNIT_PLACE_H
#define TESTS_UNIT_PLACE_H

#include <inttypes.h>

#include "tests/unit/ask.h"

#include "lib/store/restores.h"

struct place {
	int64_t backup, staging, database, media, postgresql;
	int64_t part_database, part_media;           /* of the backup */
};

/* What the form carries of the look that was read. */
#define PLACE_SEEN { "seen", "1700000000000" }

UNUSED static int64_t
place_service(struct fixture *f, int64_t environment, const char *slug, enum engine engine)
{
	struct service s = { .environment = environment, .slug = slug, .name = slug,
		.engine = engine,
		.settings = { .path = "/srv/x.db", .roots = "/srv/x", .host = "", .port = "",
		    .database = "x", .user = "x", .tls = "prefer", .excludes = "" } };

	OK(services_add(&s, f->db, &f->e));
	return s.id;
}

UNUSED static struct place
place_make(struct fixture *f)
{
	struct environment v = { .project = f->project, .slug = "staging", .name = "Staging",
		.kind = ENV_STAGING };
	struct place at = { .backup = fixture_ready(f) };

	OK(environments_add(&v, f->db, &f->e));
	at.staging = v.id;
	at.database = place_service(f, v.id, "copy", ENGINE_SQLITE);
	at.media = place_service(f, v.id, "files", ENGINE_FILES);
	at.postgresql = place_service(f, v.id, "pg", ENGINE_POSTGRESQL);
	at.part_database =
	    fixture_number(f, "SELECT id FROM part WHERE service_slug = 'database'");
	at.part_media = fixture_number(f, "SELECT id FROM part WHERE service_slug = 'media'");
	fixture_do(f, "INSERT INTO part_table SELECT id, 'product', 500 FROM part WHERE"
	              " service_slug = 'database'");
	fixture_do(f, "INSERT INTO part_table SELECT id, 'visit', 7 FROM part WHERE service_slug ="
	              " 'database'");
	return at;
}

/* The database of the backup into `service`, as a draft whose look waits in the queue. */
UNUSED static int64_t
place_draft(struct fixture *f, const struct place *at, int64_t environment, int64_t service)
{
	const struct restore_choice one = { at->part_database, service, "" };
	const struct restore_draft rd = { .job = { .environment = environment,
		                              .requested_by = f->admin },
		.backup = at->backup,
		.mode = RESTORE_REPLACE,
		.choices = &one,
		.choice_count = 1 };
	struct restore_ids ids = { 0, 0 };

	OK(restores_draft(&ids, f->db, &rd, &f->e));
	return ids.restore;
}

/* What a worker finds when it looks: two tables, one of them different. */
UNUSED static void
place_look(struct fixture *f, int64_t restore, enum restore_preview preview, const char *text)
{
	const struct table_count tables[] = { { "product", 512 }, { "visit", 7 } };
	struct lease l = fixture_claim(f);
	struct restore_part *parts;
	size_t count;

	OK(restores_parts(&parts, &count, f->a, f->db, restore, &f->e));
	assert_int_equal(count, 1);
	parts[0].target_bytes = 3000;
	parts[0].needs_bytes = 2000;
	parts[0].has_bytes = 900000;
	parts[0].refusal = "";
	OK(restores_looked(f->db, &l, &parts[0], tables, 2, &f->e));
	OK(restores_previewed(f->db, &l, preview, text, &f->e));
	/* The moment that PLACE_SEEN names. */
	fixture_do(f, "UPDATE restore SET previewed_at=1700000000000 WHERE previewed_at<>0");
}

/* A draft into shop/live that waits for its decision. */
UNUSED static int64_t
place_live(struct fixture *f, const struct place *at)
{
	int64_t restore = place_draft(f, at, f->environment, f->database);

	place_look(f, restore, PREVIEW_OK, "");
	return restore;
}

/* A restore into shop/live that is done; the database as it was is kept for a day. */
UNUSED static void
place_done(struct fixture *f, const struct place *at)
{
	place_live(f, at);
	fixture_do(f, "UPDATE restore SET state = 'done', confirmed_at = 1, started_at = 1000,"
	              " finished_at = 63000, warnings = 3");
	fixture_do(f, arena_printf(f->a, "UPDATE restore SET undo_until = %" PRId64,
	                  clock_now() + 24 * 3600 * 1000));
	fixture_do(f, "UPDATE restore_part SET state = 'swapped', kept_bytes = 3000");
}

#endif
