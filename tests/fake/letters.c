/* letters.c: mails made of strings from outside, for the test of headers (T48).
 *
 *   letters FOLDER < strings, each ended by a NUL
 *
 * Each string becomes the subject, our name, the recipient, the sender, the id, and everything that
 * a rendered mail says, in a mail of its own: FOLDER/<number>-<field>.eml. Prints "refused <number>
 * <field>" when mime.h would not have it.
 */
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/util/mime.h"
#include "lib/util/render.h"
#include "worker/notify/letter.h"

enum { INPUT_MAX = 16 << 20 };

static int
write_mail(const char *folder, int number, const char *field, const struct mime_mail *m,
    struct err *e)
{
	CLEANUP_BUF struct buf out = BUF_INIT;
	char path[512];

	if (mime_build(&out, m, e) != 0) {
		if (e->kind != ERR_INPUT)
			return -1;
		printf("refused %d %s\n", number, field);
		return 0;
	}
	snprintf(path, sizeof path, "%s/%d-%s.eml", folder, number, field);
	return fd_put_file(path, out.p, out.n, 0600, e);
}

/* Every value of a "Download ready" is the string. */
static int
write_letter(const char *folder, int number, const char *text, struct mime_mail m, struct err *e)
{
	CLEANUP_ARENA struct arena *a = arena_new();
	CLEANUP_TREE struct tree *t = tree_new();
	CLEANUP_BUF struct buf plain = BUF_INIT, html = BUF_INIT;
	struct conf conf = { .public_url = "https://backup.example.org" };
	struct letter l = { .conf = &conf, .arena = a, .tree = t };
	struct job job = { .id = 1,
		.project_slug = text,
		.environment_slug = text,
		.requested_name = text };
	struct download d = { .id = 1,
		.project_slug = text,
		.environment_slug = text,
		.note = text,
		.contents = text };
	struct download_file file = { .id = 1, .service_slug = text, .name = text, .sha256 = text };
	struct link link = { .max_uses = 5 };

	letter_about_job(&l, &job);
	letter_download_ready(&l, &d, &link, "token");
	letter_add_file(&l, &file, "token");
	if (render_text(&plain, "templates", "mail/download_ready.txt.cs", t, e) != 0 ||
	    render_html(&html, "templates", "mail/download_ready.html.cs", t, e) != 0)
		return -1;
	m.subject = letter_line(&l, l.subject, 200);
	m.from_name = letter_line(&l, text, 60);
	m.text = plain.p;
	m.html = html.p;
	return write_mail(folder, number, "letter", &m, e);
}

static int
write_all(const char *folder, int number, const char *text, struct err *e)
{
	static const char *const fields[] = { "subject", "name", "to", "from", "id" };
	struct mime_mail plain = { .from = "from@example.org",
		.from_name = "Lazarette",
		.to = "to@example.org",
		.subject = "subject",
		.message_id = "id@example.org",
		.text = text,
		.html = text };

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct mime_mail m = plain;
		const char **const place[] = { &m.subject, &m.from_name, &m.to, &m.from,
			&m.message_id };

		*place[i] = text;
		if (write_mail(folder, number, fields[i], &m, e) != 0)
			return -1;
	}
	return write_letter(folder, number, text, plain, e);
}

int
main(int argc, char **argv)
{
	CLEANUP_BUF struct buf in = BUF_INIT;
	struct err e;
	int number = 0;

	if (argc != 2) {
		fprintf(stderr, "letters: a folder is needed\n");
		return 64;
	}
	if (fd_read_all(&in, 0, INPUT_MAX, &e) != 0)
		goto failed;
	for (const char *at = in.p; at < in.p + in.n; at += strlen(at) + 1)
		if (write_all(argv[1], ++number, at, &e) != 0)
			goto failed;
	return 0;
failed:
	fprintf(stderr, "letters: %s\n", e.text);
	return 1;
}
