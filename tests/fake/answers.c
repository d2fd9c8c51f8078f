/* answers.c: HTTP answers and log lines made of strings from outside, for the test of headers
 * (T48).
 *
 *   answers < strings, each ended by a NUL
 *
 * Prints, for each string, the answers that have it as the name of a file, as the path of a file,
 * as the place to go to and as text, each ended by a NUL; and writes one log line to stderr.
 */
#include <stdio.h>
#include <string.h>

#include "cgi/http/reply.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"

enum { INPUT_MAX = 16 << 20 };

static void
print(struct reply *rp, const struct request *rq)
{
	CLEANUP_BUF struct buf out = BUF_INIT;

	reply_write(&out, rp, rq);
	fwrite(out.p, 1, out.n + 1, stdout);
	reply_release(rp);
}

static void
answer_all(const struct request *rq, const char *text)
{
	struct reply rp = REPLY_INIT;

	reply_file(&rp, rq, "d/x.tar", text, "1:2");
	print(&rp, rq);
	reply_file(&rp, rq, text, "x.tar", "-");
	print(&rp, rq);
	reply_see_other(&rp, "%s", text);
	print(&rp, rq);
	reply_text(&rp, text, strlen(text));
	print(&rp, rq);
	log_line(LOG_INFO, "test.line", "%s", text);
}

int
main(void)
{
	CLEANUP_BUF struct buf in = BUF_INIT;
	struct conf conf = { .public_url = "http://127.0.0.1:8080" };
	struct err e;

	if (fd_read_all(&in, 0, INPUT_MAX, &e) != 0) {
		fprintf(stderr, "answers: %s\n", e.text);
		return 1;
	}
	for (const char *at = in.p; at < in.p + in.n; at += strlen(at) + 1) {
		CLEANUP_ARENA struct arena *a = arena_new();
		struct request rq = { .arena = a, .conf = &conf, .id = "0123456789abcdef" };

		answer_all(&rq, at);
	}
	return 0;
}
