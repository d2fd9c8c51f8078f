/* answer.h: one request from its first byte to its complete answer. */
#ifndef CGI_ANSWER_H
#define CGI_ANSWER_H

#include "cgi/http/request.h"
#include "lib/base/buf.h"
#include "lib/store/db.h"
#include "lib/util/conf.h"

/* What one process of lazarette-web keeps from request to request. */
struct app {
	const struct conf *conf;
	struct db *db;                /* NULL until the catalogue could be opened */
};

/* Always fills `out`: what fails becomes an error page. `app` is a struct app. */
void answer_request(struct buf *out, void *app, const struct request_input *in);

#endif
