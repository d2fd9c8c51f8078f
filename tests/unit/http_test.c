/* http_test.c: the one way out over HTTP, against a real server with every bad habit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sys/stat.h>

#include "lib/base/clock.h"
#include "lib/util/http.h"
#include "tests/unit/hooks_server.h"
#include "tests/unit/smtp_server.h"

static struct hooks plain, secure;
static struct conf_http conf = { .allow_private = "", .ca_file = "", .timeout_ms = 1500 };
static struct err e;

/* -- the resolver: names under .test are ours -- */

static int asked;                     /* for rebind.test */

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **ret)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const char *address = name;

	if (real == NULL) {
		void *found = dlsym(RTLD_NEXT, "getaddrinfo");

		memcpy(&real, &found, sizeof real);
	}
	if (name != NULL && strcmp(name, "private.test") == 0)
		address = "127.0.0.1";
	else if (name != NULL && strcmp(name, "metadata.test") == 0)
		address = "169.254.169.254";
	/* Harmless when somebody looks, private when somebody calls. */
	else if (name != NULL && strcmp(name, "rebind.test") == 0)
		address = asked++ == 0 ? "192.0.2.1" : "127.0.0.1";
	return real(address, service, hints, ret);
}

static int
get(struct http_answer *answer, const char *host, int port, const char *path)
{
	char url[256];

	snprintf(url, sizeof url, "%s:%d%s", host, port, path);
	*answer = (struct http_answer){ .status = 0 };
	return http_send(answer, &conf, &(struct http_request){ .url = url }, &e);
}

static void
refused(const char *host, int port, const char *path)
{
	struct http_answer answer;

	if (get(&answer, host, port, path) != -1 || e.kind == ERR_INTERNAL)
		fail_msg("%s: status %d, %s", host, answer.status, e.text);
}

/* T47: private, by whatever spelling or name: not one connection. */
static void
T47_nothing_private_is_called(void **state UNUSED)
{
	static const char *const spellings[] = { "127.0.0.1", "127.1", "127.0.1", "2130706433",
		"0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.000.000.001",
		"0x7f.0x0.0x0.0x1", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "[::1]",
		"[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
		"[64:ff9b::7f00:1]", "[::]", "private.test", "private.test.", "metadata.test",
		"169.254.169.254", "[fe80::1]", "[fd00::1]", "10.0.0.1", "192.168.0.1",
		"172.16.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[ff02::1]",
		"[2002:7f00:1::]", "%31%32%37.0.0.1", "127.0.0.1%00", "①②⑦.0.0.1" };
	char url[128];

	conf.allow_private = "";
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		snprintf(url, sizeof url, "http://%s", spellings[i]);
		refused(url, plain.port, "/ok");
	}
	assert_int_equal(hooks_count(&plain, ""), 0);
}

