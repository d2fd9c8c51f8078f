/* restoring.h: shop/live with a backup, shop/staging to restore it into, a worker without bytes. */
#ifndef TESTS_UNIT_RESTORING_H
#define TESTS_UNIT_RESTORING_H

#include "tests/unit/fixture.h"

#include "lib/store/restores.h"

enum { RESTORING_KEEP_MS = 3600 * 1000, RESTORING_CHOICES = 2 };

/* A target, and what the backup b1 of shop/live would put into it. */
struct restoring {
	int64_t environment, database, media, backup;
	struct restore_choice choices[RESTORING_CHOICES];
};

UNUSED static int64_t
restoring_part(struct fixture *f, int64_t backup, const char *slug)
{
	struct part *parts;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	for (size_t i = 0; i < n; i++)
		if (strcmp(parts[i].service_slug, slug) == 0)
			return parts[i].id;
	fail_msg("b%d has no %s", (int)backup, slug);
	return 0;
}

/* An environment of this kind with a database and media, in the project. */
UNUSED static struct restoring
restoring_target(struct fixture *f, int64_t project, enum environment_kind kind)
{
	const char *slug = environment_kind_name(kind);
	struct environment v = { .project = project, .slug = slug, .name = slug, .kind = kind };
	struct service d = { .slug = "database", .name = "Database", .engine = ENGINE_SQLITE,
	    .settings = { .path = "/srv/target.db" } };
	struct service m = { .slug = "media", .name = "Media", .engine = ENGINE_FILES,
	    .settings = { .roots = "/srv/target" } };

	OK(environments_add(&v, f->db, &f->e));
	d.environment = m.environment = v.id;
	OK(services_add(&d, f->db, &f->e));
	OK(services_add(&m, f->db, &f->e));
	return (struct restoring){ .environment = v.id, .database = d.id, .media = m.id };
}

/* shop/staging with landing rules, and a ready backup of shop/live. */
UNUSED static struct restoring
restoring_begin(struct fixture *f)
{
	struct restoring s = restoring_target(f, f->project, ENV_STAGING);

	fixture_do(f, "UPDATE service SET sanitise_hook='wash' WHERE environment=2");
	s.backup = fixture_ready(f);
	s.choices[0] = (struct restore_choice){ restoring_part(f, s.backup, "database"),
		s.database, NULL };
	s.choices[1] =
	    (struct restore_choice){ restoring_part(f, s.backup, "media"), s.media, "img/" };
	return s;
}

UNUSED static struct restore_draft
restoring_form(const struct fixture *f, const struct restoring *s)
{
	return (struct restore_draft){ .job = { s->environment, f->admin, NULL, true },
		.backup = s->backup,
		.mode = RESTORE_REPLACE,
		.choices = s->choices,
		.choice_count = RESTORING_CHOICES };
}

UNUSED static struct restore
restoring_row(struct fixture *f, int64_t id)
{
	struct restore r;

	OK(restores_by_id(&r, f->a, f->db, id, &f->e));
	return r;
}

UNUSED static struct restore_part *
restoring_rows(struct fixture *f, int64_t restore)
{
	struct restore_part *parts;
	size_t n;

	OK(restores_parts(&parts, &n, f->a, f->db, restore, &f->e));
	assert_true(n >= 1);
	return parts;
}

/* A draft of this form whose look found nothing against it. */
UNUSED static int64_t
restoring_looked(struct fixture *f, const struct restore_draft *form)
{
	struct restore_ids ids;
	struct lease l;

	OK(restores_draft(&ids, f->db, form, &f->e));
	l = fixture_claim(f);
	assert_int_equal(l.job, ids.job);
	OK(restores_previewed(f->db, &l, PREVIEW_OK, "", &f->e));
	return ids.restore;
}

UNUSED static struct restore_confirm
restoring_button(const struct fixture *f, const struct restoring *s, int64_t restore)
{
	return (struct restore_confirm){ .job = { s->environment, f->admin, NULL, true },
		.restore = restore };
}

/* Everything lands, under the lease of the restore's job. */
UNUSED static void
restoring_land(struct fixture *f, const struct lease *l, int64_t restore)
{
	struct restore_part *parts;
	size_t n;

	OK(restores_begin(f->db, l, &f->e));
	OK(restores_parts(&parts, &n, f->a, f->db, restore, &f->e));
	for (size_t i = 0; i < n; i++) {
		parts[i].state = LANDING_SWAPPED;
		parts[i].mark = "m";
		parts[i].kept_bytes = 70;
		parts[i].duration_ms = 500;
		OK(restores_part_moved(f->db, l, &parts[i], &f->e));
	}
	OK(restores_finish(f->db, l, 3, clock_now() + RESTORING_KEEP_MS, &f->e));
}

/* A whole restore of this form, with its safety backup. */
UNUSED static int64_t
restoring_done(struct fixture *f, const struct restoring *s, const struct restore_draft *form)
{
	int64_t id = restoring_looked(f, form), job;
	struct restore_confirm button = restoring_button(f, s, id);
	struct lease l;

	button.safety = true;
	OK(restores_confirm(&job, f->db, &button, &f->e));
	l = fixture_claim(f);
	fixture_finish(f, &l, restoring_row(f, id).safety_backup);
	l = fixture_claim(f);
	assert_int_equal(l.job, job);
	restoring_land(f, &l, id);
	return id;
}

#endif
