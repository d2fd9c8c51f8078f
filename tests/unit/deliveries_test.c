/* deliveries_test.c: what nginx says it has sent is read strictly (DIV-16). */
#include "tests/unit/job_home.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "worker/deliveries.h"

static const char head[] = "<190>Nov 21 02:00:00 lazarette: ";

static bool
parse(struct delivery *d, char address[DELIVERY_ADDRESS_SIZE], const char *rest)
{
	char line[512];

	snprintf(line, sizeof line, "%s%s", head, rest);
	return deliveries_parse(d, address, line, strlen(line));
}

static void
reads_a_whole_delivery(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_true(parse(&d, address, "12:34 200 5000000000 192.0.2.7"));
	assert_int_equal(d.link, 12);
	assert_int_equal(d.file, 34);
	assert_int_equal(d.bytes, 5000000000);
	assert_string_equal(d.address, "192.0.2.7");
}

static void
reads_a_range_and_an_ipv6_address_and_a_final_newline(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_true(parse(&d, address, "1:2 206 0 2001:db8::1\n"));
	assert_int_equal(d.bytes, 0);
	assert_string_equal(d.address, "2001:db8::1");
	assert_true(parse(&d, address, "1:2 200 7 unix:"));
}

static void
counts_nothing_that_was_not_delivered(void **state UNUSED)
{
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	assert_false(parse(&d, address, "1:2 404 153 192.0.2.7"));
	assert_false(parse(&d, address, "1:2 304 0 192.0.2.7"));
	assert_false(parse(&d, address, "1:2 416 0 192.0.2.7"));
}

static void
refuses_everything_else(void **state UNUSED)
{
	static const char *const bad[] = {
		"",
		"1:2",
		"1:2 200",
		"1:2 200 5",
		"1:2 200 5 ",
		"1:2  200 5 192.0.2.7",
		"-1:2 200 5 192.0.2.7",
		"1:-2 200 5 192.0.2.7",
		"1:2 200 -5 192.0.2.7",
		"1:2 200 5x 192.0.2.7",
		"0:2 200 5 192.0.2.7",
		"1:0 200 5 192.0.2.7",
		"1 2 200 5 192.0.2.7",
		"1:2 200 5 192.0.2.7 more",
		"1:2 200 5 <script>",
		"1:2 200 99999999999999999999 192.0.2.7",
		"- 200 5 192.0.2.7",
		"1:2 200 5 192.0.2.7\n\n",
		"1:2 200 5 0123456789.0123456789.0123456789.0123456789.0123456789.0123456789",
	};
	char address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (parse(&d, address, bad[i]))
			fail_msg("took '%s'", bad[i]);
	assert_false(deliveries_parse(&d, address, "1:2 200 5 192.0.2.7", 19));
	assert_false(deliveries_parse(&d, address, "<190>x nginx: 1:2 200 5 192.0.2.7", 33));
	assert_false(deliveries_parse(&d, address, "", 0));
}

static void
refuses_a_nul_and_a_line_that_is_too_long(void **state UNUSED)
{
	char line[4096], address[DELIVERY_ADDRESS_SIZE];
	struct delivery d;
	int n = snprintf(line, sizeof line, "%s1:2 200 5 192.0.2.7", head);

	line[n] = '\0';
	assert_false(deliveries_parse(&d, address, line, (size_t)n + 1));
	assert_true(deliveries_parse(&d, address, line, (size_t)n));
	memset(line, 'a', sizeof line);
	line[0] = '<';
	assert_false(deliveries_parse(&d, address, line, sizeof line));
}

/* Every cut and every changed byte of a good line either gives the same meaning or nothing; none is
 * read past its end. */
static void
survives_cuts_and_changed_bytes(void **state UNUSED)
{
	char good[128], line[128], address[DELIVERY_ADDRESS_SIZE];
	int n = snprintf(good, sizeof good, "%s12:34 200 12345 192.0.2.7", head);
	struct delivery d;
	int taken = 0;

	for (int cut = 0; cut < n - 8; cut++)
		assert_false(deliveries_parse(&d, address, good, (size_t)cut));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < 256; c++) {
			memcpy(line, good, (size_t)n);
			line[i] = (char)c;
			if (!deliveries_parse(&d, address, line, (size_t)n))
				continue;
			taken++;
			assert_true(d.link > 0 && d.file > 0 && d.bytes >= 0);
			assert_true(strlen(d.address) < DELIVERY_ADDRESS_SIZE);
		}
	assert_true(taken > 0);
}