/* The ways to write an IPv4 address that some resolver or library understands. */
static void
spell(char *out, size_t size, int way, const unsigned char *b)
{
	unsigned all = (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
	unsigned low3 = all & 0xffffff, low2 = all & 0xffff;

	switch (way) {
#define WAY(n, ...) case n: snprintf(out, size, __VA_ARGS__); break
	WAY(0, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	WAY(1, "%u.%u.%u.%u.", b[0], b[1], b[2], b[3]);
	WAY(2, "0%o.0%o.0%o.0%o", b[0], b[1], b[2], b[3]);
	WAY(3, "0x%x.0x%x.0x%x.0x%x", b[0], b[1], b[2], b[3]);
	WAY(4, "0X%X.%u.0%o.%u", b[0], b[1], b[2], b[3]);
	WAY(5, "%u", all);
	WAY(6, "0x%08x", all);
	WAY(7, "0%o", all);
	WAY(8, "%u.%u", b[0], low3);
	WAY(9, "0x%x.0x%x", b[0], low3);
	WAY(10, "%u.%u.%u", b[0], b[1], low2);
	WAY(11, "0%o.%u.0x%x", b[0], b[1], low2);
	WAY(12, "%05o.%05o.%05o.%05o", b[0], b[1], b[2], b[3]);
	WAY(13, "[::ffff:%u.%u.%u.%u]", b[0], b[1], b[2], b[3]);
	WAY(14, "[::ffff:%x:%x]", all >> 16, low2);
	WAY(15, "[0:0:0:0:0:FFFF:%X:%X]", all >> 16, low2);
	WAY(16, "[::%u.%u.%u.%u]", b[0], b[1], b[2], b[3]);
	WAY(17, "[64:ff9b::%x:%x]", all >> 16, low2);
	WAY(18, "[2002:%x:%x::1]", all >> 16, low2);
	WAY(19, "%u%%2e%u%%2e%u%%2e%u", b[0], b[1], b[2], b[3]);
#undef WAY
	default:
		abort();
	}
}

/* T47: told to be private, or to be no address at all: never tried, and left to fail. */
static void
T47_200_spellings_are_seen_through(void **state UNUSED)
{
	static const unsigned char private[][4] = { { 127, 0, 0, 1 }, { 127, 255, 255, 254 },
		{ 10, 0, 0, 1 }, { 172, 16, 5, 4 }, { 172, 31, 255, 255 }, { 192, 168, 1, 1 },
		{ 169, 254, 169, 254 }, { 0, 0, 0, 0 }, { 100, 64, 0, 1 }, { 224, 0, 0, 1 } };
	int before = hooks_count(&plain, ""), tried = 0;
	char host[80], url[96];

	conf.allow_private = "";
	for (size_t i = 0; i < sizeof private / sizeof *private; i++)
		for (int way = 0; way < 20; way++, tried++) {
			spell(host, sizeof host, way, private[i]);
			snprintf(url, sizeof url, "http://%s", host);
			refused(url, plain.port, "/ok");
			if (e.kind != ERR_INPUT && strstr(e.text, "private address") == NULL &&
			    strstr(e.text, "was not found") == NULL)
				fail_msg("%s: %s", url, e.text);
		}
	assert_int_equal(tried, 200);
	assert_int_equal(hooks_count(&plain, ""), before);
}

/* The control: the same server is reached as soon as its host is allowed. */
static void
T47_an_allowed_host_is_called(void **state UNUSED)
{
	struct http_answer answer;

	conf.allow_private = "db.example, 127.0.0.1 localhost";
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/ok"), 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.text, "ok");
	assert_false(answer.cut);
	assert_int_equal(get(&answer, "http://LocalHost", plain.port, "/ok"), 0);
	assert_int_equal(hooks_count(&plain, ""), 2);
	/* Only the host that is named, not what it resolves to. */
	refused("http://private.test", plain.port, "/ok");
	assert_non_null(strstr(e.text, "private address 127.0.0.1"));
	assert_int_equal(hooks_count(&plain, ""), 2);
	conf.allow_private = "";
}

/* T47: a name that changes between looking and calling gains nothing: nobody looks twice. */
static void
T47_a_name_that_changes_is_decided_when_it_is_called(void **state UNUSED)
{
	int before = hooks_count(&plain, "");

	conf.allow_private = "";
	conf.timeout_ms = 300;
	asked = 0;
	for (int i = 0; i < 4; i++)
		refused("http://rebind.test", plain.port, "/ok");
	conf.timeout_ms = 1500;
	assert_true(asked >= 4);
	assert_int_equal(hooks_count(&plain, ""), before);
}

static void
T47_only_http_and_https(void **state UNUSED)
{
	static const char *const urls[] = { "file:///etc/passwd", "gopher://127.0.0.1:%d/_x",
		"dict://127.0.0.1:%d/x", "ftp://127.0.0.1:%d/", "unix:///run/x", "//127.0.0.1:%d/",
		"127.0.0.1:%d", "", "http:/127.0.0.1:%d/", "http://", "http://user@127.0.0.1:%d/",
		"http://a:b@127.0.0.1:%d/", "http://127.0.0.1:99999/", "http://127.0.0.1:%d/a b",
		"http://127.0.0.1:%d/\r\nHost: x", "telnet://127.0.0.1:%d", "http+unix://x",
		"ldap://127.0.0.1:%d/" };
	int before = hooks_count(&plain, "");
	struct http_answer answer;
	char url[256];

	conf.allow_private = "127.0.0.1";
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		/* The list is ours. */
		const char *at = strstr(urls[i], "%d");

		snprintf(url, sizeof url, "%.*s", at ? (int)(at - urls[i]) : 250, urls[i]);
		if (at != NULL)
			snprintf(url + strlen(url), sizeof url - strlen(url), "%d%s", plain.port,
			    at + 2);
		assert_int_equal(
		    http_send(&answer, &conf, &(struct http_request){ .url = url }, &e), -1);
		if (e.kind != ERR_INPUT)
			fail_msg("%s: %s", url, e.text);
	}
	assert_int_equal(hooks_count(&plain, ""), before);
}

static void
T47_redirects_are_answers_and_not_followed(void **state UNUSED)
{
	int before = hooks_count(&plain, "");
	struct http_answer answer;

	conf.allow_private = "127.0.0.1";
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/redirect"), 0);
	assert_int_equal(answer.status, 302);
	assert_int_equal(hooks_count(&plain, ""), before + 1);
}

static void
bad_answers_are_bounded_and_said(void **state UNUSED)
{
	static const char *const paths[] = { "slow", "drip", "headers", "garbage", "close" };
	struct http_answer answer;
	char path[64];
	int64_t began;

	conf.allow_private = "127.0.0.1";
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		began = clock_mono();
		snprintf(path, sizeof path, "/%s?token=hush", paths[i]);
		refused("http://127.0.0.1", plain.port, path);
		assert_int_equal(e.kind, ERR_BUSY);
		assert_null(strstr(e.text, "hush"));
		assert_null(strstr(e.text, paths[i]));
		assert_true(clock_mono() - began < 2500);
	}
	/* What it says of itself is known, however much it goes on to say. */
	began = clock_mono();
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/large"), 0);
	assert_int_equal(answer.status, 200);
	assert_true(strlen(answer.text) < HTTP_TEXT_SIZE);
	assert_true(answer.cut);
	assert_true(clock_mono() - began < 1500);
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/fail-1/x"), 0);
	assert_int_equal(answer.status, 500);
	assert_string_equal(answer.text, "try again: ü <b> \xef\xbf\xbd later");
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/status/429"), 0);
	assert_int_equal(answer.retry_after_s, 7);
	refused("http://127.0.0.1", 1, "/ok");
	assert_non_null(strstr(e.text, "could not be reached"));
	refused("http://nowhere.invalid", 80, "/ok");
	assert_non_null(strstr(e.text, "was not found"));
}

