/* regain_test.c: rows of backups made again from what their sidecars say. */
#include "tests/unit/fixture.h"

#include "lib/store/findings.h"
#include "lib/store/invariants.h"
#include "lib/store/regain.h"
#include "lib/store/settings.h"

#define HASH "00000000000000000000000000000000000000000000000000000000000000aa"
#define UUID(n) "00000000-0000-7000-8000-0000000000" n

static const struct table_count tables[] = { { "public.note", 7 }, { "public.who", 0 } };

/* A backup of shop/live with a PostgreSQL database, as a sidecar tells of it. */
struct told {
	struct regain_backup b;
	struct part part;
	struct regain_service service;
};

static struct told *
tell(struct fixture *f, int64_t number)
{
	struct told *t = arena_alloc(f->a, sizeof *t);
	const char *uuid = arena_printf(f->a, "00000000-0000-7000-9000-%012d", (int)number);

	t->part = (struct part){ .uuid = uuid, .service_slug = "ledger", .service_name = "Ledger",
		.engine = "postgresql", .state = "ready", .format = "pg-custom",
		.engine_version = "15.4", .tool = "pg_dump", .taken_at = 1000, .finished_at = 2000,
		.data = { arena_printf(f->a, "shop/live/ledger/%s.dump.zst", uuid), 100, 50, HASH,
		    HASH, HASH },
		.manifest = { "", 0, 0, "", "", "" } };
	t->service = (struct regain_service){ .uuid = UUID("03"), .engine = ENGINE_POSTGRESQL,
		.settings = { "db.example.org", "5432", "ledger", "app", "require", "", "", "" },
		.tables = tables, .table_count = 2 };
	t->b = (struct regain_backup){
		.row = { .id = number, .uuid = uuid, .kind = BACKUP_ON_DEMAND, .note = "before",
		    .created_at = 900 + number, .started_at = 950, .code = "v1", .recipients = "",
		    .signed_by = "", .requested_name = "ada@example.org",
		    .project_slug = "shop", .environment_slug = "live",
		    .sidecar_key = arena_printf(f->a, "shop/live/b%d-%s.json", (int)number, uuid),
		    .sidecar_sha256 = HASH },
		.project_uuid = UUID("01"), .project_name = "Shop",
		.environment_uuid = UUID("02"), .environment_name = "Live", .kind = ENV_LIVE,
		.parts = &t->part, .services = &t->service, .part_count = 1 };
	return t;
}

static struct regain
order_of(struct fixture *f, struct regain_backup *list, size_t count)
{
	struct regain r = { .arena = f->a, .backups = list, .count = count };

	OK(storages_by_slug(&r.storage, f->a, f->db, "main", &f->e));
	return r;
}

static int64_t
number(struct fixture *f, const char *sql)
{
	int64_t ret;

	OK(sql_get(&ret, f->db, sql, SQL_NO_ARGS, &f->e));
	return ret;
}

static void
must_be_sound(struct fixture *f)
{
	const char **faults;
	size_t n;

	OK(invariants_check(&faults, &n, f->a, f->db, &f->e));
	if (n > 0)
		fail_msg("%s", faults[0]);
}

/* Without its project: the fixture's is another one. */
static void
empty(struct fixture *f)
{
	OK(sql_run(NULL, f->db, "DELETE FROM service", SQL_NO_ARGS, &f->e));
	OK(sql_run(NULL, f->db, "DELETE FROM environment", SQL_NO_ARGS, &f->e));
	OK(sql_run(NULL, f->db, "DELETE FROM project", SQL_NO_ARGS, &f->e));
}

