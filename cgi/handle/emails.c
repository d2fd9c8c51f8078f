/* emails.c: a field that takes several e-mail addresses. */
#include "cgi/handle/emails.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/model/name.h"

enum { EMAILS_MAX = 20 };

const char *
emails_read(const char **kept, const struct request *rq, const char *field)
{
	static const char gaps[] = " ,\t\r\n";
	const char *text = request_field(rq, field);
	CLEANUP_BUF struct buf lines = BUF_INIT;
	struct err why;
	int count = 0;

	*kept = text;
	for (const char *at = text + strspn(text, gaps); *at != '\0'; at += strspn(at, gaps)) {
		size_t n = strcspn(at, gaps);
		const char *one = arena_dupn(rq->arena, at, n);

		at += n;
		if (name_check_email(one, &why) != 0)
			return arena_dup(rq->arena, why.text);
		if (++count > EMAILS_MAX)
			return arena_printf(rq->arena, "Name at most %d addresses", EMAILS_MAX);
		buf_printf(&lines, "%s%s", lines.n > 0 ? "\n" : "", one);
	}
	*kept = arena_dupn(rq->arena, lines.p, lines.n);
	return NULL;
}
