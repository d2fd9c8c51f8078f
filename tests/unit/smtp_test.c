/* smtp_test.c: sending to a real server (tests/fake/smtpd.py) that keeps to the rules, and to one
 * that does not. */
#include "tests/unit/smtp_server.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <sys/stat.h>

#include "lib/base/fd.h"
#include "lib/util/smtp.h"

static const char message[] =
    "From: <from@example.org>\r\nTo: <ada@example.org>\r\nSubject: hello\r\n"
    "Date: Sat, 21 Nov 2026 04:29:38 +0000\r\nMessage-ID: <one@example.org>\r\n"
    "In-Reply-To: <job@example.org>\r\nReferences: <job@example.org>\r\n"
    "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
    "charset=utf-8\r\n\r\n"
    "one\r\n.two\r\n..\r\nMAIL FROM:<x>\r\nlast\r\n";

static int
deliver(const struct server *s, struct err *e)
{
	struct mail m = { "one@example.org", "ada@example.org", message, sizeof message - 1 };

	return smtp_send(&s->conf, &m, e);
}

/* The first mail as it was taken, and its facts. */
static void
assert_taken(const struct server *s, const char *user)
{
	CLEANUP_BUF struct buf got = BUF_INIT, facts = BUF_INIT;
	char path[200], want[64];
	struct err e;

	assert_int_equal(mails(s), 1);
	snprintf(path, sizeof path, "%s/0001.eml", s->dir);
	assert_int_equal(fd_read_file(&got, path, 1 << 20, &e), 0);
	assert_string_equal(got.p, message);
	snprintf(path, sizeof path, "%s/0001.json", s->dir);
	assert_int_equal(fd_read_file(&facts, path, 1 << 20, &e), 0);
	assert_non_null(
	    strstr(facts.p, "\"from\": \"from@example.org\", \"to\": [\"ada@example.org\"]"));
	if (user == NULL)
		return;
	snprintf(want, sizeof want, "\"tls\": true, \"user\": \"%s\"", user);
	assert_non_null(strstr(facts.p, want));
}