static void
send_line(struct job_home *h, const char *rest)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char line[512];

	snprintf(to.sun_path, sizeof to.sun_path, "%s", home_path(h, "run/deliveries.sock"));
	snprintf(line, sizeof line, "%s%s", head, rest);
	assert_true(sendto(fd, line, strlen(line), 0, (struct sockaddr *)&to, sizeof to) > 0);
}

/* A ready download of one file, and a link to it: both have the number 1. */
static int64_t
make_link(struct job_home *h)
{
	struct fixture *f = &h->f;
	int64_t backup = home_backup(h, f->media);
	struct download_ids ids;
	struct part *parts;
	struct lease l;
	size_t n;

	OK(backups_parts(&parts, &n, f->a, f->db, backup, &f->e));
	OK(downloads_request(&ids, f->db,
	    &(struct download_request){ { f->environment, f->admin, NULL, false }, backup,
	        &parts[0].id, 1, FORMAT_TAR, 3600000, 3, NULL },
	    &f->e));
	l = fixture_claim(f);
	assert_int_equal(home_work(h, &l), 0);
	OK(links_add(&(struct link){ .download = ids.download, .recipient = "admin@example.org",
	    .expires_at = clock_now() + 3600000, .max_uses = 3 }, f->db, "hash", &f->e));
	return fixture_number(f, "SELECT bytes FROM download_file");
}

static void
what_nginx_sends_is_counted(void **state)
{
	struct job_home *h = *state;
	struct fixture *f = &h->f;
	struct deliveries d = DELIVERIES_INIT;
	int64_t bytes = make_link(h);

	deliveries_open(&d, &h->conf);
	assert_true(d.fd >= 0);
	send_line(h, arena_printf(f->a, "1:1 206 %d 192.0.2.7", (int)bytes - 1));
	send_line(h, "nonsense");
	deliveries_read(&d, f->db);
	assert_int_equal(fixture_number(f, "SELECT uses FROM link_use"), 0);
	send_line(h, "1:1 206 1 192.0.2.7");
	send_line(h, "99:1 200 1 192.0.2.7");
	deliveries_read(&d, f->db);
	assert_int_equal(fixture_number(f, "SELECT uses FROM link_use WHERE link=1"), 1);
	deliveries_close(&d);
}

/* Somebody else on the machine must not spend links. */
static void
strangers_cannot_report(void **state)
{
	struct job_home *h = *state;
	struct deliveries d = DELIVERIES_INIT;
	mode_t mask = umask(0);
	struct stat st;

	deliveries_open(&d, &h->conf);
	assert_true(d.fd >= 0);
	assert_int_equal(umask(mask), 0);
	assert_int_equal(stat(home_path(h, "run/deliveries.sock"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	deliveries_close(&d);
}

static void
only_one_worker_listens(void **state)
{
	struct job_home *h = *state;
	struct deliveries first = DELIVERIES_INIT, second = DELIVERIES_INIT;

	deliveries_open(&first, &h->conf);
	deliveries_open(&second, &h->conf);
	assert_true(first.fd >= 0);
	assert_int_equal(second.fd, -1);
	deliveries_close(&first);
	deliveries_open(&second, &h->conf);
	assert_true(second.fd >= 0);
	deliveries_close(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_delivery),
		cmocka_unit_test(reads_a_range_and_an_ipv6_address_and_a_final_newline),
		cmocka_unit_test(counts_nothing_that_was_not_delivered),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(refuses_a_nul_and_a_line_that_is_too_long),
		cmocka_unit_test(survives_cuts_and_changed_bytes),
		HOME_TEST(what_nginx_sends_is_counted),
		HOME_TEST(strangers_cannot_report),
		HOME_TEST(only_one_worker_listens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
