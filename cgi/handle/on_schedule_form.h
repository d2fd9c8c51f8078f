/* on_schedule_form.h: a new schedule, or the settings of one. */
#ifndef CGI_HANDLE_ON_SCHEDULE_FORM_H
#define CGI_HANDLE_ON_SCHEDULE_FORM_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET …/schedule/new of an environment, a project, the instance */
MUST_USE int on_schedule_form_new(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_new_project(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_new_instance(struct reply *rp, struct request *rq, struct err *e);
/* POST of the same; the field preview shows the next runs and writes nothing */
MUST_USE int on_schedule_form_create(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_create_project(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_create_instance(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /s/{schedule} */
MUST_USE int on_schedule_form_edit(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_save(struct reply *rp, struct request *rq, struct err *e);
/* GET …/schedule/fragment?every=day&time=02:00…: the preview alone, for the form while one types */
MUST_USE int on_schedule_form_fragment(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_form_fragment_instance(struct reply *rp, struct request *rq,
    struct err *e);

#endif
