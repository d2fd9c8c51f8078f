/* mail_fixture.h: a catalogue with the key that init makes, for the tests of mails. */
#ifndef TESTS_UNIT_MAIL_FIXTURE_H
#define TESTS_UNIT_MAIL_FIXTURE_H

#include "tests/unit/fixture.h"

#include "lib/base/buf.h"
#include "lib/store/outbox.h"
#include "lib/store/settings.h"
#include "lib/util/hash.h"
#include "lib/util/seal.h"
#include "worker/notify/mail.h"

UNUSED static struct conf
conf_of(struct fixture *f)
{
	return (struct conf){ .templates = "templates",
		.public_url = "https://backup.example.org",
		.secret_key = arena_printf(f->a, "%s/key", f->folder),
		.mail = { .server = "",
		    .from = "lazarette@example.org",
		    .user = "",
		    .password = "",
		    .ca_file = "",
		    .timeout_ms = 1000,
		    .folder = arena_printf(f->a, "%s/mail", f->folder) } };
}

UNUSED static int64_t
count_mails(struct fixture *f)
{
	return fixture_number(f, "SELECT count(*) FROM outbox");
}

/* As fixture_set_up(), with the key that init makes. */
UNUSED static int
set_up(void **state)
{
	char key[SEAL_PUBLIC_HEX_SIZE];
	struct fixture *f;

	if (fixture_set_up(state) != 0)
		return -1;
	f = *state;
	return seal_make_key(key, conf_of(f).secret_key, &f->e) != 0 ||
	    settings_set(f->db, "seal_public_key", key, &f->e) != 0;
}
#define MAIL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fixture_tear_down)

/* `count` mails of one kind in the outbox: a failed backup of nobody, with so many owners. */
UNUSED static void
queue(struct fixture *f, int count)
{
	CLEANUP_BUF struct buf sql = BUF_INIT;
	struct conf conf = conf_of(f);
	struct lease l;

	buf_text(&sql, "UPDATE project SET owners='");
	for (int i = 1; i <= count; i++)
		buf_printf(&sql, "ada%d@example.org\n", i);
	buf_text(&sql, "'");
	fixture_do(f, sql.p);
	fixture_request(f, 0, NULL);
	fixture_do(f, "UPDATE job SET requested_by=NULL");
	l = fixture_claim(f);
	OK(jobs_fail(f->db, &l, &(struct err){ .text = "no luck" }, &f->e));
	OK(mail_job_ended(f->db, &conf, l.job, &f->e));
	assert_int_equal(count_mails(f), count);
}

UNUSED static char *
opened(struct fixture *f, const struct outbox_mail *m)
{
	char *text = NULL;

	OK(seal_open(&text, f->a, conf_of(f).secret_key, m->message, m->message_size, &f->e));
	return text;
}

/* The newest mail about a job, opened, with quoted-printable's soft line ends taken out. */
UNUSED static struct outbox_mail
mail_of(struct fixture *f, int64_t job)
{
	struct outbox_mail m;
	char *text, *to;

	OK(outbox_of_job(&m, f->a, f->db, job, &f->e));
	assert_int_not_equal(m.id, 0);
	text = to = opened(f, &m);
	for (const char *p = text; *p != '\0'; p++) {
		if (strncmp(p, "=\r\n", 3) == 0)
			p += 2;
		else
			*to++ = *p;
	}
	*to = '\0';
	m.message = text;
	return m;
}

UNUSED static void
says(const struct outbox_mail *m, const char *words)
{
	if (strstr(m->message, words) == NULL)
		fail_msg("the mail does not say '%s':\n%s", words, m->message);
}

UNUSED static void
ended(struct fixture *f, int64_t job)
{
	struct conf conf = conf_of(f);

	OK(mail_job_ended(f->db, &conf, job, &f->e));
}

#endif