static void
expect_failure(struct server *s, enum err_kind kind, const char *words)
{
	struct err e = { 0 };

	assert_int_equal(deliver(s, &e), -1);
	assert_int_equal(e.kind, kind);
	if (strstr(e.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, words);
	assert_null(strstr(e.text, "pass \"word\""));
	assert_int_equal(mails(s), 0);
}

static void
sends_byte_for_byte_through_starttls_with_a_sign_in(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good", .user = "console" };
	struct err e = { 0 };

	server_start(&s, "none");
	assert_int_equal(deliver(&s, &e), 0);
	assert_taken(&s, "console");
	/* The built-in TLS context of libESMTP does not live to see a second session; ours does. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(deliver(&s, &e), 0);
	assert_int_equal(mails(&s), 6);
}

static void
sends_byte_for_byte_through_smtps_with_a_sign_in(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "implicit", .cert = "good", .user = "console" };
	struct err e = { 0 };

	server_start(&s, "none");
	assert_int_equal(deliver(&s, &e), 0);
	assert_taken(&s, "console");
}

static void
sends_in_clear_only_when_told_and_never_a_password(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "none", .cert = "good" };
	struct err e = { 0 };

	server_start(&s, "none");
	expect_failure(&s, ERR_BUSY, "STARTTLS");
	s.conf.insecure = true;
	s.conf.user = "console";
	expect_failure(&s, ERR_INPUT, "never goes out in clear");
	s.conf.user = "";
	assert_int_equal(deliver(&s, &e), 0);
	assert_taken(&s, NULL);
}

/* An address of this machine that is not the loopback's, or "" when it has none. */
static void
own_address(char out[INET_ADDRSTRLEN])
{
	struct ifaddrs *all = NULL;

	out[0] = '\0';
	getifaddrs(&all);
	for (const struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		const struct sockaddr_in *at = (const void *)i->ifa_addr;

		if (at != NULL && at->sin_family == AF_INET &&
		    ntohl(at->sin_addr.s_addr) >> 24 != 127)
			inet_ntop(AF_INET, &at->sin_addr, out, INET_ADDRSTRLEN);
	}
	freeifaddrs(all);
}

/* T37: 0 in clear, also when somebody allows it for a server elsewhere. */
static void
T37_in_clear_means_this_host_only(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "none", .cert = "good" };
	char address[INET_ADDRSTRLEN], url[64];

	own_address(address);
	if (*address == '\0')
		skip();
	s.host = address;
	server_start(&s, "none");
	snprintf(url, sizeof url, "smtp://%s:%d", address, s.port);
	s.conf.server = url;
	s.conf.insecure = true;
	expect_failure(&s, ERR_BUSY, "for a relay on this host only");
}

/* T37: an attacker on the wire hides STARTTLS. */
static void
T37_starttls_stripped_sends_nothing(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good", .user = "console" };

	server_start(&s, "no-starttls");
	expect_failure(&s, ERR_BUSY, "does not offer STARTTLS");
}

static void
T37_a_starttls_that_is_refused_or_dropped_sends_nothing(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	CLEANUP_SERVER struct server t = { .tls = "starttls", .cert = "good" };

	server_start(&s, "454:starttls");
	expect_failure(&s, ERR_BUSY, "454");
	server_start(&t, "drop:starttls");
	expect_failure(&t, ERR_BUSY, "closed the connection");
}

static void
T37_a_certificate_of_a_stranger_is_refused(void **state UNUSED)
{
	CLEANUP_SERVER struct server self = { .tls = "starttls", .cert = "self" };
	CLEANUP_SERVER struct server other = { .tls = "starttls", .cert = "other" };
	CLEANUP_SERVER struct server good = { .tls = "starttls", .cert = "good" };

	server_start(&self, "none");
	expect_failure(&self, ERR_BUSY, "certificate was refused");
	server_start(&other, "none");
	expect_failure(&other, ERR_BUSY, "is for 'mail.elsewhere.example', not for 'localhost'");
	/* A good one, but of an authority that the system does not know. */
	server_start(&good, "none");
	good.conf.ca_file = "";
	expect_failure(&good, ERR_BUSY, "certificate was refused");
	good.conf.ca_file = "/nonexistent/ca.pem";
	expect_failure(&good, ERR_BUSY, "cannot be read");
}

static void
T37_a_certificate_of_a_stranger_is_refused_by_smtps_too(void **state UNUSED)
{
	CLEANUP_SERVER struct server self = { .tls = "implicit", .cert = "self" };
	CLEANUP_SERVER struct server other = { .tls = "implicit", .cert = "other" };

	server_start(&self, "none");
	expect_failure(&self, ERR_BUSY, "certificate was refused");
	server_start(&other, "none");
	expect_failure(&other, ERR_BUSY, "certificate was refused");
}

/* Control of the two above: a stranger is believed when his certificate is the authority. */
static void
a_certificate_that_is_trusted_by_name_and_authority_is_taken(void **state UNUSED)
{
	CLEANUP_SERVER struct server self = { .tls = "starttls", .cert = "self" };
	struct err e = { 0 };

	server_start(&self, "none");
	self.conf.ca_file = in_folder("self.crt");
	assert_int_equal(deliver(&self, &e), 0);
	assert_taken(&self, NULL);
}

static void
a_wrong_password_is_seen_and_can_be_mended(void **state UNUSED)
{
	static const char *const tls[] = { "starttls", "implicit" };

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_SERVER struct server s = { .tls = tls[i],
			.cert = "good",
			.user = "console" };

		server_start(&s, "none");
		s.conf.password = "wrong";
		expect_failure(&s, ERR_BUSY, "535");
		s.conf.user = "";
		expect_failure(&s, ERR_BUSY, "530");
	}
}

static void
no_sign_in_offered_is_no_reason_to_go_without(void **state UNUSED)
{
	static const char *const tls[] = { "starttls", "implicit" };

	for (size_t i = 0; i < 2; i++) {
		CLEANUP_SERVER struct server s = { .tls = tls[i],
			.cert = "good",
			.user = "console" };
		struct err e = { 0 };

		server_start(&s, "no-auth");
		expect_failure(&s, ERR_BUSY, "did not let us sign in");
		/* The server would have taken it. */
		s.conf.user = "";
		assert_int_equal(deliver(&s, &e), 0);
		assert_taken(&s, NULL);
	}
}

