/* http.h: the one way out over HTTP, through libcurl.
 *
 * http and https only, no redirect is followed, no proxy, no cookie, no password of a file. The
 * certificate is always checked. The address is looked at when the socket is opened, so whatever a
 * name resolves to at that moment is what counts: nothing private is called (loopback, link-local,
 * private, shared, multicast, reserved, mapped or translated IPv4), unless the host stands in
 * allow_private of the configuration. Blocks; call it in a child of the worker.
 */
#ifndef LIB_UTIL_HTTP_H
#define LIB_UTIL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "lib/base/arena.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"
#include "lib/util/conf.h"

enum { HTTP_URL_MAX = 2000, HTTP_ANSWER_MAX = 64 * 1024, HTTP_TEXT_SIZE = 4096 };

struct http_request {
	const char *url;
	const char *body;             /* NULL: GET, else POST */
	size_t body_size;
	const char *const *headers;   /* "Name: value" each, ends in NULL; may be NULL */
};
struct http_answer {
	int status;
	int64_t retry_after_s;        /* as the server asked, in seconds; 0: it did not */
	/* The begin of the answer as one clean line. */
	char text[HTTP_TEXT_SIZE];
	/* It was longer: what stands at the end may be the head of something. */
	bool cut;
};

/* Whatever the status: 0. More than HTTP_ANSWER_MAX of an answer is not read. -1 when no whole
 * answer came: ERR_INPUT (the URL is none for us), ERR_DENIED (a private address), ERR_BUSY (not
 * found, not reached, refused certificate, too slow, not HTTP). The text names the host alone:
 * what else stands in a URL may be a secret. */
MUST_USE int http_send(struct http_answer *ret, const struct conf_http *conf,
    const struct http_request *rq, struct err *e);

/* Could this URL be called? ERR_INPUT says in a sentence why not. *host (unless NULL) as a person
 * may see it: "hooks.example.org", "hooks.example.org:8443". */
MUST_USE int http_check_url(char **host, struct arena *a, const char *url, struct err *e);
/* An address of the internet at large. */
bool http_is_public(const struct sockaddr *address);

#endif
