/* on_schedule.h: the schedules of an environment, a project and the instance; all plans. */
#ifndef CGI_HANDLE_ON_SCHEDULE_H
#define CGI_HANDLE_ON_SCHEDULE_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/attr.h"
#include "lib/base/err.h"

/* GET /p/{p}/{e}/schedule, /p/{p}/-/schedule, /schedule */
MUST_USE int on_schedule_list(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_list_project(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_list_instance(struct reply *rp, struct request *rq, struct err *e);
/* GET /plans: every schedule in every environment where it holds */
MUST_USE int on_schedule_plans(struct reply *rp, struct request *rq, struct err *e);
/* GET /plans.csv: the same as CSV */
MUST_USE int on_schedule_plans_csv(struct reply *rp, struct request *rq, struct err *e);
/* POST …/schedule/usual: every night, with one click */
MUST_USE int on_schedule_usual(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_usual_project(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_usual_instance(struct reply *rp, struct request *rq, struct err *e);
/* POST /p/{p}/{e}/schedule/{schedule}/run: only queues */
MUST_USE int on_schedule_run(struct reply *rp, struct request *rq, struct err *e);
/* POST /s/{schedule}/switch: on=1 turns it on, else off */
MUST_USE int on_schedule_switch(struct reply *rp, struct request *rq, struct err *e);
/* POST /s/{schedule}/pause: until=2026-11-30; nothing ends the pause */
MUST_USE int on_schedule_pause(struct reply *rp, struct request *rq, struct err *e);
/* GET and POST /s/{schedule}/remove: asks what becomes of its backups */
MUST_USE int on_schedule_remove_form(struct reply *rp, struct request *rq, struct err *e);
MUST_USE int on_schedule_remove(struct reply *rp, struct request *rq, struct err *e);

#endif