struct expected {
	const char *fault;
	enum err_kind kind;
	const char *words;
};

static const struct expected faults[] = {
	{ "refuse", ERR_BUSY, "" },
	{ "421:greeting", ERR_BUSY, "421" },
	{ "554:greeting", ERR_BUSY, "554" },
	{ "drop:greeting", ERR_BUSY, "" },
	{ "421:ehlo", ERR_BUSY, "" },
	{ "drop:ehlo", ERR_BUSY, "" },
	{ "454:auth", ERR_BUSY, "sign" },
	{ "535:auth", ERR_BUSY, "sign" },
	{ "drop:auth", ERR_BUSY, "" },
	{ "450:mail", ERR_BUSY, "450" },
	{ "550:mail", ERR_BUSY, "550" },
	{ "drop:mail", ERR_BUSY, "" },
	{ "450:rcpt", ERR_BUSY, "450" },
	{ "550:rcpt", ERR_INPUT, "550" },
	{ "drop:rcpt", ERR_BUSY, "" },
	{ "451:data", ERR_BUSY, "451" },
	{ "554:data", ERR_INPUT, "554" },
	{ "drop:data", ERR_BUSY, "" },
	{ "451:end", ERR_BUSY, "451" },
	{ "554:end", ERR_INPUT, "554" },
	{ "drop:end", ERR_BUSY, "" },
};

static void
walk_faults(const char *tls)
{
	CLEANUP_SERVER struct server s = { .tls = tls, .cert = "good", .user = "console" };
	char path[200];
	struct err e;

	server_start(&s, "none");
	snprintf(path, sizeof path, "%s/fault", s.dir);
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		assert_int_equal(fd_put_file(path, faults[i].fault, strlen(faults[i].fault), 0600,
		                     &e),
		    0);
		expect_failure(&s, faults[i].kind, faults[i].words);
	}
	unlink(path);
	assert_int_equal(deliver(&s, &e), 0);
	assert_taken(&s, "console");
}

static void
T37_every_refusal_and_drop_is_a_failure_of_its_kind(void **state UNUSED)
{
	walk_faults("starttls");
}

static void
T37_every_refusal_and_drop_is_a_failure_of_its_kind_over_smtps(void **state UNUSED)
{
	walk_faults("implicit");
}

static void
T37_a_server_that_hangs_ends_in_the_time_out(void **state UNUSED)
{
	static const char *const where[] = { "hang:greeting", "hang:mail", "hang:end" };
	static const char *const tls[] = { "starttls", "implicit" };

	for (size_t i = 0; i < 6; i++) {
		CLEANUP_SERVER struct server s = { .tls = tls[i / 3], .cert = "good" };

		server_start(&s, where[i % 3]);
		s.conf.timeout_ms = 300;
		expect_failure(&s, ERR_BUSY, "in time");
	}
}

