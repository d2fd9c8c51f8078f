/* stock.h: backups of any age straight into the catalogue of fixture.h, and what became of them. */
#ifndef TESTS_UNIT_STOCK_H
#define TESTS_UNIT_STOCK_H

#include "tests/unit/fixture.h"

#include <inttypes.h>

#include "lib/store/policies.h"
#include "lib/store/retention.h"
#include "lib/util/conf.h"
#include "worker/pruner.h"

#define STOCK_HOUR INT64_C(3600000)
#define STOCK_DAY (24 * STOCK_HOUR)

UNUSED static const struct conf stock_conf = { .trash_ms = 7 * STOCK_DAY };

/* What a backup is, when it is not a good scheduled one of both services. */
struct stock {
	int64_t at;                   /* when it was taken */
	const char *kind, *state;     /* scheduled and ready when NULL */
	int64_t only;                 /* of this service alone; 0: of both */
	int64_t bytes;                /* 1000000 when 0 */
};

UNUSED static void
stock_part(struct fixture *f, int64_t backup, int64_t service, const char *state)
{
	static const char sql[] =
	    "INSERT INTO part (uuid, backup, service, service_slug, service_name, engine, state,"
	    " format, data_key, data_raw_sha256, data_stored_sha256) SELECT ?4, ?1, id, slug, name,"
	    " engine, ?3, 'tar', ?4, 'x', 'x' FROM service WHERE id=?2";
	const char *uuid = arena_printf(f->a, "p-%" PRId64 "-%" PRId64, backup, service);

	OK(sql_run(NULL, f->db, sql,
	    SQL_ARGS(sql_i(backup), sql_i(service), sql_t(state), sql_t(uuid)), &f->e));
}

UNUSED static int64_t
stock_add(struct fixture *f, struct stock s)
{
	static const char sql[] =
	    "INSERT INTO backup (uuid, environment, storage, kind, state, health, created_at,"
	    " started_at, finished_at, verified_at, stored_bytes, sidecar_key, sidecar_sha256)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, 'good', ?6, ?6, ?6+60000, ?6, ?7, ?1, 'x') RETURNING id";
	static int count;
	const char *state = s.state != NULL ? s.state : "ready";
	int64_t id;

	OK(sql_get(&id, f->db, sql,
	    SQL_ARGS(sql_t(arena_printf(f->a, "stock-%d", count++)), sql_i(f->environment),
	        sql_i(f->storage), sql_t(s.kind != NULL ? s.kind : "scheduled"), sql_t(state),
	        sql_i(s.at), sql_i(s.bytes > 0 ? s.bytes : 1000000)),
	    &f->e));
	for (int i = 0; i < 2; i++) {
		int64_t service = i == 0 ? f->database : f->media;

		if (s.only == 0 || s.only == service)
			stock_part(f, id, service, strcmp(state, "failed") == 0 ? state : "ready");
	}
	return id;
}

UNUSED static void
stock_rule(struct fixture *f, const char *rule)
{
	const struct policy_place at = { LEVEL_ENVIRONMENT, f->environment };

	OK(policies_set(f->db, POLICY_RETENTION, &at, rule, f->admin, &f->e));
}

UNUSED static const struct retention *
stock_judge(struct fixture *f, int64_t now)
{
	const struct retention_question q = { .environment = f->environment, .now = now,
		.trash_unsaid_ms = stock_conf.trash_ms };
	struct retention *r;

	OK(retention_judge(&r, f->a, f->db, &q, &f->e));
	return r;
}

UNUSED static bool
stock_goes(struct fixture *f, const struct retention *r, int64_t backup)
{
	size_t i;

	(void)f;
	assert_true(retention_find(&i, r, backup));
	return r->result.verdicts[i].go;
}

/* What the worker does in a turn at `now`, its job included; gives how many went to the trash, -1
 * when there was no job. */
UNUSED static int64_t
stock_turn(struct fixture *f, int64_t now)
{
	const struct retention *r;
	struct lease l;
	int64_t count = 0;
	bool gone;

	OK(pruner_step(f->db, &stock_conf, now, &f->e));
	l = fixture_claim(f);
	if (l.job == 0)
		return -1;
	r = stock_judge(f, now);
	for (size_t i = 0; i < r->ask.count; i++) {
		const struct retention_go go = { r->ask.items[i].id, now, "older than it may be" };

		if (!r->result.verdicts[i].go)
			continue;
		OK(retention_trash(&gone, f->db, &l, &go, &f->e));
		count += gone;
	}
	OK(jobs_succeed(f->db, &l, 0, &f->e));
	return count;
}

UNUSED static enum backup_state
stock_state(struct fixture *f, int64_t id)
{
	struct backup b;

	OK(backups_by_id(&b, f->a, f->db, id, &f->e));
	return b.state;
}

#endif