static void
certificates_are_checked(void **state UNUSED)
{
	struct http_answer answer;

	conf.allow_private = "127.0.0.1 localhost";
	refused("https://localhost", secure.port, "/ok");
	assert_non_null(strstr(e.text, "certificate of localhost was refused"));
	conf.ca_file = in_folder("ca.crt");
	assert_int_equal(get(&answer, "https://localhost", secure.port, "/ok"), 0);
	assert_int_equal(answer.status, 200);
	/* A good certificate of another name. */
	refused("https://127.0.0.1", secure.port, "/ok");
	assert_int_equal(hooks_count(&secure, ""), 1);
	conf.ca_file = "";
}

static void
no_proxy_and_no_other_setting_of_the_environment(void **state UNUSED)
{
	struct http_answer answer;

	conf.allow_private = "127.0.0.1";
	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "socks5://127.0.0.1:1/", 1);
	assert_int_equal(get(&answer, "http://127.0.0.1", plain.port, "/ok"), 0);
	assert_int_equal(answer.status, 200);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void
a_post_carries_its_headers_and_body(void **state UNUSED)
{
	static const char *const headers[] = { "Content-Type: application/json", "X-One: 1", NULL };
	char url[64], *body = xmalloc(100001);
	struct http_answer answer;

	memset(body, 'x', 100000);
	body[100000] = '\0';
	conf.allow_private = "127.0.0.1";
	snprintf(url, sizeof url, "http://127.0.0.1:%d/posted", plain.port);
	assert_int_equal(http_send(&answer, &conf,
	    &(struct http_request){ url, body, 100000, headers }, &e), 0);
	assert_int_equal(answer.status, 200);
	assert_int_equal(hooks_count(&plain, "\"method\": \"POST\", \"path\": \"/posted\""), 1);
	assert_int_equal(hooks_count(&plain, "\"x-one\": \"1\""), 1);
	assert_int_equal(hooks_count(&plain, "\"user-agent\": \"Lazarette/"),
	    hooks_count(&plain, ""));
	assert_int_equal(hooks_count(&plain, "\"expect\""), 0);
	assert_int_equal(hooks_count(&plain, body), 1);
	free(body);
}

