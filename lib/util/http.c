/* http.c: the one way out over HTTP, through libcurl. */
#include "lib/util/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "lib/base/utf8.h"
#include "lib/util/curls.h"

static void
url_freep(CURLU **u)
{
	if (*u != NULL)
		curl_url_cleanup(*u);
}

/* -- addresses -- */

struct range {
	uint32_t net;
	int bits;
};

static bool
public_v4(uint32_t address)
{
	static const struct range closed[] = {
		{ 0x00000000, 8 },    /* this network */
		{ 0x0a000000, 8 },    /* private */
		{ 0x64400000, 10 },   /* shared by providers */
		{ 0x7f000000, 8 },    /* loopback */
		{ 0xa9fe0000, 16 },   /* link-local, and what clouds tell their machines */
		{ 0xac100000, 12 },   /* private */
		{ 0xc0000000, 24 },   /* protocol assignments */
		{ 0xc0000200, 24 },   /* documentation */
		{ 0xc0586300, 24 },   /* relays to IPv6 */
		{ 0xc0a80000, 16 },   /* private */
		{ 0xc6120000, 15 },   /* benchmarks */
		{ 0xc6336400, 24 },   /* documentation */
		{ 0xcb007100, 24 },   /* documentation */
		{ 0xe0000000, 3 },    /* multicast, reserved, broadcast */
	};

	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
		if ((address ^ closed[i].net) >> (32 - closed[i].bits) == 0)
			return false;
	return true;
}

/* Only what is given out as global unicast, without what carries an IPv4 address inside or is for
 * documents. Mapped (::ffff:) and translated (64:ff9b::) addresses lie outside of it. */
static bool
public_v6(const unsigned char a[16])
{
	unsigned head = (unsigned)a[0] << 8 | a[1];

	if ((head & 0xe000) != 0x2000 || head == 0x2002)
		return false;
	if (head == 0x2001 && (a[2] < 2 || (a[2] == 0x0d && a[3] == 0xb8)))
		return false;
	return head != 0x3fff || a[2] >= 0x10;
}

bool
http_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		return public_v4(ntohl(v4.sin_addr.s_addr));
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&v6, address, sizeof v6);
	return public_v6(v6.sin6_addr.s6_addr);
}

static void
address_text(char out[INET6_ADDRSTRLEN], const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*out = '\0';
	if (address->sa_family == AF_INET) {
		memcpy(&v4, address, sizeof v4);
		inet_ntop(AF_INET, &v4.sin_addr, out, INET6_ADDRSTRLEN);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN);
	}
}

/* -- URLs -- */

struct place {
	const char *host, *port;      /* port NULL: the scheme's own */
};

static char *
url_part(CURLU *u, CURLUPart part, struct arena *a)
{
	char *text = NULL, *copy;

	if (curl_url_get(u, part, &text, 0) != CURLUE_OK)
		return NULL;
	copy = arena_dup(a, text);
	curl_free(text);
	return copy;
}

