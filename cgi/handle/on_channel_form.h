/* on_channel_form.h: adding a channel, and changing one. */
#ifndef CGI_HANDLE_ON_CHANNEL_FORM_H
#define CGI_HANDLE_ON_CHANNEL_FORM_H

#include "cgi/http/reply.h"
#include "cgi/http/request.h"
#include "lib/base/err.h"

/* Without ?kind=… it asks for the kind first. */
int on_channel_form_new(struct reply *rp, struct request *rq, struct err *e);
int on_channel_form_create(struct reply *rp, struct request *rq, struct err *e);
/* The page of a channel: its form, its log, test, on and off. */
int on_channel_form_edit(struct reply *rp, struct request *rq, struct err *e);
int on_channel_form_save(struct reply *rp, struct request *rq, struct err *e);

#endif