static void
PEER_11_all_that_a_sidecar_says_is_there_and_its_gaps_are_told(void **state)
{
	struct fixture *f = *state;
	struct regain_backup b = tell(f, 7)->b;
	struct regain r = order_of(f, &b, 1);
	struct service *services;
	struct backup found;
	struct part *parts;
	size_t n;

	empty(f);
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(b.fate, REGAIN_TAKEN);
	OK(backups_by_id(&found, f->a, f->db, 7, &f->e));
	assert_int_equal(found.state, BACKUP_READY);
	assert_int_equal(found.health, HEALTH_UNKNOWN);
	assert_string_equal(found.requested_name, "ada@example.org");
	assert_string_equal(found.contents, "ledger");
	assert_int_equal(found.finished_at, 2000);
	assert_int_equal(found.raw_bytes, 100);
	assert_int_equal(found.stored_bytes, 50);
	assert_true(found.keep_until > clock_now() + (REGAIN_STAYS_DAYS - 1) * INT64_C(86400000));
	assert_true(found.rebuilt_at > 0);
	OK(backups_parts(&parts, &n, f->a, f->db, 7, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(parts[0].data.front_sha256, HASH);
	OK(services_list(&services, &n, f->a, f->db, found.environment, &f->e));
	assert_int_equal(n, 1);
	assert_string_equal(services[0].settings.host, "db.example.org");
	assert_null(services[0].sealed);
	assert_string_equal(services[0].check_state, "untested");
	assert_int_equal(number(f, "SELECT sum(rows) FROM part_table"), 7);
	assert_int_equal(number(f, "SELECT sum(good) FROM day_log"), 1);
	assert_int_equal(r.secrets.count, 1);
	assert_string_equal(r.secrets.items[0], "shop/live/ledger");
	assert_int_equal(r.unplanned.count, 1);
	must_be_sound(f);
}

static void
PEER_11_the_newest_names_count_and_the_oldest_moment(void **state)
{
	struct fixture *f = *state;
	struct regain_backup list[] = { tell(f, 1)->b, tell(f, 2)->b };
	struct told *newest = tell(f, 2);
	struct regain r = order_of(f, list, 2);

	empty(f);
	newest->part.service_name = "The ledger";
	newest->b.environment_name = "Shop, live";
	list[1] = newest->b;
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(number(f, "SELECT count(*) FROM service WHERE name='The ledger' AND"
	                           " created_at=901"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM environment WHERE name='Shop, live' AND"
	                           " created_at=901"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM part WHERE service_name='Ledger'"), 1);
	assert_int_equal(r.secrets.count, 1);
}

static void
PEER_11_what_is_there_stays_and_a_second_time_does_nothing(void **state)
{
	struct fixture *f = *state;
	struct told *t = tell(f, 7);
	struct regain_backup b = t->b;
	struct regain r = order_of(f, &b, 1);

	empty(f);
	OK(regain_write(&r, f->db, &f->e));
	OK(backups_set_note(f->db, 7, "mine", &f->e));
	OK(sql_run(NULL, f->db, "UPDATE service SET name='Mine'", SQL_NO_ARGS, &f->e));
	b = t->b;
	r = order_of(f, &b, 1);
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(b.fate, REGAIN_THERE);
	assert_int_equal(r.differs.count, 1);
	assert_non_null(strstr(r.differs.items[0], "shop/live/ledger"));
	assert_int_equal(number(f, "SELECT count(*) FROM backup WHERE note='mine'"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM event"), 1);
	b = t->b;
	b.row.sidecar_sha256 = "other";
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(b.fate, REGAIN_DIFFERS);
	assert_non_null(strstr(b.why, "not the one that is known"));
	OK(sql_run(NULL, f->db, "UPDATE backup SET state='deleted'", SQL_NO_ARGS, &f->e));
	OK(regain_write(&r, f->db, &f->e));
	assert_non_null(strstr(b.why, "deleted here"));
}

/* Of another environment of the same name, another backup of the same number, another's objects. */
static void
PEER_11_what_another_has_is_not_taken_from_it(void **state)
{
	struct fixture *f = *state;
	struct backup_ids ids;
	struct backup_request rq = { .job = { .environment = f->environment }, .note = "",
		.services = &f->database, .service_count = 1 };
	struct told *t = tell(f, 1), *two = tell(f, 2), *three = tell(f, 3);
	struct regain_backup list[3];
	struct regain r = order_of(f, list, 3);

	OK(backups_request(&ids, f->db, &rq, &f->e));
	assert_int_equal(ids.backup, 1);
	three->part.data.key = two->part.data.key;
	list[0] = t->b;
	list[1] = two->b;
	list[2] = three->b;
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(list[0].fate, REGAIN_REFUSED);
	assert_non_null(strstr(list[0].why, "its number belongs to another"));
	assert_int_equal(list[1].fate, REGAIN_TAKEN);
	assert_int_equal(list[2].fate, REGAIN_REFUSED);
	assert_non_null(strstr(list[2].why, "its ledger belongs to b2"));
	/* The environment came beside the one of that name, into the project of that name. */
	assert_int_equal(number(f, "SELECT count(*) FROM environment WHERE slug='live-2'"), 1);
	assert_int_equal(number(f, "SELECT count(*) FROM project"), 1);
	assert_non_null(strstr(r.differs.items[0], "live-2"));
	assert_int_equal(backups_request(&ids, f->db, &rq, &f->e), 0);
	assert_int_equal(ids.backup, 3);
}

static void
PEER_11_a_dry_run_finds_the_same_and_keeps_nothing(void **state)
{
	struct fixture *f = *state;
	struct regain_backup b = tell(f, 7)->b;
	struct regain r = order_of(f, &b, 1);
	char *instance;

	empty(f);
	OK(settings_set(f->db, "instance_id", "ours", &f->e));
	r.dry = true;
	r.adopt = "theirs";
	r.storage = (struct storage){ .slug = "old", .kind = "local", .path = "/srv/old",
		.bucket = { "", "", "", "", "", "", "", "" } };
	OK(regain_write(&r, f->db, &f->e));
	assert_int_equal(b.fate, REGAIN_TAKEN);
	assert_int_equal(number(f, "SELECT count(*) FROM backup"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM project"), 0);
	assert_int_equal(number(f, "SELECT count(*) FROM storage"), 1);
	OK(settings_get(&instance, f->a, f->db, "instance_id", &f->e));
	assert_string_equal(instance, "ours");
}

static void
PEER_11_only_a_catalogue_without_backups_becomes_another_instance(void **state)
{
	struct fixture *f = *state;
	struct regain_backup list[] = { tell(f, 7)->b, tell(f, 8)->b };
	struct regain r = order_of(f, list, 1);
	char *instance;

	empty(f);
	r.adopt = "theirs";
	OK(regain_write(&r, f->db, &f->e));
	OK(settings_get(&instance, f->a, f->db, "instance_id", &f->e));
	assert_string_equal(instance, "theirs");
	r = order_of(f, list, 2);
	r.adopt = "others";
	REFUSED(ERR_CONFLICT, regain_write(&r, f->db, &f->e));
	OK(settings_get(&instance, f->a, f->db, "instance_id", &f->e));
	assert_string_equal(instance, "theirs");
	assert_int_equal(number(f, "SELECT count(*) FROM backup"), 1);
}

static void
T28_what_is_missing_is_a_finding_until_it_is_back(void **state)
{
	struct fixture *f = *state;
	struct regain_backup b = tell(f, 7)->b;
	const struct finding gone = { "shop/live/x", FINDING_MISSING, "it is gone", 7, 0 };
	struct regain r = order_of(f, &b, 1);
	struct finding *found;
	struct backup row;
	size_t n;

	empty(f);
	b.row.health = HEALTH_MISSING;
	b.findings = &gone;
	b.finding_count = 1;
	OK(regain_write(&r, f->db, &f->e));
	OK(backups_by_id(&row, f->a, f->db, 7, &f->e));
	assert_int_equal(row.health, HEALTH_MISSING);
	assert_true(row.verified_at > 0);
	OK(findings_list(&found, &n, f->a, f->db, f->storage, 10, &f->e));
	assert_int_equal(n, 1);
	assert_int_equal(found[0].backup, 7);
	must_be_sound(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(PEER_11_all_that_a_sidecar_says_is_there_and_its_gaps_are_told),
		FIXTURE_TEST(PEER_11_the_newest_names_count_and_the_oldest_moment),
		FIXTURE_TEST(PEER_11_what_is_there_stays_and_a_second_time_does_nothing),
		FIXTURE_TEST(PEER_11_what_another_has_is_not_taken_from_it),
		FIXTURE_TEST(PEER_11_a_dry_run_finds_the_same_and_keeps_nothing),
		FIXTURE_TEST(PEER_11_only_a_catalogue_without_backups_becomes_another_instance),
		FIXTURE_TEST(T28_what_is_missing_is_a_finding_until_it_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