/* Every edge of every range: the last outside, the first and last inside. */
static void
T47_ranges_begin_and_end_where_they_should(void **state UNUSED)
{
	static const struct { const char *address; bool open; } list[] = {
		{ "0.255.255.255", false }, { "1.0.0.0", true }, { "9.255.255.255", true },
		{ "10.0.0.0", false }, { "10.255.255.255", false }, { "11.0.0.0", true },
		{ "100.63.255.255", true }, { "100.64.0.0", false }, { "100.127.255.255", false },
		{ "100.128.0.0", true }, { "126.255.255.255", true }, { "127.0.0.0", false },
		{ "127.255.255.255", false }, { "128.0.0.0", true }, { "169.253.255.255", true },
		{ "169.254.0.0", false }, { "169.254.255.255", false }, { "169.255.0.0", true },
		{ "172.15.255.255", true }, { "172.16.0.0", false }, { "172.31.255.255", false },
		{ "172.32.0.0", true }, { "192.167.255.255", true }, { "192.168.0.0", false },
		{ "192.168.255.255", false }, { "192.169.0.0", true }, { "198.17.255.255", true },
		{ "198.18.0.0", false }, { "198.19.255.255", false }, { "198.20.0.0", true },
		{ "223.255.255.255", true }, { "224.0.0.0", false }, { "240.0.0.0", false },
		{ "255.255.255.255", false }, { "8.8.8.8", true },
		{ "2606:4700::1", true }, { "2a00::1", true }, { "::1", false }, { "::", false },
		{ "fe80::1", false }, { "fc00::1", false }, { "fdff::1", false },
		{ "ff02::1", false },
		{ "2001:db8::1", false }, { "2001::1", false }, { "2001:1ff::1", false },
		{ "2001:200::1", true }, { "2001:4860::1", true }, { "2002:808:808::1", false },
		{ "::ffff:8.8.8.8", false }, { "64:ff9b::808:808", false }, { "3fff::1", false },
		{ "3fff:1000::1", true }, { "4000::1", false }, { "1fff::1", false },
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
		struct sockaddr_in four = { .sin_family = AF_INET };
		struct sockaddr_storage at = { 0 };

		if (inet_pton(AF_INET, list[i].address, &four.sin_addr) == 1)
			memcpy(&at, &four, sizeof four);
		else if (inet_pton(AF_INET6, list[i].address, &six.sin6_addr) == 1)
			memcpy(&at, &six, sizeof six);
		else
			fail_msg("%s", list[i].address);
		if (http_is_public((const struct sockaddr *)&at) != list[i].open)
			fail_msg("%s", list[i].address);
	}
	assert_false(http_is_public(&(struct sockaddr){ .sa_family = AF_UNIX }));
}

static int
begin(void **state)
{
	const char *tls[4] = { "--tls", NULL, NULL, NULL };
	char other[128];

	if (server_folder(state) != 0)
		return -1;
	hooks_start(&plain, folder, NULL);
	tls[1] = in_folder("good.crt");
	tls[2] = in_folder("good.key");
	snprintf(other, sizeof other, "%s/secure", folder);
	if (mkdir(other, 0700) != 0)
		return -1;
	hooks_start(&secure, other, tls);
	return 0;
}

static int
end(void **state)
{
	hooks_stop(&plain);
	hooks_stop(&secure);
	return server_folder_remove(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(T47_nothing_private_is_called),
		cmocka_unit_test(T47_200_spellings_are_seen_through),
		cmocka_unit_test(T47_an_allowed_host_is_called),
		cmocka_unit_test(T47_a_name_that_changes_is_decided_when_it_is_called),
		cmocka_unit_test(T47_only_http_and_https),
		cmocka_unit_test(T47_redirects_are_answers_and_not_followed),
		cmocka_unit_test(bad_answers_are_bounded_and_said),
		cmocka_unit_test(certificates_are_checked),
		cmocka_unit_test(no_proxy_and_no_other_setting_of_the_environment),
		cmocka_unit_test(a_post_carries_its_headers_and_body),
		cmocka_unit_test(T47_ranges_begin_and_end_where_they_should),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
