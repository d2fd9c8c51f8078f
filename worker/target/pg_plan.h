/* pg_plan.h: constant SQL for the side of a merge: what goes where, and the stream of it.
 *
 * It runs in a session that begins with pg_plan_session, whose search_path is empty, and keeps what
 * it knows in temporary tables. What it finds wrong it raises as "lazarette input: …", which
 * pg_merge.c makes a sentence of.
 */
#ifndef WORKER_TARGET_PG_PLAN_H
#define WORKER_TARGET_PG_PLAN_H

/* How a session of ours is set: no surprise from the settings of a database or a role. */
extern const char pg_plan_session[];

/* A query: each object of a database as (class, id), with the object that it belongs to (of_class,
 * of_id): an index, a constraint or a trigger to its table; `made` is its transaction. */
extern const char pg_plan_objects[];
/* Behind WITH o AS (objects): a line for each that is not of the server's own: its name's MD5. */
extern const char pg_plan_keys[];

/* The tables of the plan: `there` is to be filled with the target's keys, `choice` with what was
 * chosen, `how` with one row. Then `make` decides which tables are put, parents first. */
extern const char pg_plan_tables[], pg_plan_make[];
/* Behind WITH o AS (objects): what the target has not, "class|id|start|follow" for pg_pick(). */
extern const char pg_plan_missing[];

/* Each writes its piece of the script that the target runs (pg_put.h): which tables there are, the
 * rows of each, the sequences with the views that hold rows, large objects. */
extern const char pg_plan_units[], pg_plan_rows[], pg_plan_sequences[], pg_plan_large[];

#endif