static int
take_apart(struct place *ret, struct arena *a, const char *url, struct err *e)
{
	CLEANUP(url_freep) CURLU *u = curl_url();
	const char *scheme, *host;

	if (strlen(url) > HTTP_URL_MAX)
		return err_set(e, ERR_INPUT, "The address is longer than %d characters",
		    HTTP_URL_MAX);
	for (const char *p = url; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
			return err_set(e, ERR_INPUT,
			    "The address must have no spaces and no letters beyond ASCII");
	if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
		return err_set(e, ERR_INPUT, "The address must begin with https:// or http://");
	if (u == NULL || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
		return err_set(e, ERR_INPUT, "This is not an address that can be called");
	scheme = url_part(u, CURLUPART_SCHEME, a);
	host = url_part(u, CURLUPART_HOST, a);
	if (scheme == NULL || host == NULL || *host == '\0')
		return err_set(e, ERR_INPUT, "The address names no host");
	if (url_part(u, CURLUPART_USER, a) != NULL || url_part(u, CURLUPART_PASSWORD, a) != NULL)
		return err_set(e, ERR_INPUT, "The address must not hold a user name or password");
	*ret = (struct place){ host, url_part(u, CURLUPART_PORT, a) };
	return 0;
}

int
http_check_url(char **host, struct arena *a, const char *url, struct err *e)
{
	struct place at;

	if (take_apart(&at, a, url, e) != 0)
		return -1;
	if (host != NULL)
		*host = at.port != NULL ? arena_printf(a, "%s:%s", at.host, at.port)
		                        : arena_dup(a, at.host);
	return 0;
}

/* Without the brackets of an IPv6 address and the dot at a name's end. */
static size_t
bare(const char **at, const char *host, size_t n)
{
	if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
		*at = host + 1;
		return n - 2;
	}
	*at = host;
	return n > 0 && host[n - 1] == '.' ? n - 1 : n;
}

static bool
is_allowed(const char *list, const char *host)
{
	const char *want, *word;
	size_t n = bare(&want, host, strlen(host)), m;

	while (*(list += strspn(list, " \t,")) != '\0') {
		size_t length = strcspn(list, " \t,");

		m = bare(&word, list, length);
		if (m == n && strncasecmp(word, want, n) == 0)
			return true;
		list += length;
	}
	return false;
}

/* -- one request -- */

struct talk {
	const char *host;
	bool allowed;                 /* the host may have a private address */
	char refused[INET6_ADDRSTRLEN];   /* the private address it had */
	char body[HTTP_TEXT_SIZE];    /* the begin of the answer */
	size_t kept, seen, head;
	bool full;                    /* more came than is read */
	char detail[CURL_ERROR_SIZE];
};

static curl_socket_t
open_socket(void *arg, curlsocktype purpose UNUSED, struct curl_sockaddr *address)
{
	struct talk *t = arg;

	if (!t->allowed && !http_is_public(&address->addr)) {
		address_text(t->refused, &address->addr);
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t
take_body(char *p, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;
	size_t n = size * count, room = sizeof t->body - t->kept;

	memcpy(t->body + t->kept, p, n < room ? n : room);
	t->kept += n < room ? n : room;
	t->seen += n;
	t->full = t->seen > HTTP_ANSWER_MAX;
	return t->full ? 0 : n;
}

static size_t
take_head(char *p UNUSED, size_t size, size_t count, void *arg)
{
	struct talk *t = arg;

	t->head += size * count;
	return t->head > HTTP_ANSWER_MAX ? 0 : size * count;
}

static void
set_up(CURL *c, const struct conf_http *conf, struct talk *t)
{
	curls_guard_http(c, conf->ca_file);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)conf->timeout_ms);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
}

static int
explain(CURLcode code, const struct talk *t, struct err *e)
{
	if (*t->refused != '\0')
		return err_set(e, ERR_DENIED, "%s has the private address %s: nothing was sent. "
		    "An administrator can allow the host in lazarette.conf (allow_private)",
		    t->host, t->refused);
	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return err_set(e, ERR_BUSY, "%s was not found", t->host);
	if (code == CURLE_COULDNT_CONNECT)
		return err_set(e, ERR_BUSY, "%s could not be reached", t->host);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(e, ERR_BUSY, "%s did not answer in time", t->host);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		return err_set(e, ERR_BUSY, "the certificate of %s was refused: %s", t->host,
		    *t->detail != '\0' ? t->detail : curl_easy_strerror(code));
	return err_set(e, ERR_BUSY, "%s gave no whole answer: %s", t->host,
	    curl_easy_strerror(code));
}

/* The begin of the answer as one line; a byte that is no text is one of U+FFFD. */
static void
keep_text(struct http_answer *ret, struct arena *a, const struct talk *t)
{
	const char *p = utf8_clean(a, t->body, t->kept);
	size_t n = 0;
	bool gap = false;

	for (; *p != '\0'; p++) {
		if (*p == ' ' || *p == '\n' || *p == '\t') {
			gap = n > 0;
			continue;
		}
		/* Room for the gap, a whole character of four bytes, and the end. */
		if (n + 6 >= sizeof ret->text && ((unsigned char)*p & 0xc0) != 0x80)
			break;
		if (gap)
			ret->text[n++] = ' ';
		gap = false;
		ret->text[n++] = *p;
	}
	ret->text[n] = '\0';
	ret->cut = *p != '\0' || t->seen > t->kept;
}

static int
perform(struct http_answer *ret, CURL *c, struct arena *a, struct talk *t, struct err *e)
{
	CURLcode code = curl_easy_perform(c);
	curl_off_t wait = 0;
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	/* An answer that is too long is one all the same: what it says of itself is known. */
	if (code != CURLE_OK && !(code == CURLE_WRITE_ERROR && t->full && status > 0))
		return explain(code, t, e);
	if (status < 100 || status > 999)
		return err_set(e, ERR_BUSY, "%s gave no whole answer", t->host);
	curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait);
	ret->status = (int)status;
	ret->retry_after_s = wait > 0 ? wait : 0;
	keep_text(ret, a, t);
	return 0;
}

int
http_send(struct http_answer *ret, const struct conf_http *conf, const struct http_request *rq,
    struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP(curls_easy_freep) CURL *c = NULL;
	CLEANUP(curls_list_freep) struct curl_slist *headers = NULL;
	struct talk t = { .allowed = false };
	struct place at;

	if (take_apart(&at, a, rq->url, e) != 0)
		return -1;
	t.host = at.host;
	t.allowed = is_allowed(conf->allow_private, at.host);
	c = curl_easy_init();
	/* Without it libcurl asks first whether a long body is welcome, and waits. */
	headers = curl_slist_append(NULL, "Expect:");
	for (size_t i = 0; rq->headers != NULL && rq->headers[i] != NULL; i++) {
		struct curl_slist *more = curl_slist_append(headers, rq->headers[i]);

		headers = more != NULL ? more : headers;
	}
	if (c == NULL || headers == NULL)
		return err_set(e, ERR_INTERNAL, "libcurl could not start");
	set_up(c, conf, &t);
	curl_easy_setopt(c, CURLOPT_URL, rq->url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	if (rq->body != NULL) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, rq->body);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_size);
	}
	return perform(ret, c, a, &t, e);
}