/* The one case in which a mail comes twice: it was taken, and nobody said so. */
static void
T37_a_taken_mail_without_an_answer_counts_as_not_sent(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };
	struct err e;

	server_start(&s, "lost:end");
	assert_int_equal(deliver(&s, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(mails(&s), 1);
}

static void
nobody_listens_or_the_host_is_unknown(void **state UNUSED)
{
	CLEANUP_SERVER struct server s = { .tls = "starttls", .cert = "good" };

	server_start(&s, "none");
	server_stop(&s);
	expect_failure(&s, ERR_BUSY, "Connection refused");
	s.conf.server = "smtp://no-such-host.invalid:25";
	expect_failure(&s, ERR_BUSY, "cannot reach the mail server 'no-such-host.invalid:25'");
	s.conf.server = "smtps://no-such-host.invalid:25";
	expect_failure(&s, ERR_BUSY, "no-such-host.invalid");
	s.conf.server = "http://localhost";
	expect_failure(&s, ERR_INPUT, "neither");
	s.conf.server = "smtp://:25";
	expect_failure(&s, ERR_INPUT, "no usable host");
}

/* T48: an address that would become commands of its own. */
static void
T48_addresses_and_messages_that_could_inject_are_refused(void **state UNUSED)
{
	static const char *const hostile[] = { "", "a@b>\r\nRCPT TO:<x@y", "a@b\r\nDATA", "a@b\n",
		"a@b\r", "a b@c", "<a@b", "a@b\x7f" };
	struct conf_mail conf = { .server = "smtp://localhost:1",
		.from = "from@example.org",
		.user = "",
		.password = "",
		.ca_file = "",
		.timeout_ms = 100,
		.folder = "" };
	struct mail m = { "one@example.org", "ada@example.org", message, sizeof message - 1 };
	struct err e;

	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		m.recipient = hostile[i];
		assert_int_equal(smtp_send(&conf, &m, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		conf.from = hostile[i];
		m.recipient = "ada@example.org";
		assert_int_equal(smtp_send(&conf, &m, &e), -1);
		assert_int_equal(e.kind, ERR_INPUT);
		conf.from = "from@example.org";
	}
	m.message = "a\0b\r\n";
	m.message_size = 5;
	assert_int_equal(smtp_send(&conf, &m, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	m.message = "no end";
	m.message_size = 6;
	assert_int_equal(smtp_send(&conf, &m, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
}

static void
without_a_server_a_mail_is_a_file_named_by_its_id(void **state UNUSED)
{
	CLEANUP_BUF struct buf got = BUF_INIT;
	char mail_folder[200], path[256];
	struct conf_mail conf = { .server = "", .from = "from@example.org", .folder = mail_folder };
	struct mail m = { "../one two@example.org", "ada@example.org", message,
		sizeof message - 1 };
	struct stat st;
	struct err e;

	snprintf(mail_folder, sizeof mail_folder, "%s/new/mail", folder);
	assert_int_equal(smtp_send(&conf, &m, &e), 0);
	assert_int_equal(smtp_send(&conf, &m, &e), 0);
	snprintf(path, sizeof path, "%s/_._one_two@example.org.eml", mail_folder);
	assert_int_equal(fd_read_file(&got, path, 1 << 20, &e), 0);
	assert_string_equal(got.p, message);
	/* It may hold a link: nobody else reads it. */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	m.recipient = "a@b\r\n";
	assert_int_equal(smtp_send(&conf, &m, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_byte_for_byte_through_starttls_with_a_sign_in),
		cmocka_unit_test(sends_byte_for_byte_through_smtps_with_a_sign_in),
		cmocka_unit_test(sends_in_clear_only_when_told_and_never_a_password),
		cmocka_unit_test(T37_in_clear_means_this_host_only),
		cmocka_unit_test(T37_starttls_stripped_sends_nothing),
		cmocka_unit_test(T37_a_starttls_that_is_refused_or_dropped_sends_nothing),
		cmocka_unit_test(T37_a_certificate_of_a_stranger_is_refused),
		cmocka_unit_test(T37_a_certificate_of_a_stranger_is_refused_by_smtps_too),
		cmocka_unit_test(a_certificate_that_is_trusted_by_name_and_authority_is_taken),
		cmocka_unit_test(a_wrong_password_is_seen_and_can_be_mended),
		cmocka_unit_test(no_sign_in_offered_is_no_reason_to_go_without),
		cmocka_unit_test(T37_every_refusal_and_drop_is_a_failure_of_its_kind),
		cmocka_unit_test(T37_every_refusal_and_drop_is_a_failure_of_its_kind_over_smtps),
		cmocka_unit_test(T37_a_server_that_hangs_ends_in_the_time_out),
		cmocka_unit_test(T37_a_taken_mail_without_an_answer_counts_as_not_sent),
		cmocka_unit_test(nobody_listens_or_the_host_is_unknown),
		cmocka_unit_test(T48_addresses_and_messages_that_could_inject_are_refused),
		cmocka_unit_test(without_a_server_a_mail_is_a_file_named_by_its_id),
	};

	return cmocka_run_group_tests_name("smtp", tests, server_folder, server_folder_remove);
}
