/* on_storage_form.h: adding a storage, changing one, and taking one off the list. */
#ifndef CGI_HANDLE_ON_STORAGE_FORM_H
#define CGI_HANDLE_ON_STORAGE_FORM_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

MUST_USE int on_storage_form_new(struct reply *rp, struct request *rq,
    struct err *e); /* GET /storage/new: which kind, or the form of one */
MUST_USE int on_storage_form_create(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/new */
MUST_USE int on_storage_form_edit(struct reply *rp, struct request *rq,
    struct err *e); /* GET /storage/{s}/settings */
MUST_USE int on_storage_form_save(struct reply *rp, struct request *rq,
    struct err *e); /* POST /storage/{s}/settings */
MUST_USE int on_storage_form_remove(struct reply *rp, struct request *rq,
    struct err *e); /* GET asks, POST /storage/{s}/remove does it */

#endif
